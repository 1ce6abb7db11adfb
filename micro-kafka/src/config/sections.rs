//! Which key belongs to which table: for advice to those who wrote it in another one.

use super::suggestion::nearest;

/// The keys of the tables; the ones of `[kafka.listener]` are those of each listener too.
const SECTIONS: [(&str, &[&str]); 8] = [
    (
        "kafka",
        &[
            "bootstrap-servers",
            "client-id",
            "namespace",
            "shutdown-timeout",
        ],
    ),
    (
        "kafka.consumer",
        &[
            "group-id",
            "auto-offset-reset",
            "enable-auto-commit",
            "auto-commit-interval",
            "fetch-min-size",
            "fetch-max-wait",
            "heartbeat-interval",
            "max-poll-interval",
            "isolation-level",
        ],
    ),
    (
        "kafka.producer",
        &[
            "acks",
            "linger",
            "batch-size",
            "buffer-memory",
            "compression-type",
            "retries",
            "flush-timeout",
            "transaction-id-prefix",
            "transaction-timeout",
            "transaction-producers",
            "allow-non-transactional",
        ],
    ),
    (
        "kafka.template",
        &[
            "default-topic",
            "reply-topic",
            "reply-partition",
            "reply-timeout",
        ],
    ),
    (
        "kafka.listener",
        &[
            "topics",
            "container",
            "error-handler",
            "send-to",
            "info",
            "concurrency",
            "auto-startup",
            "ack-mode",
            "max-uncommitted",
            "revoke-drain",
            "commit-interval",
            "commit-count",
            "dead-letter-topic",
            "recoverer",
        ],
    ),
    (
        "kafka.listener.retry",
        &["attempts", "backoff", "reset-on-change", "policy"],
    ),
    (
        "kafka.listener.dead-letters",
        &["exclude-headers", "max-text", "texts"],
    ),
    (
        "kafka.listener.alarm",
        &["dead-letters", "retries", "within"],
    ),
];

/// The key of another table that was probably meant, and that table.
pub(crate) fn nearest_elsewhere(name: &str) -> Option<(&'static str, &'static str)> {
    let keys = SECTIONS.iter().flat_map(|(_, keys)| keys.iter().copied());
    let key = nearest(name, keys)?;
    let (section, _) = SECTIONS.iter().find(|(_, keys)| keys.contains(&key))?;
    Some((key, section))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::key::relaxed;

    #[test]
    fn every_listed_key_is_one_of_its_table() {
        let text = include_str!("tests/every_key.toml");
        let table: toml::Table = text.parse().unwrap();
        for (section, keys) in SECTIONS {
            let section = section.replace("listener", "listeners.charge");
            let mut inner = &toml::Value::Table(table.clone());
            for level in section.split('.') {
                inner = &inner[level];
            }
            let written = inner.as_table().unwrap();
            let mut names: Vec<_> = written.keys().map(|key| relaxed(key)).collect();
            names.extend(written.get("Declined").map(|_| relaxed("policy")));
            for key in keys {
                assert!(names.contains(&relaxed(key)), "{section}.{key}");
            }
        }
    }
}
