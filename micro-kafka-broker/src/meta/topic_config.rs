//! The configurations of topics.

use std::collections::BTreeMap;

use super::config::{Check, ConfigDef, ConfigEntry, ConfigKind, ConfigSource, ConfigSynonym};
use super::{BrokerConfig, ConfigError, Topic};

/// A topic's configuration, and the broker's that stands behind it.
pub(super) struct TopicConfigDef {
    pub(super) def: ConfigDef,
    /// The broker's configuration that gives the default; empty where there is none.
    pub(super) broker_name: &'static str,
}

const fn def(
    name: &'static str,
    kind: ConfigKind,
    default: &'static str,
    check: Check,
    broker_name: &'static str,
    doc: &'static str,
) -> TopicConfigDef {
    let default = Some(default);
    TopicConfigDef {
        def: ConfigDef {
            name,
            kind,
            default,
            check,
            doc,
        },
        broker_name,
    }
}

/// All configurations of a topic, by name.
#[rustfmt::skip]
const DEFS: &[TopicConfigDef] = &[
    def("cleanup.policy", ConfigKind::List, "delete", Check::ListOf(&["compact", "delete"]), "log.cleanup.policy", "What happens to old segments: delete, compact or both."),
    def("compression.gzip.level", ConfigKind::Int, "-1", Check::Between(-1, 9), "compression.gzip.level", "Level where compression.type is gzip."),
    def("compression.lz4.level", ConfigKind::Int, "9", Check::Between(1, 17), "compression.lz4.level", "Level where compression.type is lz4."),
    def("compression.type", ConfigKind::String, "producer", Check::Any, "compression.type", "The final codec; producer keeps the producer's."),
    def("compression.zstd.level", ConfigKind::Int, "3", Check::Between(-131072, 22), "compression.zstd.level", "Level where compression.type is zstd."),
    def("delete.retention.ms", ConfigKind::Long, "86400000", Check::AtLeast(0), "log.cleaner.delete.retention.ms", "How long tombstones of a compacted topic are kept."),
    def("file.delete.delay.ms", ConfigKind::Long, "60000", Check::AtLeast(0), "log.segment.delete.delay.ms", "Time before a deleted file leaves the disk."),
    def("flush.messages", ConfigKind::Long, "9223372036854775807", Check::AtLeast(1), "log.flush.interval.messages", "Records between two flushes to disk."),
    def("flush.ms", ConfigKind::Long, "9223372036854775807", Check::AtLeast(0), "log.flush.interval.ms", "Time between two flushes to disk."),
    def("follower.replication.throttled.replicas", ConfigKind::List, "", Check::Any, "", "Replicas whose replication is throttled on the follower."),
    def("index.interval.bytes", ConfigKind::Int, "4096", Check::AtLeast(0), "log.index.interval.bytes", "Bytes between two entries of the offset index."),
    def("leader.replication.throttled.replicas", ConfigKind::List, "", Check::Any, "", "Replicas whose replication is throttled on the leader."),
    def("local.retention.bytes", ConfigKind::Long, "-2", Check::AtLeast(-2), "log.local.retention.bytes", "Bytes kept locally with tiered storage; -2 follows retention.bytes."),
    def("local.retention.ms", ConfigKind::Long, "-2", Check::AtLeast(-2), "log.local.retention.ms", "Time kept locally with tiered storage; -2 follows retention.ms."),
    def("max.compaction.lag.ms", ConfigKind::Long, "9223372036854775807", Check::AtLeast(1), "log.cleaner.max.compaction.lag.ms", "Longest time a record stays uncompacted."),
    def("max.message.bytes", ConfigKind::Int, "1048588", Check::AtLeast(0), "message.max.bytes", "Largest record batch in bytes."),
    def("message.timestamp.after.max.ms", ConfigKind::Long, "3600000", Check::AtLeast(0), "log.message.timestamp.after.max.ms", "How far a record's timestamp may be ahead of the broker's."),
    def("message.timestamp.before.max.ms", ConfigKind::Long, "9223372036854775807", Check::AtLeast(0), "log.message.timestamp.before.max.ms", "How far a record's timestamp may be behind the broker's."),
    def("message.timestamp.type", ConfigKind::String, "CreateTime", Check::OneOf(&["CreateTime", "LogAppendTime"]), "log.message.timestamp.type", "Whether timestamps are those of the producer or of the append."),
    def("min.cleanable.dirty.ratio", ConfigKind::Double, "0.5", Check::Between(0, 1), "log.cleaner.min.cleanable.ratio", "Share of uncompacted bytes at which compaction begins."),
    def("min.compaction.lag.ms", ConfigKind::Long, "0", Check::AtLeast(0), "log.cleaner.min.compaction.lag.ms", "Shortest time a record stays uncompacted."),
    def("min.insync.replicas", ConfigKind::Int, "1", Check::AtLeast(1), "min.insync.replicas", "Replicas that must have a record before acks=all is answered."),
    def("preallocate", ConfigKind::Boolean, "false", Check::Any, "log.preallocate", "Whether segment files are allocated when created."),
    def("remote.log.copy.disable", ConfigKind::Boolean, "false", Check::Any, "", "Whether no more segments go to tiered storage."),
    def("remote.log.delete.on.disable", ConfigKind::Boolean, "false", Check::Any, "", "Whether tiered records are deleted when tiering is switched off."),
    def("remote.storage.enable", ConfigKind::Boolean, "false", Check::Any, "", "Whether segments go to tiered storage."),
    def("retention.bytes", ConfigKind::Long, "-1", Check::Any, "log.retention.bytes", "Bytes of a partition beyond which old segments are deleted; -1 for no limit."),
    def("retention.ms", ConfigKind::Long, "604800000", Check::AtLeast(-1), "log.retention.ms", "Time after which segments are deleted; -1 for never."),
    def("segment.bytes", ConfigKind::Int, "1073741824", Check::AtLeast(1048576), "log.segment.bytes", "Bytes of a segment."),
    def("segment.index.bytes", ConfigKind::Int, "10485760", Check::AtLeast(4), "log.index.size.max.bytes", "Bytes of a segment's offset index."),
    def("segment.jitter.ms", ConfigKind::Long, "0", Check::AtLeast(0), "log.roll.jitter.ms", "Random time taken off segment.ms."),
    def("segment.ms", ConfigKind::Long, "604800000", Check::AtLeast(1), "log.roll.ms", "Time after which a new segment begins."),
    def("unclean.leader.election.enable", ConfigKind::Boolean, "false", Check::Any, "unclean.leader.election.enable", "Whether a replica that is behind may become leader."),
];
pub(super) fn find(name: &str) -> Option<&'static TopicConfigDef> {
    let at = DEFS
        .binary_search_by(|known| known.def.name.cmp(name))
        .ok()?;
    DEFS.get(at)
}

