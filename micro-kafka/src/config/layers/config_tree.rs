//! A folder whose files hold one value each, as Kubernetes and Docker mount secrets.

use std::path::{Path, PathBuf};

use super::imports::Import;
use super::program::insert_path;
use crate::config::secret_file::{read_value, secret};
use crate::config::tree::Table;
use crate::config::{ConfigError, Origin};

/// Of folders within one another.
const MAX_DEPTH: usize = 8;
/// More is not a folder of secrets.
const MAX_FILES: usize = 1_000;

/// Reads a folder: `kafka/sasl/password` and `kafka.sasl.password` are both that key. Every value
/// counts as a secret. Names that begin with a dot, such as the `..data` of Kubernetes, are left
/// alone.
pub(crate) fn read_config_tree(import: &Import) -> (Table, Vec<ConfigError>) {
    let mut reader = Reader {
        import,
        table: Table::default(),
        files: 0,
        errors: Vec::new(),
    };
    if import.path.is_dir() {
        reader.folder(&import.path, "", 0);
    } else {
        reader.errors.push(import.refuse("is not a folder"));
    }
    (reader.table, reader.errors)
}

struct Reader<'i> {
    import: &'i Import,
    table: Table,
    files: usize,
    errors: Vec<ConfigError>,
}

impl Reader<'_> {
    fn folder(&mut self, folder: &Path, prefix: &str, depth: usize) {
        let paths = match paths(folder) {
            Ok(paths) => paths,
            Err(error) => return self.refuse(folder, &format!("cannot be read: {error}")),
        };
        for path in paths {
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
                self.refuse(&path, "has a name that is not UTF-8");
                continue;
            };
            if name.starts_with('.') {
                continue;
            }
            let key = format!("{prefix}{name}");
            if path.is_dir() && depth < MAX_DEPTH {
                self.folder(&path, &format!("{key}."), depth + 1);
            } else if path.is_dir() {
                self.refuse(&path, "is too deep for a folder of secrets");
            } else if self.files >= MAX_FILES {
                return self.refuse(folder, "has more than 1,000 files: no folder of secrets");
            } else {
                self.files += 1;
                self.file(&path, &key);
            }
        }
    }

    fn file(&mut self, path: &Path, key: &str) {
        let origin = Origin::secret_file(path, &self.import.origin);
        let outcome = match read_value(path) {
            Ok(text) => {
                let levels: Vec<&str> = key.split('.').collect();
                insert_path(&mut self.table, &levels, secret(&text, origin.clone()))
            }
            Err(reason) => Err(ConfigError::file(format!("the file {reason}")).key(key)),
        };
        self.errors
            .extend(outcome.err().map(|error| error.at(&origin)));
    }

    fn refuse(&mut self, path: &Path, reason: &str) {
        let reason = format!("{} {reason}", path.display());
        let error = ConfigError::file(reason).at(&self.import.origin);
        self.errors.push(error);
    }
}

/// In an order that does not depend on the file system.
fn paths(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder)?;
    let mut paths = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()?;
    paths.sort();
    Ok(paths)
}
