//! TOML: dotted keys, quoted keys and tables all spell the same names.

use std::collections::HashMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Mistakes, Place, Setting};

/// The settings of a text in their order, as far as it can be read.
pub(super) fn settings(text: &str, mistakes: &mut Mistakes) -> Vec<Setting> {
    let (document, errors) = DeTable::parse_recoverable(text);
    let mut reader = Reader {
        lines: LineIndex::new(text),
        settings: Vec::new(),
        seen: HashMap::new(),
        mistakes,
    };
    for error in &errors {
        // The whole message shows the line, which may hold a secret.
        let reason = error.message().lines().next().unwrap_or_default();
        let at = reader
            .lines
            .place(error.span().map_or(0, |span| span.start));
        reader.mistakes.add(at, format!("invalid TOML: {reason}"));
    }
    reader.table("", document.get_ref());
    let mut settings = reader.settings;
    settings.sort_by_key(|setting| (setting.at.line, setting.at.column));
    settings
}

struct Reader<'t> {
    lines: LineIndex<'t>,
    settings: Vec<Setting>,
    /// The places of the names so far.
    seen: HashMap<String, Place>,
    mistakes: &'t mut Mistakes,
}

impl Reader<'_> {
    fn table(&mut self, prefix: &str, table: &DeTable<'_>) {
        for (key, value) in table {
            let name = match prefix {
                "" => key.get_ref().to_string(),
                _ => format!("{prefix}.{}", key.get_ref()),
            };
            let at = self.lines.place(key.span().start);
            if let DeValue::Table(inner) = value.get_ref() {
                self.table(&name, inner);
                continue;
            }
            let value_at = self.lines.place(value.span().start);
            let Some(value) = text(value) else {
                let expected = "a text, a number, true or false, or a list of them is expected";
                self.mistakes.add(value_at, format!("{name}: {expected}"));
                continue;
            };
            if let Some(first) = self.seen.insert(name.clone(), at) {
                let (first, second) = match first.line <= at.line {
                    true => (first, at),
                    false => (at, first),
                };
                let line = first.line;
                let twice = format!("{name}: given before, in line {line}; keep one of them");
                self.mistakes.add(second, twice);
                continue;
            }
            self.settings.push(Setting {
                name,
                value,
                at,
                value_at,
            });
        }
    }
}

/// A value as Kafka's files write it; `None` for a table or a date.
fn text(value: &Spanned<DeValue<'_>>) -> Option<String> {
    match value.get_ref() {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => {
            let value = i128::from_str_radix(number.as_str(), number.radix());
            Some(value.map_or_else(|_| number.to_string(), |value| value.to_string()))
        }
        DeValue::Float(number) => Some(number.to_string()),
        DeValue::Boolean(yes) => Some(yes.to_string()),
        DeValue::Array(items) => {
            let nested = |item: &&Spanned<DeValue<'_>>| {
                matches!(item.get_ref(), DeValue::Array(_) | DeValue::Table(_))
            };
            if items.iter().any(|item| nested(&item)) {
                return None;
            }
            let items: Option<Vec<_>> = items.iter().map(text).collect();
            items.map(|items| items.join(","))
        }
        DeValue::Datetime(_) | DeValue::Table(_) => None,
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

    fn place(&self, offset: usize) -> Place {
        let line = self.starts.partition_point(|start| *start <= offset).max(1);
        let start = self.starts.get(line - 1).copied().unwrap_or_default();
        let before = self.text.get(start..offset).unwrap_or("");
        Place {
            line,
            column: before.chars().count() + 1,
        }
    }
}
