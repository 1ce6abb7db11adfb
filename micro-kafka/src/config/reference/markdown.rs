//! The reference of the guide.

use std::fmt::Write;

use super::{Key, Kind, TABLES, Table};

/// Every table of `[kafka]` with its keys, as the guide shows them: Markdown.
#[must_use]
pub fn reference_markdown() -> String {
    let mut text = String::new();
    for table in TABLES {
        write_table(&mut text, table);
    }
    text
}

fn write_table(text: &mut String, table: &Table) {
    let paths = std::iter::once(&table.path).chain(table.also);
    let paths: Vec<String> = paths.map(|path| format!("`[{path}]`")).collect();
    let _ = writeln!(text, "## {}\n\n{}.\n", paths.join(", "), sentence(table));
    text.push_str("| key | value | default | meaning |\n|---|---|---|---|\n");
    for key in table.keys {
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {} |",
            key.name,
            key.kind.in_words(),
            default(key),
            key.meaning
        );
    }
    text.push('\n');
}

/// What the table is for, with what it takes beside its keys.
fn sentence(table: &Table) -> String {
    let mut sentence = String::new();
    let mut letters = table.meaning.chars();
    sentence.extend(letters.next().map(|first| first.to_ascii_uppercase()));
    sentence.push_str(letters.as_str());
    if let Some(path) = table.inherits {
        let _ = write!(sentence, ". All keys of `[{path}]`, and");
    }
    if table.properties {
        sentence.push_str(". `properties` below it holds librdkafka properties");
    }
    sentence
}

fn default(key: &Key) -> String {
    match (key.default, key.kind) {
        ("", _) => String::new(),
        (value, Kind::Boolean | Kind::Integer) => format!("`{value}`"),
        (value, _) => format!("`\"{value}\"`"),
    }
}

impl Kind {
    fn in_words(self) -> String {
        match self {
            Self::Text => "text".into(),
            Self::Texts => "texts".into(),
            Self::Boolean => "`true` or `false`".into(),
            Self::Integer => "whole number".into(),
            Self::Duration => "duration, `\"5s\"`".into(),
            Self::Size => "size, `\"16KiB\"`".into(),
            Self::BackOff => "back-off, `\"1s..5m x4\"`".into(),
            Self::Rate => "rate, `\"100/s\"`".into(),
            Self::Choice(words) => {
                let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
                words.join(", ")
            }
        }
    }
}
