//! A JSON Schema of `application.toml`, by which editors complete it and mark mistakes.

use serde_json::{Map, Value, json};

use super::{Key, Kind, TABLES, Table};

/// The table whose `configs` the broker knows.
const TOPICS: &str = "kafka.topics.<name>";

/// The JSON Schema (draft 2020-12) of `application.toml`.
///
/// Editors that know TOML take it from a comment in the file's first line:
/// `#:schema ./application.schema.json`. It is stricter than the program in one thing: keys are
/// in kebab case.
#[must_use]
pub fn json_schema() -> Value {
    let mut root = Level::default();
    for table in TABLES {
        for path in std::iter::once(&table.path).chain(table.also) {
            root.at(path).take(table);
        }
    }
    let mut schema = root.schema();
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["title"] = json!("application.toml of micro-kafka");
    // Other tables are the service's own.
    schema["additionalProperties"] = json!(true);
    schema
}

/// A level of the tree of tables.
#[derive(Default)]
struct Level {
    description: Option<&'static str>,
    properties: Map<String, Value>,
    tables: Vec<(String, Self)>,
    /// The tables whose names the user chooses.
    named: Option<Box<Self>>,
}

impl Level {
    fn at(&mut self, path: &str) -> &mut Self {
        let Some((first, rest)) = path.split_once('.') else {
            return self.child(path);
        };
        self.child(first).at(rest)
    }

    fn child(&mut self, name: &str) -> &mut Self {
        if name.starts_with('<') {
            return self.named.get_or_insert_default();
        }
        let known = self.tables.iter().position(|(table, _)| table == name);
        let at = known.unwrap_or_else(|| {
            self.tables.push((name.to_owned(), Self::default()));
            self.tables.len() - 1
        });
        &mut self.tables[at].1
    }

    fn take(&mut self, table: &Table) {
        self.description = Some(table.meaning);
        for key in table.all_keys() {
            self.properties.insert(key.name.to_owned(), schema_of(key));
        }
        if table.properties {
            let any = json!({
                "type": "object",
                "description": "librdkafka properties",
                "additionalProperties": true,
            });
            self.properties.insert("properties".to_owned(), any);
        }
        if table.path == TOPICS {
            let any = json!({
                "type": "object",
                "description": "settings of the topic, such as retention.ms",
                "additionalProperties": true,
            });
            self.properties.insert("configs".to_owned(), any);
        }
    }

    fn schema(self) -> Value {
        let mut properties = self.properties;
        for (name, table) in self.tables {
            properties.insert(name, table.schema());
        }
        let more = self.named.map_or(json!(false), |named| named.schema());
        let mut schema = json!({
            "type": "object",
            "properties": properties,
            "additionalProperties": more,
        });
        if let Some(description) = self.description {
            schema["description"] = json!(description);
        }
        schema
    }
}

fn schema_of(key: &Key) -> Value {
    let mut schema = form(key.kind);
    schema["description"] = json!(key.meaning);
    match (key.default, key.kind) {
        ("", _) => {}
        (value, Kind::Boolean) => schema["default"] = json!(value == "true"),
        (value, Kind::Share) => schema["default"] = json!(value.parse::<f64>().ok()),
        (value, Kind::Integer) => schema["default"] = json!(value.parse::<i64>().ok()),
        (value, _) => schema["default"] = json!(value),
    }
    schema
}

/// What is no text may be one with a placeholder.
fn form(kind: Kind) -> Value {
    let placeholder = json!({ "type": "string", "pattern": r"\$\{" });
    match kind {
        Kind::Text => json!({ "anyOf": [{ "type": "string" }, secret_file()] }),
        Kind::Texts => json!({ "anyOf": [
            { "type": "string" },
            { "type": "array", "items": { "type": "string" }, "minItems": 1 },
        ] }),
        Kind::Boolean => json!({ "anyOf": [{ "type": "boolean" }, placeholder] }),
        Kind::Integer => json!({ "anyOf": [{ "type": "integer" }, placeholder] }),
        Kind::Share => json!({ "anyOf": [{ "type": "number" }, placeholder] }),
        Kind::Duration => json!({ "anyOf": [
            { "type": "string", "pattern": r"^\d+(ms|s|m|h|d)$|^[Pp]" },
            placeholder,
        ] }),
        Kind::Size => json!({ "anyOf": [
            { "type": "string", "pattern": r"^\d+([KMGkmg][Ii]?)?[Bb]$" },
            placeholder,
        ] }),
        Kind::BackOff | Kind::Rate => json!({ "type": "string" }),
        Kind::Choice(words) => json!({ "anyOf": [{ "enum": choices(words) }, placeholder] }),
    }
}

/// A table in the place of a value, which is then what the file holds.
fn secret_file() -> Value {
    json!({
        "type": "object",
        "properties": { "file": { "type": "string" } },
        "required": ["file"],
        "additionalProperties": false,
    })
}

/// Words that are numbers may be written as numbers too.
fn choices(words: &[&str]) -> Vec<Value> {
    let numbers = words.iter().filter_map(|word| word.parse::<i64>().ok());
    let numbers: Vec<Value> = numbers.map(Value::from).collect();
    let words = words.iter().map(|word| Value::from(*word));
    words.chain(numbers).collect()
}
