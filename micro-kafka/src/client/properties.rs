//! The librdkafka properties that the framework's consumers run with.

/// Properties that the framework sets for every consumer, whatever the settings say: offsets are
/// committed by the container alone.
pub const CONSUMER_FIXED: &[(&str, &str)] = &[
    ("enable.auto.commit", "false"),
    ("enable.auto.offset.store", "false"),
    ("enable.partition.eof", "false"),
];

/// The framework's defaults for consumers; settings override them.
///
/// `fetch.queue.backoff.ms` is librdkafka's one second otherwise, which costs two thirds of the
/// throughput; `reconnect.backoff.ms` shortens the wait for the second connection at start, while
/// its maximum keeps an unreachable broker from being hammered.
pub const CONSUMER_DEFAULTS: &[(&str, &str)] = &[
    ("auto.offset.reset", "earliest"),
    ("fetch.queue.backoff.ms", "10"),
    ("reconnect.backoff.ms", "20"),
    ("reconnect.backoff.max.ms", "10000"),
];

/// The assignor of classic groups; `group.protocol=consumer` refuses the property.
const ASSIGNOR: (&str, &str) = ("partition.assignment.strategy", "cooperative-sticky");

/// What `group.protocol=consumer` (KIP-848) leaves to the broker, and librdkafka refuses with it.
const CLASSIC: [&str; 4] = [
    ASSIGNOR.0,
    "session.timeout.ms",
    "heartbeat.interval.ms",
    "group.protocol.type",
];

/// The complete properties of a consumer: `settings` over [`CONSUMER_DEFAULTS`], under
/// [`CONSUMER_FIXED`].
#[must_use]
pub fn consumer_properties(settings: &[(String, String)]) -> Vec<(String, String)> {
    let set = |key: &str| settings.iter().any(|(name, _)| name == key);
    let fixed = |key: &str| CONSUMER_FIXED.iter().any(|(name, _)| *name == key);
    let next_generation = settings
        .iter()
        .any(|(key, value)| key == "group.protocol" && value.eq_ignore_ascii_case("consumer"));
    let assignor = (!next_generation).then_some(&ASSIGNOR);
    let dropped = |key: &str| next_generation && CLASSIC.contains(&key);
    for (key, _) in settings.iter().filter(|(key, _)| dropped(key)) {
        tracing::warn!(
            key,
            "with group.protocol = consumer the broker decides: the property is left out"
        );
    }
    let defaults = CONSUMER_DEFAULTS
        .iter()
        .chain(assignor)
        .filter(|(key, _)| !set(key));
    let own = defaults.chain(CONSUMER_FIXED);
    own.map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .chain(
            settings
                .iter()
                .filter(|(key, _)| !fixed(key) && !dropped(key))
                .cloned(),
        )
        .collect()
}

/// The last value of a property in a list of them.
pub(super) fn property<'a>(properties: &'a [(String, String)], key: &str) -> Option<&'a str> {
    properties
        .iter()
        .rev()
        .find_map(|(name, value)| (name == key).then_some(value.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(key, value)| ((*key).into(), (*value).into()))
            .collect()
    }

    #[test]
    fn settings_override_defaults_but_not_who_commits() {
        let merged = consumer_properties(&owned(&[
            ("auto.offset.reset", "latest"),
            ("enable.auto.commit", "true"),
        ]));
        assert_eq!(property(&merged, "auto.offset.reset"), Some("latest"));
        assert_eq!(property(&merged, "enable.auto.commit"), Some("false"));
        assert_eq!(
            property(&merged, "partition.assignment.strategy"),
            Some("cooperative-sticky")
        );
    }

    #[test]
    fn the_next_generation_protocol_gets_nothing_of_the_classic_one() {
        let merged = consumer_properties(&owned(&[
            ("group.protocol", "consumer"),
            ("session.timeout.ms", "6000"),
            ("fetch.min.bytes", "1"),
        ]));
        assert_eq!(property(&merged, "partition.assignment.strategy"), None);
        assert_eq!(property(&merged, "session.timeout.ms"), None);
        assert_eq!(property(&merged, "fetch.min.bytes"), Some("1"));
    }
}
