//! `[kafka.config] import`: further files and folders of files, as Spring's `spring.config.import`.

use std::path::{Path, PathBuf};

use super::{Environment, ROOT};
use crate::config::placeholder::Resolver;
use crate::config::section::Section;
use crate::config::tree::{Node, Table};
use crate::config::values::list;
use crate::config::{ConfigError, Origin};

/// The table that imports.
const CONFIG: &str = "config";
const IMPORT: &str = "import";
const PATH: &str = "kafka.config.import";
const OPTIONAL: &str = "optional:";
const CONFIG_TREE: &str = "configtree:";
const FILE: &str = "file:";

/// One thing that is imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Import {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// Whether it is a folder whose files hold a value each.
    pub(crate) tree: bool,
    /// Whether it may be missing.
    pub(crate) optional: bool,
    /// Where that is written.
    pub(crate) origin: Origin,
}

impl Import {
    fn parse(text: &str, origin: &Origin) -> Self {
        let (rest, optional) = stripped(text.trim(), OPTIONAL);
        let (rest, tree) = stripped(rest, CONFIG_TREE);
        let (rest, _) = stripped(rest, FILE);
        Self {
            path: origin.folder().join(rest),
            tree,
            optional,
            origin: origin.clone(),
        }
    }

    /// An error about it.
    pub(crate) fn refuse(&self, reason: &str) -> ConfigError {
        let reason = format!("{} {reason}", self.path.display());
        ConfigError::file(reason).key(PATH).at(&self.origin)
    }

    /// An error about it if it cannot be read at all.
    pub(crate) fn unreadable(&self, reason: &str) -> ConfigError {
        self.refuse(reason)
            .hint("write \"optional:\" before it if it may be missing")
    }
}

fn stripped<'t>(text: &'t str, prefix: &str) -> (&'t str, bool) {
    match text.strip_prefix(prefix) {
        Some(rest) => (rest, true),
        None => (text, false),
    }
}

/// What a document, or another layer, imports, in its order.
pub(crate) fn imports(layer: &Table, env: &Environment) -> (Vec<Import>, Vec<ConfigError>) {
    let table = layer.at("kafka.config").and_then(Node::table);
    let Some(table) = table else {
        return (Vec::new(), Vec::new());
    };
    let path = format!("{ROOT}.{CONFIG}");
    let (table, mut errors) = Resolver::new(layer, env).table(table, &path);
    let Some((_, entry)) = table.find(IMPORT).filter(|_| errors.is_empty()) else {
        return (Vec::new(), errors);
    };
    let origin = &entry.node.origin;
    let imports = match list(check)(&entry.node) {
        Ok(texts) => texts
            .iter()
            .map(|text| Import::parse(text, origin))
            .collect(),
        Err(error) => {
            errors.push(error.key(PATH).at(origin));
            Vec::new()
        }
    };
    (imports, errors)
}

/// Reads the table for its mistakes; what it imports has been laid on it by then.
pub(crate) fn read_config_table(mut section: Section<'_>) {
    section.read(IMPORT, list(check));
    section.refuse_unknown();
}

fn check(text: &str) -> Result<(), String> {
    let rest = text.trim();
    let rest = rest.strip_prefix(OPTIONAL).unwrap_or(rest);
    let tree = rest.strip_prefix(CONFIG_TREE);
    let path = tree.or_else(|| rest.strip_prefix(FILE)).unwrap_or(rest);
    let known = "a path, \"configtree:\" and a folder, either behind \"optional:\"";
    if path.trim().is_empty() {
        Err(format!("{text:?} imports nothing: write {known}"))
    } else if let Some((scheme, _)) = path.split_once(':').filter(|(scheme, _)| scheme.len() > 1) {
        Err(format!("{scheme:?} cannot be imported from: write {known}"))
    } else if tree.is_none() && Path::new(path).extension().is_none_or(|end| end != "toml") {
        Err(format!("{text:?} is no TOML file: write {known}"))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_imported_is_a_toml_file_or_a_folder_of_values() {
        for good in [
            "a.toml",
            "../a.toml",
            "file:/etc/a.toml",
            "optional:a.toml",
            "optional:file:a.toml",
            "configtree:/run/secrets",
            "optional:configtree:/run/secrets/",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for (bad, part) in [
            ("optional:", "imports nothing"),
            ("configtree:", "imports nothing"),
            ("a.yaml", "is no TOML file"),
            ("classpath:a.toml", "\"classpath\" cannot be imported from"),
            ("https://host/a.toml", "\"https\" cannot be imported from"),
        ] {
            let reason = check(bad).unwrap_err();
            assert!(reason.contains(part), "{bad}: {reason}");
        }
    }

    #[test]
    fn a_relative_path_begins_where_it_is_written() {
        let origin = Origin::file("/etc/shop/application.toml", 2, 1);
        let import = Import::parse("optional:secrets/kafka.toml", &origin);
        assert_eq!(import.path, Path::new("/etc/shop/secrets/kafka.toml"));
        assert!(import.optional && !import.tree);
        let import = Import::parse("configtree:/run/secrets/", &Origin::env("X"));
        assert_eq!(import.path, Path::new("/run/secrets/"));
        assert!(import.tree && !import.optional);
    }
}
