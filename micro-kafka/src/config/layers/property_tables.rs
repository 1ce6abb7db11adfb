//! Tables of librdkafka properties, whose names have dots.
//!
//! `security.protocol = "ssl"` in TOML is a table in a table; here it becomes one property again,
//! before layers are laid on one another, so that all spellings and aliases meet.

use super::ROOT;
use crate::config::key::Key;
use crate::config::property_names;
use crate::config::secret_file::{FILE, named_file};
use crate::config::tree::{Entry, Table, Value};
use crate::config::{ConfigError, Origin};

const PROPERTIES: &str = "properties";
/// The settings of a topic have names with dots as well.
const CONFIGS: &str = "configs";
const SECTIONS: [&str; 4] = ["admin", "consumer", "producer", "listener"];
/// Tables of tables, each with properties of its own.
const FAMILIES: [&str; 3] = ["listeners", "containers", "templates"];

/// Makes every table of properties below `[kafka]` flat.
pub(crate) fn flatten_properties(root: &mut Table) -> Vec<ConfigError> {
    let mut errors = Vec::new();
    if let Some(kafka) = inner(root, ROOT) {
        flatten_in(kafka, &mut errors);
        for section in SECTIONS {
            if let Some(section) = inner(kafka, section) {
                flatten_in(section, &mut errors);
            }
        }
        if let Some(topics) = inner(kafka, "topics") {
            flatten_in_all(topics, CONFIGS, &mut errors);
        }
        for family in FAMILIES {
            if let Some(family) = inner(kafka, family) {
                flatten_in_all(family, PROPERTIES, &mut errors);
            }
        }
    }
    errors
}

fn flatten_in_all(family: &mut Table, table: &str, errors: &mut Vec<ConfigError>) {
    let names: Vec<_> = family
        .iter()
        .map(|(key, _)| key.spelling().to_owned())
        .collect();
    for name in names {
        if let Some(section) = inner(family, &name) {
            flatten_table(section, table, errors);
        }
    }
}

/// The table under this name.
pub(super) fn inner<'t>(table: &'t mut Table, name: &str) -> Option<&'t mut Table> {
    match &mut table.find_mut(name)?.node.value {
        Value::Table(inner) => Some(inner),
        _ => None,
    }
}

/// Makes the table `properties` of this table flat.
pub(crate) fn flatten_in(section: &mut Table, errors: &mut Vec<ConfigError>) {
    flatten_table(section, PROPERTIES, errors);
}

fn flatten_table(section: &mut Table, table: &str, errors: &mut Vec<ConfigError>) {
    if let Some(properties) = inner(section, table) {
        let mut flat = Table::default();
        let prefix = Prefix {
            name: "",
            origin: None,
        };
        flatten(std::mem::take(properties), &prefix, &mut flat, errors);
        *properties = flat;
    }
}

/// A part of a dotted name and where it begins.
struct Prefix<'p> {
    name: &'p str,
    origin: Option<&'p Origin>,
}

fn flatten(table: Table, prefix: &Prefix<'_>, flat: &mut Table, errors: &mut Vec<ConfigError>) {
    for (key, mut entry) in table.into_entries() {
        let name = match &entry.key_origin {
            // An environment variable cannot have dots in its name.
            Origin::Env(_) => key.spelling().replace('-', "."),
            _ => key.spelling().to_owned(),
        };
        let name = format!("{}{name}", prefix.name);
        if let Some(start) = prefix.origin.filter(|o| same_line(o, &entry.key_origin)) {
            entry.key_origin = start.clone();
        }
        match entry.node.value {
            Value::Table(inner) if !is_value_of_a_file(&name, &inner) => {
                let prefix = Prefix {
                    name: &format!("{name}."),
                    origin: Some(&entry.key_origin),
                };
                flatten(inner, &prefix, flat, errors);
            }
            _ => put(flat, &name, entry, errors),
        }
    }
}

/// `sasl.password = { file = "…" }`, and no property that ends in `.file` itself.
fn is_value_of_a_file(name: &str, table: &Table) -> bool {
    let is_property = |name: &str| property_names::lookup(name).is_some();
    named_file(table).is_some() && is_property(name) && !is_property(&format!("{name}.{FILE}"))
}

/// Whether two keys are parts of one dotted name and not a header and a key below it.
fn same_line(one: &Origin, other: &Origin) -> bool {
    match (one, other) {
        (Origin::File { line: one, .. }, Origin::File { line: other, .. }) => one == other,
        _ => false,
    }
}

fn put(flat: &mut Table, name: &str, entry: Entry, errors: &mut Vec<ConfigError>) {
    let key = Key::property(name);
    let Some((first, before)) = flat.similar(&key) else {
        flat.insert(key, entry);
        return;
    };
    let first = (first.spelling(), &before.key_origin);
    let error = ConfigError::duplicate(first, (name, &entry.key_origin));
    errors.push(error.hint("spellings and aliases of a property count as one"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::layers::read_document;
    use crate::config::tree::Node;

    fn flat(text: &str) -> (Table, Vec<ConfigError>) {
        let (mut table, errors) = read_document("a.toml", text);
        assert!(errors.is_empty(), "{errors:?}");
        let errors = flatten_properties(&mut table);
        (table, errors)
    }

    fn names(table: &Table, path: &str) -> Vec<String> {
        let table = table.at(path).and_then(Node::table).unwrap();
        table
            .iter()
            .map(|(key, _)| key.spelling().to_owned())
            .collect()
    }

    #[test]
    fn dotted_and_quoted_names_are_one_property() {
        let (table, errors) = flat(
            "[kafka.properties]\nsecurity.protocol = 'ssl'\n'socket.timeout.ms' = 5\n\
             [kafka.listeners.properties.properties]\nfetch.min.bytes = 1\n",
        );
        assert!(errors.is_empty(), "{errors:?}");
        let all = ["security.protocol", "socket.timeout.ms"];
        assert_eq!(names(&table, "kafka.properties"), all);
        let one = names(&table, "kafka.listeners.properties.properties");
        assert_eq!(one, ["fetch.min.bytes"]);
    }

    #[test]
    fn an_alias_beside_its_property_is_a_duplicate() {
        let (_, errors) =
            flat("[kafka.producer.properties]\nlinger.ms = 5\nqueue.buffering.max.ms = 6\n");
        assert_eq!(errors.len(), 1, "{errors:?}");
        let shown = errors[0].to_string();
        assert!(
            shown.starts_with("a.toml:3:1: queue.buffering.max.ms: "),
            "{shown}"
        );
    }
}
