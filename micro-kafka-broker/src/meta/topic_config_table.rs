//! The configurations of topics, by name; names, types and defaults are Kafka's.

use super::config::{COMPRESSIONS, Check, ConfigDef, ConfigKind};

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
pub(super) const DEFS: &[TopicConfigDef] = &[
    def("cleanup.policy", ConfigKind::List, "delete", Check::ListOf(&["compact", "delete"]), "log.cleanup.policy", "What happens to old segments: delete, compact or both."),
    def("compression.gzip.level", ConfigKind::Int, "-1", Check::OffOr(-1, 1, 9), "compression.gzip.level", "Level where compression.type is gzip."),
    def("compression.lz4.level", ConfigKind::Int, "9", Check::Between(1, 17), "compression.lz4.level", "Level where compression.type is lz4."),
    def("compression.type", ConfigKind::String, "producer", Check::OneOf(COMPRESSIONS), "compression.type", "The final codec; producer keeps the producer's."),
    def("compression.zstd.level", ConfigKind::Int, "3", Check::Between(-131072, 22), "compression.zstd.level", "Level where compression.type is zstd."),
    def("delete.retention.ms", ConfigKind::Long, "86400000", Check::AtLeast(0), "log.cleaner.delete.retention.ms", "How long tombstones of a compacted topic are kept."),
    def("file.delete.delay.ms", ConfigKind::Long, "60000", Check::AtLeast(0), "log.segment.delete.delay.ms", "Time before a deleted file leaves the disk."),
    def("flush.messages", ConfigKind::Long, "9223372036854775807", Check::AtLeast(1), "log.flush.interval.messages", "Records between two flushes to disk."),
    def("flush.ms", ConfigKind::Long, "9223372036854775807", Check::AtLeast(0), "log.flush.interval.ms", "Time between two flushes to disk."),
    def("follower.replication.throttled.replicas", ConfigKind::List, "", Check::Replicas, "", "Replicas whose replication is throttled on the follower."),
    def("index.interval.bytes", ConfigKind::Int, "4096", Check::AtLeast(0), "log.index.interval.bytes", "Bytes between two entries of the offset index."),
    def("leader.replication.throttled.replicas", ConfigKind::List, "", Check::Replicas, "", "Replicas whose replication is throttled on the leader."),
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

/// A segment size below the smallest that `segment.bytes` allows, for tests; as in Kafka it is
/// accepted and not shown.
pub(super) const INTERNAL_SEGMENT_BYTES: TopicConfigDef = TopicConfigDef {
    def: ConfigDef {
        name: "internal.segment.bytes",
        kind: ConfigKind::Int,
        default: None,
        check: Check::AtLeast(1),
        doc: "Bytes of a segment, for tests.",
    },
    broker_name: "",
};

/// The order in which Kafka looks at values: the first that is wrong is told.
#[rustfmt::skip]
pub(super) const CHECK_ORDER: &[&str] = &[
    "segment.bytes",
    "segment.ms",
    "segment.jitter.ms",
    "segment.index.bytes",
    "flush.messages",
    "flush.ms",
    "retention.bytes",
    "retention.ms",
    "max.message.bytes",
    "index.interval.bytes",
    "delete.retention.ms",
    "min.compaction.lag.ms",
    "max.compaction.lag.ms",
    "file.delete.delay.ms",
    "min.cleanable.dirty.ratio",
    "cleanup.policy",
    "unclean.leader.election.enable",
    "min.insync.replicas",
    "compression.type",
    "compression.gzip.level",
    "compression.lz4.level",
    "compression.zstd.level",
    "preallocate",
    "message.timestamp.type",
    "message.timestamp.before.max.ms",
    "message.timestamp.after.max.ms",
    "leader.replication.throttled.replicas",
    "follower.replication.throttled.replicas",
    "remote.storage.enable",
    "local.retention.ms",
    "local.retention.bytes",
    "remote.log.copy.disable",
    "remote.log.delete.on.disable",
    "internal.segment.bytes",
];

pub(super) fn find(name: &str) -> Option<&'static TopicConfigDef> {
    if name == INTERNAL_SEGMENT_BYTES.def.name {
        return Some(&INTERNAL_SEGMENT_BYTES);
    }
    let at = DEFS
        .binary_search_by(|known| known.def.name.cmp(name))
        .ok()?;
    DEFS.get(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meta::BrokerConfig;

    #[test]
    fn the_table_is_sorted_and_its_defaults_are_valid() {
        assert!(DEFS.is_sorted_by_key(|known| known.def.name));
        for known in DEFS {
            let default = known.def.default.unwrap();
            assert_eq!(known.def.check(default), Ok(()), "{}", known.def.name);
        }
    }

    #[test]
    fn every_value_is_looked_at_once() {
        let mut order = CHECK_ORDER.to_vec();
        order.sort_unstable();
        let mut all: Vec<_> = DEFS.iter().map(|known| known.def.name).collect();
        all.push(INTERNAL_SEGMENT_BYTES.def.name);
        all.sort_unstable();
        assert_eq!(order, all);
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
}
