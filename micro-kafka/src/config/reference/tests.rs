//! The reference beside what the settings really take.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Key, Kind, TABLES, Table, json_schema, reference_markdown};
use crate::config::{Config, ListenerAttributes, Origin, ResolvedListener};

/// Paths as a file may have them.
fn paths(table: &Table) -> Vec<String> {
    let paths = std::iter::once(&table.path).chain(table.also);
    let named = |path: &&str| {
        let path = path.replace("<id>", "charge").replace("<name>", "slow");
        path.replace("<Variant>", "Timeout")
    };
    paths.map(named).collect()
}

fn load(text: &str) -> Result<Config, String> {
    let builder = Config::builder().toml_str("a.toml", text);
    builder.build().map_err(|errors| errors.to_string())
}

#[test]
fn every_table_takes_the_keys_of_the_reference_and_no_others() {
    for table in TABLES {
        for path in paths(table) {
            let report = load(&format!("[{path}]\nqqqqqqqq = 1\n")).unwrap_err();
            let (_, taken) = report.split_once("valid keys: ").expect(&report);
            let below = |key: &&str| !TABLES.iter().any(|inner| is_below(inner, table, key));
            let taken: BTreeSet<&str> = taken.trim().split(", ").filter(below).collect();
            let listed: BTreeSet<&str> = table.all_keys().map(|key| key.name).collect();
            assert_eq!(taken, listed, "[{path}]");
        }
    }
}

/// Whether this key of the table is a table itself.
fn is_below(inner: &Table, table: &Table, key: &str) -> bool {
    let tables = [
        "properties",
        "listeners",
        "containers",
        "templates",
        "retry",
        "configs",
    ];
    let declared = table.path == "kafka" && key == "topics";
    declared || tables.contains(&key) || inner.path == format!("{}.{key}", table.path)
}

#[test]
fn every_key_takes_what_the_reference_says() {
    for table in TABLES {
        for key in table.all_keys() {
            let path = &paths(table)[0];
            let report = load(&format!("[{path}]\n{} = {{}}\n", key.name)).unwrap_err();
            let expected = format!("expected {}, found a table", in_report(key.kind, key.name));
            assert!(report.contains(&expected), "{report}\nlacks {expected}");
        }
    }
}

fn in_report(kind: Kind, name: &str) -> String {
    match kind {
        // Its items have commas themselves.
        Kind::Texts if name == "topic-partitions" => "a text".into(),
        Kind::Text => "a text".into(),
        Kind::Texts => "a text or an array of texts".into(),
        Kind::Boolean => "true or false".into(),
        Kind::Integer => "a whole number".into(),
        Kind::Share => "a number such as 0.2".into(),
        Kind::Duration => "a duration such as \"5s\"".into(),
        Kind::Size => "a size such as \"16KiB\"".into(),
        Kind::BackOff => "a back-off such as \"1s..5m x4\"".into(),
        Kind::Rate => "a rate such as \"100/s\"".into(),
        Kind::Choice(words) => {
            let words: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
            format!("one of {}", words.join(", "))
        }
    }
}

fn resolved(config: &Config) -> ResolvedListener {
    let attributes = ListenerAttributes {
        id: "charge",
        explicit_id: true,
        values: &[("topics", "orders")],
        origin: Origin::Program,
    };
    let mut resolved = config.listener(&attributes).unwrap();
    // Where a value comes from is not what it is.
    resolved.consumer_properties = Default::default();
    resolved
}

#[test]
fn a_default_that_is_written_changes_nothing() {
    let nothing = load("").unwrap();
    for table in TABLES.iter().filter(|table| !table.path.contains(".retry")) {
        for key in table.keys.iter().filter(|key| !key.default.is_empty()) {
            let text = format!("[{}]\n{} = {}\n", table.path, key.name, written(key));
            let config = load(&text).unwrap();
            assert_eq!(resolved(&config), resolved(&nothing), "{text}");
            assert_eq!(config.kafka().consumer, nothing.kafka().consumer, "{text}");
            assert_eq!(config.kafka().producer, nothing.kafka().producer, "{text}");
            assert_eq!(config.kafka().template, nothing.kafka().template, "{text}");
            let servers = &nothing.kafka().bootstrap_servers;
            assert_eq!(config.kafka().bootstrap_servers, *servers, "{text}");
            let timeout = nothing.kafka().shutdown_timeout;
            assert_eq!(config.kafka().shutdown_timeout, timeout, "{text}");
        }
    }
}

fn written(key: &Key) -> String {
    match key.kind {
        Kind::Boolean | Kind::Integer | Kind::Share => key.default.to_owned(),
        _ => format!("{:?}", key.default),
    }
}

