//! `{ file = "/run/secrets/kafka" }` in the place of a value: the value is what the file holds.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::key::relaxed;
use super::layers::{Environment, is_root};
use super::placeholder::{Resolver, join};
use super::secret::is_secret;
use super::tree::{Entry, Node, Table, Text, Value};
use super::{ConfigError, Origin};

/// The one key of a table that names a file.
pub(crate) const FILE: &str = "file";
/// Longer than any key or chain of certificates.
const MAX_BYTES: u64 = 1 << 20;

/// The file that this table names, if it is no table of settings: its only key is `file`, a text.
pub(crate) fn named_file(table: &Table) -> Option<&Node> {
    let mut entries = table.iter();
    let (key, entry) = entries.next()?;
    let alone = entries.next().is_none() && relaxed(key.spelling()) == FILE;
    let named = alone && matches!(entry.node.value, Value::Text(_));
    named.then_some(&entry.node)
}

/// The tree with what files hold in the place of the tables that name them, and what cannot be read.
///
/// Below `[kafka]` any value may come from a file; in the service's own tables, which may well have a
/// key `file`, only under a name that says that it is a secret.
pub(crate) fn read_secret_files(tree: &Table, env: &Environment) -> (Table, Vec<ConfigError>) {
    let mut reader = Reader {
        resolver: Resolver::new(tree, env),
        errors: Vec::new(),
    };
    let read = reader.table(tree, "", false);
    (read, reader.errors)
}

struct Reader<'t> {
    resolver: Resolver<'t>,
    errors: Vec<ConfigError>,
}

impl Reader<'_> {
    fn table(&mut self, table: &Table, path: &str, framework: bool) -> Table {
        let mut read = Table::default();
        for (key, entry) in table.iter() {
            let name = key.spelling();
            let below = framework || (path.is_empty() && is_root(name));
            let may_name_a_file = framework || is_secret(name);
            let path = join(path, name);
            let node = match entry.node.table() {
                Some(inner) => match named_file(inner).filter(|_| may_name_a_file) {
                    Some(file) => self.value(file, &path),
                    None => Node {
                        value: Value::Table(self.table(inner, &path, below)),
                        origin: entry.node.origin.clone(),
                    },
                },
                None => entry.node.clone(),
            };
            let key_origin = entry.key_origin.clone();
            read.insert(key.clone(), Entry { key_origin, node });
        }
        read
    }

    /// What a file holds; a file that cannot be read is reported, and holds nothing.
    fn value(&mut self, file: &Node, path: &str) -> Node {
        self.read(file).unwrap_or_else(|error| {
            let error = error.key(path).at_if_unplaced(&file.origin);
            self.errors.push(error);
            secret("", file.origin.clone())
        })
    }

    fn read(&self, file: &Node) -> Result<Node, ConfigError> {
        let written = self.resolver.leaf(file)?;
        if written.trim().is_empty() {
            return Err(ConfigError::file("the name of the file is empty"));
        }
        let file_path = file.origin.folder().join(written);
        let origin = Origin::secret_file(&file_path, &file.origin);
        match read_value(&file_path) {
            Ok(text) => Ok(secret(&text, origin)),
            Err(reason) => {
                let reason = format!("{} {reason}", file_path.display());
                Err(ConfigError::file(reason))
            }
        }
    }
}

/// A value that is never shown, and is read as whatever type is asked for.
pub(crate) fn secret(text: &str, origin: Origin) -> Node {
    let value = Value::Text(Text {
        text: text.to_owned(),
        untyped: true,
        secret: true,
    });
    Node { value, origin }
}

/// What a file holds, without the end of its last line; the error is a reason that goes behind the
/// file's name and says nothing of what the file holds.
pub(crate) fn read_value(path: &Path) -> Result<String, String> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|error| format!("cannot be read: {error}"))?;
    if u64::try_from(bytes.len()).is_ok_and(|len| len > MAX_BYTES) {
        return Err("is larger than 1 MiB, which no value is".to_owned());
    }
    let text = String::from_utf8(bytes).map_err(|_| "is not UTF-8".to_owned())?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    match text.is_empty() {
        true => Err("is empty".to_owned()),
        false => Ok(text.to_owned()),
    }
}
