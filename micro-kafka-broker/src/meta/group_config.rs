//! The configurations of groups: what is set for one, or what the broker gives to all.

use super::broker_config::Values;
use super::config::{Check, ConfigDef, ConfigEntry, ConfigKind, ConfigSource, ConfigSynonym};
use super::resource_config::entry;
use super::{BrokerConfig, CatalogError, ConfigError};

const fn number(
    name: &'static str,
    default: &'static str,
    least: i64,
    doc: &'static str,
) -> ConfigDef {
    ConfigDef {
        name,
        kind: ConfigKind::Int,
        default: Some(default),
        check: Check::AtLeast(least),
        doc,
    }
}

/// All configurations of a group.
#[rustfmt::skip]
const DEFS: [ConfigDef; 17] = [
    number("consumer.assignment.interval.ms", "1000", 0, "Shortest time between two assignments of the consumer group."),
    number("consumer.heartbeat.interval.ms", "5000", 1, "Time between two heartbeats of a member of the consumer group."),
    number("consumer.session.timeout.ms", "45000", 1, "Time without heartbeats after which a member of the consumer group is removed."),
    number("share.assignment.interval.ms", "1000", 0, "Shortest time between two assignments of the share group."),
    ConfigDef { name: "share.auto.offset.reset", kind: ConfigKind::String, default: Some("latest"), check: Check::OffsetReset, doc: "Where a share group begins: earliest, latest, or by_duration: and how long ago." },
    number("share.delivery.count.limit", "5", 2, "How often the share group is given a record at most."),
    number("share.heartbeat.interval.ms", "5000", 1, "Time between two heartbeats of a member of the share group."),
    ConfigDef { name: "share.isolation.level", kind: ConfigKind::String, default: Some("read_uncommitted"), check: Check::OneOf(&["read_committed", "read_uncommitted"]), doc: "Whether the share group is given records of transactions that are not committed." },
    number("share.partition.max.record.locks", "2000", 100, "Most records of a partition that the share group holds at once."),
    number("share.record.lock.duration.ms", "30000", 1000, "How long a member of the share group holds a record."),
    ConfigDef { name: "share.renew.acknowledge.enable", kind: ConfigKind::Boolean, default: Some("true"), check: Check::Any, doc: "Whether a member of the share group may hold a record for longer." },
    number("share.session.timeout.ms", "45000", 1, "Time without heartbeats after which a member of the share group is removed."),
    number("streams.assignment.interval.ms", "1000", 0, "Shortest time between two assignments of the streams group."),
    number("streams.heartbeat.interval.ms", "5000", 1, "Time between two heartbeats of a member of the streams group."),
    number("streams.initial.rebalance.delay.ms", "3000", 0, "How long the streams group, when new, waits for more members."),
    number("streams.num.standby.replicas", "0", 0, "Standby replicas of each task of the streams group."),
    number("streams.session.timeout.ms", "45000", 1, "Time without heartbeats after which a member of the streams group is removed."),
];

/// The broker's configuration that limits a group's, where there is one.
fn limit(which: &str, name: &str) -> String {
    let (protocol, name) = name.split_once('.').unwrap_or((name, ""));
    // Kafka names this one limit shorter.
    let name = name.strip_prefix("num.").unwrap_or(name);
    format!("group.{protocol}.{which}.{name}")
}

/// Checks what is set for a group, against the broker's limits too.
pub(super) fn check(
    group: &str,
    values: &Values,
    broker: &BrokerConfig,
) -> Result<(), CatalogError> {
    if group.is_empty() {
        let text = "Default group resources are not allowed.";
        return Err(CatalogError::InvalidRequest(text.to_owned()));
    }
    let find = |name: &String| DEFS.iter().find(|def| def.name == name);
    if let Some(name) = values.keys().find(|name| find(name).is_none()) {
        let (scope, name) = ("group", name.clone());
        return Err(ConfigError::Unknown { scope, name }.into());
    }
    for (name, value) in values {
        find(name).map_or(Ok(()), |def| def.check(value))?;
    }
    for (name, value) in values {
        check_limits(name, value, broker)?;
    }
    Ok(())
}

fn check_limits(name: &str, value: &str, broker: &BrokerConfig) -> Result<(), ConfigError> {
    let Ok(number) = value.trim().parse::<i64>() else {
        return Ok(());
    };
    let outside = |relation: &str, limit: &str| {
        let text = format!("{name} must be {relation} than or equal to {limit}");
        Err(ConfigError::Conflict(text))
    };
    let value_of = |limit: &str| broker.get(limit)?.trim().parse::<i64>().ok();
    let (min, max) = (limit("min", name), limit("max", name));
    if value_of(&min).is_some_and(|least| number < least) {
        return outside("greater", &min);
    }
    if value_of(&max).is_some_and(|most| number > most) {
        return outside("less", &max);
    }
    Ok(())
}

