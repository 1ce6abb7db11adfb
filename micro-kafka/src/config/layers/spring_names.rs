//! Spring Boot's names of what has a name of its own here.
//!
//! They are led to our names before layers are laid on one another, so that both spellings meet.

use super::ROOT;
use super::property_tables::inner;
use crate::config::ConfigError;
use crate::config::key::{Key, relaxed};
use crate::config::tree::{Entry, Node, Table};

/// Spring's name and ours, in the tables of listeners.
const OF_LISTENERS: [(&str, &str); 3] = [
    ("ack-count", "commit-count"),
    ("ack-time", "commit-interval"),
    ("observation-enabled", "spans"),
];

/// What Spring waits where `[kafka.retry.topic.backoff]` says nothing.
const DELAY: &str = "1s";
const MAX_DELAY: &str = "30s";

/// Renames what stands below `[kafka]` by Spring's names.
pub(crate) fn lead_spring_names(root: &mut Table) -> Vec<ConfigError> {
    let mut errors = Vec::new();
    let Some(kafka) = inner(root, ROOT) else {
        return errors;
    };
    if let Some(all) = inner(kafka, "listener") {
        rename(all, &mut errors);
    }
    for family in ["listeners", "containers"] {
        let Some(family) = inner(kafka, family) else {
            continue;
        };
        let names: Vec<_> = family
            .iter()
            .map(|(key, _)| key.spelling().to_owned())
            .collect();
        for name in names {
            if let Some(listener) = inner(family, &name) {
                rename(listener, &mut errors);
            }
        }
    }
    let retry = inner(kafka, "retry").and_then(|retry| inner(retry, "topic"));
    if let Some(backoff) = retry.and_then(|topic| topic.find_mut("backoff")) {
        join_back_off(&mut backoff.node);
    }
    errors
}

fn rename(listener: &mut Table, errors: &mut Vec<ConfigError>) {
    for (spring, ours) in OF_LISTENERS {
        let Some((key, entry)) = listener.remove(spring) else {
            continue;
        };
        match listener.find(ours) {
            Some((first, before)) => {
                let first = (first.spelling(), &before.key_origin);
                let error = ConfigError::duplicate(first, (key.spelling(), &entry.key_origin));
                errors.push(error.hint(format!("`{spring}` is Spring's name of `{ours}`")));
            }
            None => listener.insert(Key::new(ours), entry),
        }
    }
}

/// `{ delay = "1s", multiplier = 2, max-delay = "30s" }` as `"1s..30s x2"`; any other table stays as
/// it is, and is refused later.
fn join_back_off(node: &mut Node) {
    let Some(table) = node.table() else {
        return;
    };
    let known = ["delay", "multiplier", "max-delay"];
    let is_known = |key: &Key| known.iter().any(|name| key.relaxed() == relaxed(name));
    if table.iter().next().is_none() || !table.iter().all(|(key, _)| is_known(key)) {
        return;
    }
    let leaf = |name: &str| table.find(name).and_then(|(_, entry)| entry.node.as_text());
    let delay = leaf("delay").unwrap_or_else(|| DELAY.to_owned());
    let multiplier = leaf("multiplier").filter(|number| number.parse() != Ok(1.0));
    let text = match multiplier {
        Some(multiplier) => {
            let most = leaf("max-delay").unwrap_or_else(|| MAX_DELAY.to_owned());
            format!("{delay}..{most} x{multiplier}")
        }
        None => delay,
    };
    *node = Node::text(text, false, first_origin(table, node));
}

/// Where the first of its values stands.
fn first_origin(table: &Table, node: &Node) -> crate::config::Origin {
    let origins = table.iter().map(|(_, Entry { node, .. })| &node.origin);
    origins.min().unwrap_or(&node.origin).clone()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::layers::read_document;

    fn led(text: &str) -> (Table, Vec<ConfigError>) {
        let (mut table, errors) = read_document("a.toml", text);
        assert!(errors.is_empty(), "{errors:?}");
        let errors = lead_spring_names(&mut table);
        (table, errors)
    }

    #[test]
    fn names_are_led_in_every_table_of_listeners() {
        for table in ["listener", "listeners.x", "containers.x"] {
            let text = format!(
                "[kafka.{table}]\nackCount = 5\nack-time = '2s'\nobservation-enabled = true\n"
            );
            let (led, errors) = led(&text);
            assert!(errors.is_empty(), "{errors:?}");
            for (key, value) in [
                ("commit-count", "5"),
                ("commit-interval", "2s"),
                ("spans", "true"),
            ] {
                let node = led.at(&format!("kafka.{table}.{key}")).unwrap();
                assert_eq!(node.as_text().as_deref(), Some(value));
            }
        }
        let (_, errors) = led("[kafka.listener]\nack-count = 5\ncommit-count = 6\n");
        let told = errors[0].to_string();
        assert!(told.starts_with("a.toml:3:1: commit-count: "), "{told}");
        assert!(
            told.ends_with("`ack-count` is Spring's name of `commit-count`"),
            "{told}"
        );
    }

    #[test]
    fn a_back_off_in_parts_is_one_text() {
        for (parts, text) in [
            ("delay = '2s'", Some("2s")),
            ("multiplier = 2", Some("1s..30s x2")),
            (
                "delay = '5s'\nmultiplier = 1.5\nmax-delay = '1m'",
                Some("5s..1m x1.5"),
            ),
            ("multiplier = 1.0\nmaxDelay = '1m'", Some("1s")),
            ("jiter = 1", None),
        ] {
            let (table, _) = led(&format!("[kafka.retry.topic.backoff]\n{parts}\n"));
            let node = table.at("kafka.retry.topic.backoff").unwrap();
            assert_eq!(node.as_text().as_deref(), text, "{parts}");
        }
    }
}