#[test]
fn retries_have_the_defaults_of_the_error_handler() {
    let table = super::table("kafka.listener.retry").unwrap();
    let attempts = table.keys.iter().find(|key| key.name == "attempts");
    let expected = crate::error::DEFAULT_ATTEMPTS.to_string();
    assert_eq!(attempts.unwrap().default, expected);
}

/// The guide's folder.
fn guide(file: &str) -> std::path::PathBuf {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    folder.join("../docs/guide").join(file)
}

/// Compares a generated file, or writes it where `MICRO_KAFKA_WRITE_REFERENCE` is set.
#[track_caller]
fn assert_is_file(file: &str, expected: &str) {
    let path = guide(file);
    if std::env::var_os("MICRO_KAFKA_WRITE_REFERENCE").is_some() {
        std::fs::write(&path, expected).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == expected,
        "docs/guide/{file} is not what the settings are; write it anew: \
         `MICRO_KAFKA_WRITE_REFERENCE=1 cargo test -p micro-kafka config::reference`"
    );
}

#[test]
fn the_guide_has_the_reference() {
    let intro = "# Settings, key by key\n\n\
                 Generated from the code; a test keeps it so. How files, environment and placeholders work together \
                 is told in [Settings](03-settings.md). Any value may come from a file, \
                 as in `password = { file = \"/run/secrets/kafka\" }`. \
                 [application.schema.json](application.schema.json) is the same as a JSON Schema: with \
                 `#:schema ./application.schema.json` in its first line, editors complete `application.toml`.\n\n";
    let text = format!("{intro}{}", reference_markdown());
    assert_is_file(
        "90-settings-reference.md",
        &format!("{}\n", text.trim_end()),
    );
}

#[test]
fn the_guide_has_the_schema() {
    let text = serde_json::to_string_pretty(&json_schema()).unwrap();
    assert_is_file("application.schema.json", &format!("{text}\n"));
}

#[test]
fn the_schema_takes_a_file_with_every_key_and_refuses_mistakes() {
    let schema = json_schema();
    let text = include_str!("../tests/every_key.toml");
    let every: Value = serde_json::to_value(text.parse::<toml::Table>().unwrap()).unwrap();
    assert_eq!(refusal(&schema, &every, "it"), None);
    for (text, place) in [
        (
            "[kafka.consumer]\nconcurency = 3\n",
            "it.kafka.consumer.concurency",
        ),
        (
            "[kafka.listener]\nack-mode = 'never'\n",
            "it.kafka.listener.ack-mode",
        ),
        (
            "[kafka.listeners.x]\nconcurrency = true\n",
            "it.kafka.listeners.x.concurrency",
        ),
        ("[kafka.producer]\nacks = 2\n", "it.kafka.producer.acks"),
        ("[kafka.listeners]\nx = 1\n", "it.kafka.listeners.x"),
    ] {
        let value = serde_json::to_value(text.parse::<toml::Table>().unwrap()).unwrap();
        assert_eq!(
            refusal(&schema, &value, "it").as_deref(),
            Some(place),
            "{text}"
        );
    }
}

/// Where a value is not as the part of JSON Schema that is used here has it; patterns are not
/// looked at.
fn refusal(schema: &Value, value: &Value, place: &str) -> Option<String> {
    let refused = || Some(place.to_owned());
    if let Some(forms) = schema["anyOf"].as_array() {
        let fits = |form: &Value| refusal(form, value, place).is_none();
        return if forms.iter().any(fits) {
            None
        } else {
            refused()
        };
    }
    if let Some(words) = schema["enum"].as_array() {
        return if words.contains(value) {
            None
        } else {
            refused()
        };
    }
    match (schema["type"].as_str(), value) {
        // A placeholder is one only if it has the form of one.
        (Some("string"), Value::String(text)) => {
            let wanted = schema["pattern"].as_str() == Some(r"\$\{");
            (wanted && !text.contains("${")).then(|| place.to_owned())
        }
        (Some("boolean"), Value::Bool(_)) | (Some("array"), Value::Array(_)) => None,
        (Some("integer"), Value::Number(number)) if number.is_i64() => None,
        (Some("number"), Value::Number(_)) => None,
        (Some("object"), Value::Object(entries)) => entries.iter().find_map(|(name, value)| {
            let place = format!("{place}.{name}");
            match (&schema["properties"][name], &schema["additionalProperties"]) {
                (Value::Null, Value::Bool(true)) => None,
                (Value::Null, Value::Bool(false)) => Some(place),
                (Value::Null, more) => refusal(more, value, &place),
                (known, _) => refusal(known, value, &place),
            }
        }),
        _ => refused(),
    }
}
