//! The layers laid on one another.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::layers::{
    Environment, Import, flatten_properties, imports, is_root, lead_spring_names, profile_file,
    read_bounded, read_config_tree, read_document,
};
use super::suggestion::nearest;
use super::tree::Table;
use super::{ConfigError, ConfigProblem};

/// What was read so far, and what was wrong with it.
pub(crate) struct Gathered<'e> {
    pub(crate) tree: Table,
    pub(crate) sources: Vec<String>,
    pub(crate) errors: Vec<ConfigError>,
    env: &'e Environment,
    profiles: Vec<String>,
    /// The files under way, each imported by the one before it.
    open: Vec<PathBuf>,
    /// All files that were read: none is read twice.
    read: BTreeSet<PathBuf>,
}

impl<'e> Gathered<'e> {
    pub(crate) fn new(env: &'e Environment) -> Self {
        Self {
            tree: Table::default(),
            sources: Vec::new(),
            errors: Vec::new(),
            env,
            profiles: Vec::new(),
            open: Vec::new(),
            read: BTreeSet::new(),
        }
    }

    /// Sets the profiles of which files that are imported may have variants, too.
    pub(crate) fn profiles(&mut self, profiles: Vec<String>) {
        self.profiles = profiles;
    }

    /// Lays a file on what is there, and what it imports on that.
    pub(crate) fn file(&mut self, path: &Path, text: &str) {
        // One that cannot be found again cannot be imported again either.
        let known = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        self.read.insert(known.clone());
        self.open.push(known);
        self.document(&path.display().to_string(), text);
        self.open.pop();
    }

    /// Lays a text on what is there, and what it imports on that.
    pub(crate) fn document(&mut self, name: &str, text: &str) {
        self.sources.push(name.to_owned());
        let (table, errors) = read_document(name, text);
        warn_of_near_misses(&table);
        let imported = self.imports_of(&table);
        self.layer((table, errors));
        self.import_all(&imported);
    }

    /// Lays single values on what is there, over all that they import.
    pub(crate) fn values(&mut self, layer: (Table, Vec<ConfigError>)) {
        let imported = self.imports_of(&layer.0);
        self.import_all(&imported);
        self.layer(layer);
    }

    pub(crate) fn layer(&mut self, (mut table, errors): (Table, Vec<ConfigError>)) {
        self.errors.extend(errors);
        self.errors.extend(lead_spring_names(&mut table));
        self.errors.extend(flatten_properties(&mut table));
        self.tree.overlay(table);
    }

    fn imports_of(&mut self, table: &Table) -> Vec<Import> {
        let (imports, errors) = imports(table, self.env);
        self.errors.extend(errors);
        imports
    }

    fn import_all(&mut self, imports: &[Import]) {
        for import in imports {
            match import.path.try_exists() {
                Ok(false) if import.optional => {
                    tracing::debug!(file = %import.path.display(), "an optional import is missing");
                }
                _ if import.tree => self.import_tree(import),
                _ => self.import_file(import),
            }
        }
    }

    fn import_tree(&mut self, import: &Import) {
        self.sources
            .push(format!("configtree:{}", import.path.display()));
        self.layer(read_config_tree(import));
    }

    fn import_file(&mut self, import: &Import) {
        let known = import.path.canonicalize();
        let known = known.unwrap_or_else(|_| import.path.clone());
        if let Some(first) = self.open.iter().position(|open| *open == known) {
            self.errors
                .push(circle(import, &self.open[first..], &known));
            return;
        }
        if self.read.contains(&known) {
            return;
        }
        match read_bounded(&import.path) {
            Ok(text) => self.file(&import.path, &text),
            Err(reason) => self.errors.push(import.unreadable(&reason)),
        }
        for profile in self.profiles.clone() {
            let variant = profile_file(&import.path, &profile);
            if let Ok(text) = read_bounded(&variant) {
                self.file(&variant, &text);
            }
        }
    }
}

fn circle(import: &Import, open: &[PathBuf], again: &Path) -> ConfigError {
    let names = open.iter().map(PathBuf::as_path).chain([again]);
    let names: Vec<_> = names
        .map(|path| {
            path.file_name()
                .unwrap_or(path.as_os_str())
                .to_string_lossy()
        })
        .collect();
    let reason = format!("imports go in a circle: {}", names.join(" -> "));
    let error = ConfigError::new(ConfigProblem::Conflict { reason });
    error
        .key("kafka.config.import")
        .at(&import.origin)
        .hint("leave this one out")
}

/// `[kafak]` belongs to the user as every other table does, and was hardly meant so.
fn warn_of_near_misses(table: &Table) {
    for (key, entry) in table.iter() {
        let name = key.spelling();
        if !is_root(name) && nearest(name, [super::layers::ROOT]).is_some() {
            tracing::warn!(table = name, place = %entry.key_origin, "is this table meant to be [kafka]?");
        }
    }
}