/// All configurations of a group.
pub(super) fn describe(values: &Values, broker: &BrokerConfig) -> Vec<ConfigEntry> {
    let shown = |def: &ConfigDef| {
        let of_broker = broker.synonyms(&format!("group.{}", def.name));
        let elsewhere = match of_broker.is_empty() {
            true => vec![ConfigSynonym {
                name: def.name.to_owned(),
                value: def.default.map(str::to_owned),
                source: ConfigSource::Default,
            }],
            false => of_broker,
        };
        entry(def, values.get(def.name), ConfigSource::Group, elsewhere)
    };
    DEFS.iter().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(values: &Values, broker: &BrokerConfig, name: &str) -> ConfigEntry {
        let mut entries = describe(values, broker).into_iter();
        entries.find(|entry| entry.name == name).unwrap()
    }

    #[test]
    fn the_defaults_are_sorted_valid_and_those_of_the_broker() {
        assert!(DEFS.is_sorted_by_key(|def| def.name));
        let broker = BrokerConfig::default();
        for def in &DEFS {
            let default = def.default.unwrap();
            let values = [(def.name.to_owned(), default.to_owned())].into();
            assert_eq!(check("g", &values, &broker), Ok(()), "{}", def.name);
            let of_broker = broker.get(&format!("group.{}", def.name));
            assert!(
                of_broker.is_none_or(|value| value == default),
                "{}",
                def.name
            );
            let limited = broker.get(&limit("max", def.name)).is_some();
            let unlimited = def.kind != ConfigKind::Int || def.name.contains("initial");
            assert_ne!(limited, unlimited, "{}", def.name);
            assert!(def.doc.ends_with('.'), "{}", def.name);
        }
    }

    #[test]
    fn a_group_has_what_the_broker_gives_it_unless_it_has_its_own() {
        let name = "consumer.session.timeout.ms";
        let broker = BrokerConfig::new([("group.consumer.session.timeout.ms", "50000")]).unwrap();
        let entry = shown(&Values::new(), &broker, name);
        assert_eq!(entry.value.as_deref(), Some("50000"));
        assert_eq!(entry.source, ConfigSource::StaticBroker);
        assert_eq!(entry.synonyms.len(), 2);
        let values = [(name.to_owned(), "55000".to_owned())].into();
        let entry = shown(&values, &broker, name);
        assert_eq!(entry.value.as_deref(), Some("55000"));
        assert_eq!(entry.source, ConfigSource::Group);
        assert_eq!(entry.synonyms.len(), 3);
    }

    #[test]
    fn values_keep_within_the_limits_of_the_broker() {
        let broker = BrokerConfig::default();
        let of = |name: &str, value: &str| {
            let values = [(name.to_owned(), value.to_owned())].into();
            check("g", &values, &broker).map_err(|error| error.to_string())
        };
        for (name, value) in [
            ("consumer.session.timeout.ms", "60000"),
            ("consumer.heartbeat.interval.ms", "15000"),
            ("share.auto.offset.reset", "by_duration:PT1H"),
            ("share.isolation.level", "read_committed"),
            ("streams.num.standby.replicas", "2"),
            ("streams.initial.rebalance.delay.ms", "99999999"),
        ] {
            assert_eq!(of(name, value), Ok(()), "{name}={value}");
        }
        for (name, value, text) in [
            ("nope", "1", "Unknown group config name: nope"),
            (
                "consumer.session.timeout.ms",
                "0",
                "Value must be at least 1",
            ),
            (
                "consumer.session.timeout.ms",
                "44999",
                "consumer.session.timeout.ms must be greater than or equal to group.consumer.min.session.timeout.ms",
            ),
            (
                "consumer.session.timeout.ms",
                "60001",
                "consumer.session.timeout.ms must be less than or equal to group.consumer.max.session.timeout.ms",
            ),
            (
                "share.partition.max.record.locks",
                "4001",
                "group.share.max.partition.max.record.locks",
            ),
            (
                "streams.num.standby.replicas",
                "3",
                "group.streams.max.standby.replicas",
            ),
            (
                "share.auto.offset.reset",
                "by_duration:-PT1H",
                "'earliest', 'latest' or of the format",
            ),
            (
                "share.isolation.level",
                "committed",
                "String must be one of: read_committed, read_uncommitted",
            ),
        ] {
            let refused = of(name, value).unwrap_err();
            assert!(refused.contains(text), "{refused}");
        }
        let refused = check("", &Values::new(), &broker).unwrap_err();
        assert!(matches!(refused, CatalogError::InvalidRequest(_)));
    }
}