/// Checks the overrides of a new topic.
pub(super) fn check_overrides(
    overrides: &[(String, Option<String>)],
) -> Result<BTreeMap<String, String>, ConfigError> {
    let mut checked = BTreeMap::new();
    for (name, value) in overrides {
        let known = find(name).ok_or_else(|| ConfigError::Unknown {
            scope: "topic",
            name: name.clone(),
        })?;
        let value = value
            .as_ref()
            .ok_or_else(|| ConfigError::Null(name.clone()))?;
        known.def.check(value)?;
        checked.insert(name.clone(), value.clone());
    }
    Ok(checked)
}

/// A topic's value in force, as text.
pub(super) fn effective(
    name: &str,
    overrides: &BTreeMap<String, String>,
    broker: &BrokerConfig,
) -> Option<String> {
    let known = find(name)?;
    let own = overrides.get(name).cloned();
    own.or_else(|| broker.set_value(known.broker_name).map(str::to_owned))
        .or_else(|| known.def.default.map(str::to_owned))
}

/// Whether the broker's configuration behind a topic's is set.
pub(super) fn is_set_by(name: &str, broker: &BrokerConfig) -> bool {
    find(name).is_some_and(|known| broker.is_set(known.broker_name))
}

/// All configurations of a topic, for DescribeConfigs.
pub(crate) fn describe_topic(topic: &Topic, broker: &BrokerConfig) -> Vec<ConfigEntry> {
    DEFS.iter()
        .map(|known| describe(known, &topic.overrides, broker))
        .collect()
}

fn describe(
    known: &TopicConfigDef,
    overrides: &BTreeMap<String, String>,
    broker: &BrokerConfig,
) -> ConfigEntry {
    let synonym = |name, value: &str, source| ConfigSynonym {
        name,
        value: Some(value.to_owned()),
        source,
    };
    let mut synonyms = Vec::new();
    if let Some(value) = overrides.get(known.def.name) {
        synonyms.push(synonym(known.def.name, value, ConfigSource::Topic));
    }
    if let Some(value) = broker.set_value(known.broker_name) {
        synonyms.push(synonym(
            known.broker_name,
            value,
            ConfigSource::StaticBroker,
        ));
    }
    if let Some(value) = known.def.default.filter(|_| !known.broker_name.is_empty()) {
        synonyms.push(synonym(known.broker_name, value, ConfigSource::Default));
    }
    let first = synonyms.first();
    let fallback = known.def.default.map(str::to_owned);
    ConfigEntry {
        name: known.def.name,
        value: first.map_or(fallback, |s| s.value.clone()),
        source: first.map_or(ConfigSource::Default, |s| s.source),
        kind: known.def.kind,
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
    fn the_table_is_sorted_and_its_defaults_are_valid() {
        assert!(DEFS.is_sorted_by_key(|known| known.def.name));
        for known in DEFS {
            let default = known.def.default.unwrap();
            assert_eq!(known.def.check(default), Ok(()), "{}", known.def.name);
        }
    }

    #[test]
    fn every_broker_synonym_is_a_broker_configuration() {
        for known in DEFS.iter().filter(|known| !known.broker_name.is_empty()) {
            assert!(
                BrokerConfig::is_known(known.broker_name),
                "{}",
                known.broker_name
            );
        }
    }

    #[test]
    fn overrides_are_checked() {
        let of = |name: &str, value: Option<&str>| {
            check_overrides(&[(name.to_owned(), value.map(str::to_owned))])
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
    }

    #[test]
    fn a_topic_overrides_the_broker_and_the_broker_the_default() {
        let broker = BrokerConfig::new([("log.retention.ms", "5000")]).unwrap();
        let mut overrides = BTreeMap::new();
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
        assert_eq!(entry.synonyms.len(), 3);
        assert_eq!(
            effective("retention.ms", &overrides, &broker).as_deref(),
            Some("7")
        );
    }
}
