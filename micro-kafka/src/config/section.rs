//! A table below `[kafka]`, read key by key; what is left over is unknown.

use std::cell::RefCell;

use super::placeholder::join;
use super::reference::nearest_elsewhere;
use super::secret::is_secret;
use super::spring_advice::spring_advice;
use super::suggestion::{advice, nearest};
use super::tree::{Entry, Node, Table};
use super::{ConfigError, ConfigProblem, property_names};

/// Where all mistakes are gathered.
pub(crate) type Mistakes = RefCell<Vec<ConfigError>>;

/// A table that is being read.
pub(crate) struct Section<'t> {
    path: String,
    table: Option<&'t Table>,
    known: Vec<&'static str>,
    mistakes: &'t Mistakes,
}

impl<'t> Section<'t> {
    pub(crate) fn new(path: &str, table: Option<&'t Table>, mistakes: &'t Mistakes) -> Self {
        Self {
            path: path.to_owned(),
            table,
            known: Vec::new(),
            mistakes,
        }
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    pub(crate) fn report(&self, error: ConfigError) {
        self.mistakes.borrow_mut().push(error);
    }

    /// Reports a mistake at a key of this table.
    pub(crate) fn report_at(&self, key: &str, error: ConfigError) {
        let error = error.key(join(&self.path, key));
        let entry = self.table.and_then(|table| table.find(key));
        self.report(match entry {
            Some((_, entry)) => error.at(&entry.node.origin),
            None => error,
        });
    }

    /// The value of a key, if it is there and right.
    pub(crate) fn read<T>(
        &mut self,
        key: &'static str,
        parse: impl FnOnce(&Node) -> Result<T, ConfigError>,
    ) -> Option<T> {
        self.known.push(key);
        let (_, entry) = self.table?.find(key)?;
        match parse(&entry.node) {
            Ok(value) => Some(value),
            Err(error) => {
                self.report(error.key(join(&self.path, key)).at(&entry.node.origin));
                None
            }
        }
    }

    /// A table in this one; an empty section if it is not there.
    pub(crate) fn inner(&mut self, key: &'static str) -> Self {
        self.known.push(key);
        let path = join(&self.path, key);
        let entry = self.table.and_then(|table| table.find(key));
        let table = entry.and_then(|(_, entry)| self.expect_table(&path, entry));
        Section::new(&path, table, self.mistakes)
    }

    /// All tables in this one that no key was read for, with their names.
    pub(crate) fn tables(&self) -> Vec<(&'t str, Self)> {
        let rest = self.unread().filter_map(|(name, entry)| {
            let path = join(&self.path, name);
            let table = entry.node.table()?;
            Some((name, Section::new(&path, Some(table), self.mistakes)))
        });
        rest.collect()
    }

    /// All entries of this table, which must be tables.
    pub(crate) fn all_tables(&self) -> Vec<(&'t str, Self)> {
        let tables = self.entries().map(|(name, entry)| {
            let path = join(&self.path, name);
            let table = self.expect_table(&path, entry);
            (name, Section::new(&path, table, self.mistakes))
        });
        tables.collect()
    }

    /// The entries of this table.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&'t str, &'t Entry)> {
        let table = self.table.into_iter();
        table.flat_map(|table| table.iter().map(|(key, entry)| (key.spelling(), entry)))
    }

    /// Refuses every key that was not read.
    pub(crate) fn refuse_unknown(&self) {
        for (name, entry) in self.unread() {
            self.refuse(name, entry);
        }
    }

    /// Refuses every key that was not read and is no table.
    pub(crate) fn refuse_unknown_values(&self) {
        for (name, entry) in self.unread() {
            if entry.node.table().is_none() {
                self.refuse(name, entry);
            }
        }
    }

    fn unread(&self) -> impl Iterator<Item = (&'t str, &'t Entry)> {
        self.entries().filter(|(name, _)| {
            let name = super::key::relaxed(name);
            let known = |key: &&str| super::key::relaxed(key) == name;
            !self.known.iter().any(known)
        })
    }

    fn refuse(&self, name: &str, entry: &Entry) {
        let spring = || spring_advice(&self.path, name).map(str::to_owned);
        let hint = property_advice(name, &entry.node, &self.path)
            .or_else(spring)
            .unwrap_or_else(|| self.key_advice(name));
        let error = ConfigError::new(ConfigProblem::UnknownKey).hint(hint);
        self.report(error.key(join(&self.path, name)).at(&entry.key_origin));
    }

    /// The nearest key of this table, else of another one, else all of this one.
    fn key_advice(&self, name: &str) -> String {
        let here = nearest(name, self.known.iter().copied());
        match nearest_elsewhere(name).filter(|_| here.is_none()) {
            Some((key, section)) => format!("did you mean \"{key}\" of [{section}]?"),
            None => advice(name, &self.known),
        }
    }

    fn expect_table(&self, path: &str, entry: &'t Entry) -> Option<&'t Table> {
        let table = entry.node.table();
        if table.is_none() {
            let error = ConfigError::wrong_type("a table", shown(&entry.node, path));
            self.report(error.key(path).at(&entry.node.origin));
        }
        table
    }
}

/// Advice for a librdkafka property that stands beside the settings of the framework.
fn property_advice(name: &str, node: &Node, path: &str) -> Option<String> {
    let mut name = name.to_owned();
    let mut node = node;
    while let Some((key, entry)) = node.table().and_then(|table| table.iter().next()) {
        name = join(&name, key.spelling());
        node = &entry.node;
    }
    let info = property_names::lookup(&name).filter(|_| name.contains('.'))?;
    let section = match path.strip_prefix("kafka").unwrap_or_default() {
        "" => "kafka",
        _ => path,
    };
    Some(format!(
        "librdkafka's {} goes to [{section}.properties]",
        info.name
    ))
}

/// A value as it may be shown in an error: short, escaped, and not if it may be a secret.
pub(crate) fn shown(node: &Node, path: &str) -> String {
    const MOST: usize = 60;
    let Some(text) = node.as_text() else {
        return node.kind().to_owned();
    };
    if node.is_secret() || is_secret(path) {
        return format!("{} (not shown: it may be a secret)", node.kind());
    }
    let short: String = text.chars().take(MOST).collect();
    let more = if short.len() < text.len() { "..." } else { "" };
    match &node.value {
        super::tree::Value::Text(_) => format!("{short:?}{more}"),
        _ => format!("{short}{more}"),
    }
}
