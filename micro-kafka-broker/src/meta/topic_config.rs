//! A topic's configuration: what was set for it, over the broker's, over the defaults.

use super::broker_config::Values;
use super::config::{ConfigEntry, ConfigSource, ConfigSynonym};
use super::topic_config_table::{CHECK_ORDER, DEFS, TopicConfigDef, find};
use super::{BrokerConfig, ConfigError, Topic};

/// Checks the configurations that a new topic is given.
pub(super) fn check_overrides(
    overrides: &[(String, Option<String>)],
    broker: &BrokerConfig,
) -> Result<Values, ConfigError> {
    let nulls = overrides.iter().filter(|(_, value)| value.is_none());
    let nulls: Vec<_> = nulls.map(|(name, _)| name.as_str()).collect();
    if !nulls.is_empty() {
        return Err(ConfigError::Null(nulls.join(",")));
    }
    let valued = |(name, value): &(String, Option<String>)| {
        value.as_ref().map(|value| (name.clone(), value.clone()))
    };
    let checked = overrides.iter().filter_map(valued).collect();
    check_values(&checked, broker)?;
    Ok(checked)
}

/// Checks all that is set for a topic, each on its own and together.
pub(super) fn check_values(overrides: &Values, broker: &BrokerConfig) -> Result<(), ConfigError> {
    if let Some(name) = overrides.keys().find(|name| find(name).is_none()) {
        return Err(unknown(name));
    }
    for name in CHECK_ORDER {
        if let (Some(known), Some(value)) = (find(name), overrides.get(*name)) {
            known.def.check(value)?;
        }
    }
    if flag("remote.storage.enable", overrides) {
        let text = "Tiered Storage functionality is disabled in the broker. \
                    Topic cannot be configured with remote log storage.";
        return Err(ConfigError::Conflict(text.to_owned()));
    }
    let lag = |name| effective(name, overrides, broker).and_then(|v| v.trim().parse::<i64>().ok());
    let (min, max) = (lag("min.compaction.lag.ms"), lag("max.compaction.lag.ms"));
    match (min, max) {
        (Some(min), Some(max)) if min > max => Err(ConfigError::Conflict(format!(
            "conflict topic config setting min.compaction.lag.ms ({min}) > max.compaction.lag.ms ({max})"
        ))),
        _ => Ok(()),
    }
}

fn flag(name: &str, overrides: &Values) -> bool {
    let set = overrides.get(name);
    set.is_some_and(|value| value.trim().eq_ignore_ascii_case("true"))
}

fn unknown(name: &str) -> ConfigError {
    ConfigError::Unknown {
        scope: "topic",
        name: name.to_owned(),
    }
}

/// A topic's value in force, as text; `None` for an unknown name or one without a default.
pub(super) fn effective(name: &str, overrides: &Values, broker: &BrokerConfig) -> Option<String> {
    let known = find(name)?;
    let own = overrides.get(name).cloned();
    own.or_else(|| broker.for_topics(known.broker_name))
        .or_else(|| known.def.default.map(str::to_owned))
}

/// All configurations of a topic, for DescribeConfigs.
pub(crate) fn describe_topic(topic: &Topic, broker: &BrokerConfig) -> Vec<ConfigEntry> {
    DEFS.iter()
        .map(|known| describe(known, &topic.overrides, broker))
        .collect()
}

