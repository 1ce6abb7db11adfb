//! Every key of `[kafka]`: its table, its form, its default and its meaning, for advice, for the
//! reference in the guide, for the JSON Schema and for [`Config::explain`](super::Config::explain).

mod keys;
mod markdown;
mod schema;

#[cfg(test)]
mod tests;

pub use self::markdown::reference_markdown;
pub use self::schema::json_schema;

pub(super) use self::keys::TABLES;
use super::suggestion::nearest;

/// A table below `[kafka]`.
#[derive(Debug)]
pub(super) struct Table {
    /// Its path; a level in angle brackets is a name that the user chooses.
    pub(super) path: &'static str,
    /// Tables that take the same keys.
    pub(super) also: &'static [&'static str],
    /// What it is for.
    pub(super) meaning: &'static str,
    /// Its keys.
    pub(super) keys: &'static [Key],
    /// A table whose keys it has as well.
    pub(super) inherits: Option<&'static str>,
    /// Whether it has a table `properties` of librdkafka properties.
    pub(super) properties: bool,
}

/// A key of a table.
#[derive(Debug)]
pub(super) struct Key {
    /// Its name, in kebab case.
    pub(super) name: &'static str,
    /// What may be written.
    pub(super) kind: Kind,
    /// What counts where nothing is written, as it is written; empty if that is nothing.
    pub(super) default: &'static str,
    /// What it does.
    pub(super) meaning: &'static str,
}

/// The form of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A text.
    Text,
    /// An array of texts, or a text with commas (partitions: semicolons).
    Texts,
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Integer,
    /// A number from 0 to 1.
    Share,
    /// `"5s"`.
    Duration,
    /// `"16KiB"`.
    Size,
    /// `"1s..5m x4"`.
    BackOff,
    /// `"100/s"`.
    Rate,
    /// One of these words.
    Choice(&'static [&'static str]),
}

/// A key.
const fn key(name: &'static str, kind: Kind, default: &'static str, meaning: &'static str) -> Key {
    Key {
        name,
        kind,
        default,
        meaning,
    }
}

impl Table {
    /// Its keys and those that it inherits.
    pub(super) fn all_keys(&self) -> impl Iterator<Item = &'static Key> {
        let inherited = self.inherits.and_then(table).map(|table| table.keys);
        self.keys.iter().chain(inherited.into_iter().flatten())
    }
}

/// The table of that path.
pub(super) fn table(path: &str) -> Option<&'static Table> {
    TABLES.iter().find(|table| table.path == path)
}

/// The key of another table that was probably meant, and that table.
pub(super) fn nearest_elsewhere(name: &str) -> Option<(&'static str, &'static str)> {
    let keys = TABLES.iter().flat_map(|table| table.keys);
    let key = nearest(name, keys.map(|key| key.name))?;
    let owner = |table: &&Table| table.keys.iter().any(|known| known.name == key);
    let table = TABLES.iter().find(owner)?;
    Some((key, table.path))
}
