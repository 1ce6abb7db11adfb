//! The tree of settings: what was written, each value with its place.

use std::collections::BTreeMap;

use super::Origin;
use super::key::Key;

/// A value and where it was written.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) origin: Origin,
}

/// What was written.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Table(Table),
    Array(Vec<Node>),
    Text(Text),
    Integer(i128),
    Float(f64),
    Bool(bool),
    Datetime(String),
}

/// A text, and what is known of it.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    pub(crate) text: String,
    /// It had no way to be written as another type (environment, placeholder), and so is read as
    /// whatever type is asked for.
    pub(crate) untyped: bool,
    /// A part of it came from a place whose name says that it is a secret.
    pub(crate) secret: bool,
}

/// A table; its keys are found in any relaxed spelling.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table {
    entries: BTreeMap<Key, Entry>,
}

/// A key's place and its value.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) key_origin: Origin,
    pub(crate) node: Node,
}

impl Node {
    pub(crate) fn text(text: impl Into<String>, untyped: bool, origin: Origin) -> Self {
        let value = Value::Text(Text {
            text: text.into(),
            untyped,
            secret: false,
        });
        Self { value, origin }
    }

    pub(crate) fn table(&self) -> Option<&Table> {
        match &self.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    /// What kind of value this is, in words.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.value {
            Value::Table(_) => "a table",
            Value::Array(_) => "an array",
            Value::Text(_) => "a text",
            Value::Integer(_) => "an integer",
            Value::Float(_) => "a number with a fraction",
            Value::Bool(_) => "a boolean",
            Value::Datetime(_) => "a date",
        }
    }

    /// A leaf as text; `None` for tables and arrays.
    pub(crate) fn as_text(&self) -> Option<String> {
        match &self.value {
            Value::Text(text) => Some(text.text.clone()),
            Value::Integer(number) => Some(number.to_string()),
            Value::Float(number) => Some(number.to_string()),
            Value::Bool(yes) => Some(yes.to_string()),
            Value::Datetime(date) => Some(date.clone()),
            Value::Table(_) | Value::Array(_) => None,
        }
    }

    pub(crate) fn is_secret(&self) -> bool {
        match &self.value {
            Value::Text(text) => text.secret,
            Value::Array(nodes) => nodes.iter().any(Self::is_secret),
            _ => false,
        }
    }

    fn overlay(&mut self, over: Self) {
        match (&mut self.value, over.value) {
            (Value::Table(mine), Value::Table(theirs)) => mine.overlay(theirs),
            (mine, theirs) => {
                *mine = theirs;
                self.origin = over.origin;
            }
        }
    }
}

impl Table {
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Key, &Entry)> {
        self.entries.iter()
    }

    pub(crate) fn into_entries(self) -> impl Iterator<Item = (Key, Entry)> {
        self.entries.into_iter()
    }

    /// The entry under this key in any spelling; its own spelling first.
    pub(crate) fn find(&self, name: &str) -> Option<(&Key, &Entry)> {
        let exact = Key::new(name);
        self.entries
            .get_key_value(&exact)
            .or_else(|| self.similar(&exact))
    }

    pub(crate) fn find_mut(&mut self, name: &str) -> Option<&mut Entry> {
        let key = self.find(name)?.0.clone();
        self.entries.get_mut(&key)
    }

    /// Takes the entry under this key, in any spelling, out of the table.
    pub(crate) fn remove(&mut self, name: &str) -> Option<(Key, Entry)> {
        let key = self.find(name)?.0.clone();
        self.entries.remove_entry(&key)
    }

    /// The entry whose key equals `key` in the relaxed sense.
    pub(crate) fn similar(&self, key: &Key) -> Option<(&Key, &Entry)> {
        self.entries
            .range(key.first_spelling()..)
            .next()
            .filter(|(found, _)| found.relaxed() == key.relaxed())
    }

    /// Puts an entry; one of the very same spelling is replaced.
    pub(crate) fn insert(&mut self, key: Key, entry: Entry) {
        self.entries.insert(key, entry);
    }

    /// Lays `over` on this table: tables are joined, everything else is replaced.
    pub(crate) fn overlay(&mut self, over: Self) {
        for (key, entry) in over.entries {
            let existing = match self.entries.contains_key(&key) {
                true => Some(key.clone()),
                false => self.similar(&key).map(|(key, _)| key.clone()),
            };
            let Some(existing) = existing else {
                self.entries.insert(key, entry);
                continue;
            };
            let Some(mut below) = self.entries.remove(&existing) else {
                continue;
            };
            // Upper-case names of the environment say nothing about the spelling.
            let from_env = matches!(entry.key_origin, Origin::Env(_));
            let spelled = if from_env { existing } else { key };
            below.key_origin = entry.key_origin;
            below.node.overlay(entry.node);
            self.entries.insert(spelled, below);
        }
    }

    /// The node at a dotted path; keys that have dots themselves are found too.
    pub(crate) fn at(&self, path: &str) -> Option<&Node> {
        let ends = path.match_indices('.').map(|(at, _)| at);
        for end in ends.chain([path.len()]) {
            let Some((_, entry)) = self.find(&path[..end]) else {
                continue;
            };
            if end == path.len() {
                return Some(&entry.node);
            }
            let inner = entry.node.table().and_then(|t| t.at(&path[end + 1..]));
            if inner.is_some() {
                return inner;
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(entries: &[(&str, &str)], origin: &Origin) -> Table {
        let mut table = Table::default();
        for (key, value) in entries {
            let entry = Entry {
                key_origin: origin.clone(),
                node: Node::text(*value, false, origin.clone()),
            };
            table.insert(Key::new(key), entry);
        }
        table
    }

    fn text(table: &Table, path: &str) -> Option<String> {
        table.at(path).and_then(Node::as_text)
    }

    #[test]
    fn a_later_layer_wins_under_any_spelling() {
        let mut base = table(&[("group-id", "a"), ("kept", "k")], &Origin::Program);
        base.overlay(table(&[("group_id", "b")], &Origin::env("X")));
        assert_eq!(text(&base, "groupId").as_deref(), Some("b"));
        assert_eq!(text(&base, "kept").as_deref(), Some("k"));
        let spellings: Vec<_> = base.iter().map(|(key, _)| key.spelling()).collect();
        assert_eq!(spellings, ["group-id", "kept"]);
    }

    #[test]
    fn map_keys_of_one_file_that_differ_in_case_stay_apart() {
        let both = table(&[("A", "1"), ("a", "2")], &Origin::Program);
        assert_eq!(text(&both, "A").as_deref(), Some("1"));
        assert_eq!(text(&both, "a").as_deref(), Some("2"));
    }

    #[test]
    fn keys_with_dots_are_found_by_path() {
        let inner = table(&[("ssl.ca.location", "/ca")], &Origin::Program);
        let mut root = Table::default();
        let node = Node {
            value: Value::Table(inner),
            origin: Origin::Program,
        };
        let key_origin = Origin::Program;
        root.insert(Key::new("properties"), Entry { key_origin, node });
        assert_eq!(
            text(&root, "properties.ssl.ca.location").as_deref(),
            Some("/ca")
        );
        assert_eq!(text(&root, "properties.ssl.ca"), None);
    }
}
