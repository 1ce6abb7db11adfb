//! The configurations of consumer groups, which are the broker's so far.

use super::BrokerConfig;
use super::config::{ConfigEntry, ConfigKind, ConfigSource};

/// Name, and what it is for; the broker's name begins with `group.`.
const DEFS: [(&str, &str); 3] = [
    (
        "consumer.assignment.interval.ms",
        "Shortest time between two assignments of the group.",
    ),
    (
        "consumer.heartbeat.interval.ms",
        "Time between two heartbeats of a member.",
    ),
    (
        "consumer.session.timeout.ms",
        "Time without heartbeats after which a member is removed.",
    ),
];

/// All configurations of a group, for DescribeConfigs.
pub(crate) fn describe_group(broker: &BrokerConfig) -> Vec<ConfigEntry> {
    DEFS.iter()
        .map(|(name, documentation)| {
            let of_broker = format!("group.{name}");
            let value = broker.get(&of_broker);
            let synonyms = broker.synonyms(&of_broker);
            ConfigEntry {
                name: (*name).to_owned(),
                value,
                source: synonyms.first().map_or(ConfigSource::Default, |s| s.source),
                kind: Some(ConfigKind::Int),
                documentation,
                read_only: false,
                sensitive: false,
                synonyms,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_has_what_the_broker_gives_it() {
        let broker = BrokerConfig::new([("group.consumer.session.timeout.ms", "50000")]).unwrap();
        let entries = describe_group(&broker);
        let values: Vec<_> = entries.iter().map(|e| e.value.as_deref()).collect();
        assert_eq!(values, [Some("1000"), Some("5000"), Some("50000")]);
        assert_eq!(entries[2].synonyms.len(), 2);
    }
}
