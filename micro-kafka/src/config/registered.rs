//! Names in the settings that only the registered listeners can confirm.

use super::key::relaxed;
use super::placeholder::join;
use super::suggestion::nearest;
use super::tree::{Node, Table};
use super::{Config, ConfigError, ConfigProblem, ListenerAttributes};

impl Config {
    /// The tables `[kafka.listeners.<id>]` that no registered listener has the id of.
    #[must_use]
    pub fn unknown_listeners(&self, registered: &[&str]) -> Vec<ConfigError> {
        let path = "kafka.listeners";
        let table = self.tree().at(path).and_then(Node::table);
        unknown_tables(table, path, registered, "registered are")
    }

    /// The tables and attributes `retry.<Variant>` of one listener that its error type has no
    /// variant for.
    #[must_use]
    pub fn unknown_error_variants(
        &self,
        attributes: &ListenerAttributes<'_>,
        variants: &[&str],
    ) -> Vec<ConfigError> {
        let path = format!("kafka.listeners.{}.retry", attributes.id);
        let table = self.tree().at(&path).and_then(Node::table);
        let mut errors = unknown_tables(table, &path, variants, "variants are");
        for (key, _) in attributes.values {
            let mut levels = key.split('.');
            let retry = levels.next().is_some_and(|level| relaxed(level) == "retry");
            let (Some(variant), Some(_), true) = (levels.next(), levels.next(), retry) else {
                continue;
            };
            if !contains(variants, variant) {
                let error = unknown(variant, variants, "variants are");
                let key = format!("listener {}.retry.{variant}", attributes.id);
                errors.push(error.key(key).at(&attributes.origin));
            }
        }
        errors.dedup();
        errors
    }
}

fn unknown_tables(
    table: Option<&Table>,
    path: &str,
    known: &[&str],
    all: &str,
) -> Vec<ConfigError> {
    let entries = table.into_iter().flat_map(Table::iter);
    entries
        .filter(|(key, entry)| entry.node.table().is_some() && !contains(known, key.spelling()))
        .map(|(key, entry)| {
            let error = unknown(key.spelling(), known, all);
            error.key(join(path, key.spelling())).at(&entry.key_origin)
        })
        .collect()
}

fn contains(names: &[&str], name: &str) -> bool {
    let name = relaxed(name);
    names.iter().any(|known| relaxed(known) == name)
}

fn unknown(name: &str, known: &[&str], all: &str) -> ConfigError {
    let error = ConfigError::new(ConfigProblem::UnknownKey);
    error.hint(match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None if known.is_empty() => "there is none to choose from".to_owned(),
        None => format!("{all} {}", known.join(", ")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Origin;

    const TEXT: &str = "[kafka.listeners.chrage]\nconcurrency = 2\n[kafka.listeners.index-clicks]\n\
                        retry.Timout.attempts = 3\nretry.Quota.attempts = 3\nretry.attempts = 2\n";

    fn shown(errors: &[ConfigError]) -> Vec<String> {
        errors.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_table_for_a_listener_that_does_not_exist_names_the_nearest() {
        let config = Config::builder().toml_str("a.toml", TEXT).build().unwrap();
        let errors = config.unknown_listeners(&["charge", "index_clicks"]);
        let expected = "a.toml:1:18: kafka.listeners.chrage: unknown key; did you mean \"charge\"?";
        assert_eq!(shown(&errors), [expected]);
        let errors = config.unknown_listeners(&["x"]);
        assert_eq!(errors.len(), 2);
        assert!(shown(&errors)[0].contains("registered are x"), "{errors:?}");
    }

    #[test]
    fn a_variant_that_the_error_does_not_have_is_found_in_tables_and_attributes() {
        let config = Config::builder().toml_str("a.toml", TEXT).build().unwrap();
        let attributes = ListenerAttributes {
            id: "index_clicks",
            explicit_id: false,
            values: &[
                ("retry.attempts", "3"),
                ("retry.Declned.attempts", "1"),
                ("retry.Declned.backoff", "1s"),
            ],
            origin: Origin::file("src/lib.rs", 7, 1),
        };
        let variants = ["Timeout", "Quota", "Declined"];
        let errors = config.unknown_error_variants(&attributes, &variants);
        assert_eq!(
            shown(&errors),
            [
                "a.toml:4:7: kafka.listeners.index_clicks.retry.Timout: unknown key; did you mean \"Timeout\"?",
                "src/lib.rs:7:1: listener index_clicks.retry.Declned: unknown key; did you mean \"Declined\"?",
            ]
        );
    }
}