fn describe(known: &TopicConfigDef, overrides: &Values, broker: &BrokerConfig) -> ConfigEntry {
    let name = known.def.name;
    let own = overrides.get(name).map(|value| ConfigSynonym {
        name: name.to_owned(),
        value: Some(value.clone()),
        source: ConfigSource::Topic,
    });
    let synonyms: Vec<_> = own
        .into_iter()
        .chain(broker.synonyms(known.broker_name))
        .collect();
    ConfigEntry {
        name: name.to_owned(),
        value: effective(name, overrides, broker),
        source: synonyms.first().map_or(ConfigSource::Default, |s| s.source),
        kind: Some(known.def.kind),
        documentation: known.def.doc,
        read_only: false,
        sensitive: false,
        synonyms,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overrides_are_checked() {
        let broker = BrokerConfig::default();
        let of = |name: &str, value: Option<&str>| {
            check_overrides(&[(name.to_owned(), value.map(str::to_owned))], &broker)
        };
        assert!(of("retention.ms", Some("-1")).is_ok());
        assert!(matches!(
            of("retention.ms", Some("-2")),
            Err(ConfigError::Invalid { .. })
        ));
        assert!(matches!(
            of("retention", Some("1")),
            Err(ConfigError::Unknown { .. })
        ));
        assert!(matches!(
            of("retention.ms", None),
            Err(ConfigError::Null(_))
        ));
        assert!(of("cleanup.policy", Some("compact,delete")).is_ok());
        assert!(of("cleanup.policy", Some("shred")).is_err());
        assert!(of("internal.segment.bytes", Some("1024")).is_ok());
        assert!(matches!(
            of("remote.storage.enable", Some("TRUE")),
            Err(ConfigError::Conflict(_))
        ));
    }

    #[test]
    fn the_fault_that_is_told_is_the_one_that_kafka_tells() {
        let broker = BrokerConfig::default();
        let told = |given: &[(&str, Option<&str>)]| {
            let given = given.iter();
            let given = given.map(|(name, value)| ((*name).to_owned(), value.map(str::to_owned)));
            let given: Vec<_> = given.collect();
            check_overrides(&given, &broker).unwrap_err().to_string()
        };
        let (low, wrong) = (
            ("min.insync.replicas", Some("0")),
            ("retention.ms", Some("x")),
        );
        let (strange, null) = (("no.such", Some("1")), ("flush.ms", None));
        assert!(told(&[low, wrong]).contains("retention.ms"));
        assert!(told(&[wrong, low]).contains("retention.ms"));
        assert_eq!(told(&[low, strange]), "Unknown topic config name: no.such");
        assert_eq!(
            told(&[low, strange, null, ("no.more", None)]),
            "Null value not supported for topic configs: flush.ms,no.more"
        );
    }

    #[test]
    fn the_lags_of_compaction_must_not_cross() {
        let broker = BrokerConfig::new([("log.cleaner.max.compaction.lag.ms", "5")]).unwrap();
        let of = |given: &[(&str, &str)]| {
            let given = given
                .iter()
                .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
            check_values(&given.collect(), &broker)
        };
        assert!(of(&[("min.compaction.lag.ms", "5")]).is_ok());
        assert!(of(&[("min.compaction.lag.ms", "6")]).is_err());
        let wider = [
            ("min.compaction.lag.ms", "6"),
            ("max.compaction.lag.ms", "6"),
        ];
        assert!(of(&wider).is_ok());
    }

    #[test]
    fn a_topic_overrides_the_broker_and_the_broker_the_default() {
        let broker = BrokerConfig::new([("log.retention.ms", "5000")]).unwrap();
        let mut overrides = Values::new();
        let retention = find("retention.ms").unwrap();
        let entry = describe(retention, &overrides, &broker);
        assert_eq!(
            (entry.value.as_deref(), entry.source),
            (Some("5000"), ConfigSource::StaticBroker)
        );
        overrides.insert("retention.ms".to_owned(), "7".to_owned());
        let entry = describe(retention, &overrides, &broker);
        assert_eq!(
            (entry.value.as_deref(), entry.source),
            (Some("7"), ConfigSource::Topic)
        );
        // The hours have a default, the milliseconds have none.
        let names: Vec<_> = entry.synonyms.iter().map(|s| s.name.as_str()).collect();
        assert_eq!(
            names,
            ["retention.ms", "log.retention.ms", "log.retention.hours"]
        );
        assert_eq!(
            effective("retention.ms", &overrides, &broker).as_deref(),
            Some("7")
        );
    }
}
