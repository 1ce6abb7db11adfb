//! A TOML text as a tree with places.

use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::is_root;
use crate::config::key::Key;
use crate::config::tree::{Entry, Node, Table, Value};
use crate::config::{ConfigError, ConfigProblem, Origin};

/// Reads a TOML text; whatever could be read is returned beside the mistakes.
pub(crate) fn read_document(name: &str, text: &str) -> (Table, Vec<ConfigError>) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader {
        path: Arc::from(name),
        lines: LineIndex::new(text),
        errors: Vec::new(),
    };
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        reader.syntax(error);
    }
    let table = reader.table(document.get_ref(), Level::Top);
    (table, reader.errors)
}

/// How strict the keys of a table are.
#[derive(Clone, Copy)]
enum Level {
    /// The user's tables, but for `[kafka]`.
    Top,
    /// Below `[kafka]`: two spellings of one key are a mistake.
    Framework,
    /// Below a table of the user.
    User,
}

struct Reader<'t> {
    path: Arc<str>,
    lines: LineIndex<'t>,
    errors: Vec<ConfigError>,
}

impl Reader<'_> {
    fn origin(&self, offset: usize) -> Origin {
        let (line, column) = self.lines.place(offset);
        Origin::File {
            path: Arc::clone(&self.path),
            line,
            column,
        }
    }

    // The parser's own display shows the line, and with it what may be a secret.
    fn syntax(&mut self, error: &toml::de::Error) {
        let message = error.message();
        let reason = match message.split_once('\n') {
            Some((first, _)) => first,
            None => message,
        };
        let reason = format!("invalid TOML: {reason}");
        let origin = self.origin(error.span().map_or(0, |span| span.start));
        let problem = ConfigProblem::Syntax { reason };
        self.errors.push(ConfigError::new(problem).at(&origin));
    }

    fn table(&mut self, table: &DeTable<'_>, level: Level) -> Table {
        let mut read = Table::default();
        for (name, value) in table.iter() {
            let key = Key::new(name.get_ref());
            let below = match level {
                Level::Top if is_root(key.spelling()) => Level::Framework,
                Level::Top => Level::User,
                same => same,
            };
            let key_origin = self.origin(name.span().start);
            let strict = matches!(below, Level::Framework);
            if let Some((first, entry)) = read.similar(&key).filter(|_| strict) {
                let first = (first.spelling(), &entry.key_origin);
                let error = ConfigError::duplicate(first, (key.spelling(), &key_origin));
                self.errors.push(error);
                continue;
            }
            let node = self.node(value, below);
            read.insert(key, Entry { key_origin, node });
        }
        read
    }

    fn node(&mut self, value: &Spanned<DeValue<'_>>, level: Level) -> Node {
        let origin = self.origin(value.span().start);
        let value = match value.get_ref() {
            DeValue::String(text) => return Node::text(text.as_ref(), false, origin),
            DeValue::Integer(number) => {
                match i128::from_str_radix(number.as_str(), number.radix()) {
                    Ok(number) => Value::Integer(number),
                    Err(_) => self.number_too_large(&origin),
                }
            }
            DeValue::Float(number) => match number.as_str().parse() {
                Ok(number) => Value::Float(number),
                Err(_) => self.number_too_large(&origin),
            },
            DeValue::Boolean(yes) => Value::Bool(*yes),
            DeValue::Datetime(date) => Value::Datetime(date.to_string()),
            DeValue::Array(array) => Value::Array(self.array(array, level)),
            DeValue::Table(table) => Value::Table(self.table(table, level)),
        };
        Node { value, origin }
    }

    fn number_too_large(&mut self, origin: &Origin) -> Value {
        let error = ConfigError::invalid("this number cannot be represented");
        self.errors.push(error.at(origin));
        Value::Integer(0)
    }

    fn array(&mut self, array: &DeArray<'_>, level: Level) -> Vec<Node> {
        array.iter().map(|value| self.node(value, level)).collect()
    }
}

/// Finds line and column of a byte.
struct LineIndex<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> LineIndex<'t> {
    fn new(text: &'t str) -> Self {
        let ends = text.match_indices('\n').map(|(at, _)| at + 1);
        let starts = std::iter::once(0).chain(ends).collect();
        Self { text, starts }
    }

    /// Line and column from 1; columns count characters.
    fn place(&self, offset: usize) -> (usize, usize) {
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.starts[line - 1];
        let before = self.text.get(start..offset).unwrap_or("");
        (line, before.chars().count() + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(table: &Table, path: &str) -> String {
        table.at(path).unwrap().origin.to_string()
    }

    #[test]
    fn values_know_their_line_and_column_in_characters() {
        let text = "[kafka]\r\nclient-id = \"é\"\r\n  x = { \"é\" = 1, b = [true] }\r\n";
        let (table, errors) = read_document("a.toml", text);
        assert!(errors.is_empty(), "{errors:?}");
        assert_eq!(place(&table, "kafka.client-id"), "a.toml:2:13");
        assert_eq!(place(&table, "kafka.x.b"), "a.toml:3:22");
    }

    #[test]
    fn a_byte_order_mark_is_not_part_of_the_first_key() {
        let (table, errors) = read_document("a.toml", "\u{feff}[kafka]\nclient-id = 'x'\n");
        assert!(errors.is_empty(), "{errors:?}");
        assert_eq!(place(&table, "kafka.client-id"), "a.toml:2:13");
    }

    #[test]
    fn two_spellings_of_one_key_are_a_mistake_below_kafka_only() {
        let text = "[kafka]\ngroup-id = 'a'\ngroup_id = 'b'\n[mine]\nA = 1\na = 2\n";
        let (_, errors) = read_document("a.toml", text);
        assert_eq!(errors.len(), 1, "{errors:?}");
        let shown = errors[0].to_string();
        assert!(shown.starts_with("a.toml:3:1: group_id: "), "{shown}");
        assert!(shown.contains("a.toml:2:1"), "{shown}");
    }

    #[test]
    fn every_syntax_error_is_reported_and_none_shows_the_line() {
        let text = "[kafka]\npassword = hunter2\nclient-id = 'x'\nclient-id = 'y'\nz = =\n";
        let (table, errors) = read_document("a.toml", text);
        assert!(errors.len() >= 3, "{errors:?}");
        let shown = format!("{errors:?}");
        assert!(!shown.contains("hunter2"), "{shown}");
        for line in ["a.toml:2:", "a.toml:4:", "a.toml:5:"] {
            assert!(shown.contains(line), "{shown}");
        }
        assert!(table.at("kafka.client-id").is_some());
    }

    #[test]
    fn deep_nesting_is_an_error_and_not_a_crash() {
        let text = format!("a = {}{}", "[".repeat(100_000), "]".repeat(100_000));
        let (_, errors) = read_document("a.toml", &text);
        assert!(!errors.is_empty());
    }
}
