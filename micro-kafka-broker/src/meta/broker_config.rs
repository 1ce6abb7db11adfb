//! The broker's own configurations.
//!
//! The names, types and defaults are Kafka's; four defaults are those of a single broker for
//! development: no initial rebalance delay, and internal topics with one replica.

use std::collections::BTreeMap;

use super::ConfigError;
use super::config::{Check, ConfigDef, ConfigEntry, ConfigKind, ConfigSource, ConfigSynonym};

const fn def(
    name: &'static str,
    kind: ConfigKind,
    default: Option<&'static str>,
    check: Check,
) -> ConfigDef {
    let doc = "";
    ConfigDef {
        name,
        kind,
        default,
        check,
        doc,
    }
}

/// The one authorizer there is, by the name of Kafka's own.
const AUTHORIZER: &str = "org.apache.kafka.metadata.authorizer.StandardAuthorizer";

/// All configurations of a broker, by name.
#[rustfmt::skip]
const DEFS: &[ConfigDef] = &[
    def("advertised.listeners", ConfigKind::List, None, Check::Any),
    def("allow.everyone.if.no.acl.found", ConfigKind::Boolean, Some("false"), Check::Any),
    def("authorizer.class.name", ConfigKind::String, Some(""), Check::OneOf(&["", AUTHORIZER])),
    def("auto.create.topics.enable", ConfigKind::Boolean, Some("true"), Check::Any),
    def("auto.leader.rebalance.enable", ConfigKind::Boolean, Some("true"), Check::Any),
    def("background.threads", ConfigKind::Int, Some("10"), Check::AtLeast(1)),
    def("broker.heartbeat.interval.ms", ConfigKind::Int, Some("2000"), Check::Any),
    def("broker.id", ConfigKind::Int, Some("-1"), Check::Any),
    def("broker.rack", ConfigKind::String, None, Check::Any),
    def("broker.session.timeout.ms", ConfigKind::Int, Some("9000"), Check::Any),
    def("compression.gzip.level", ConfigKind::Int, Some("-1"), Check::Between(-1, 9)),
    def("compression.lz4.level", ConfigKind::Int, Some("9"), Check::Between(1, 17)),
    def("compression.type", ConfigKind::String, Some("producer"), Check::Any),
    def("compression.zstd.level", ConfigKind::Int, Some("3"), Check::Between(-131072, 22)),
    def("connections.max.idle.ms", ConfigKind::Long, Some("600000"), Check::Any),
    def("controller.listener.names", ConfigKind::List, Some("CONTROLLER"), Check::Any),
    def("default.replication.factor", ConfigKind::Int, Some("1"), Check::Any),
    def("delete.topic.enable", ConfigKind::Boolean, Some("true"), Check::Any),
    def("fetch.max.bytes", ConfigKind::Int, Some("57671680"), Check::AtLeast(1024)),
    def("fetch.purgatory.purge.interval.requests", ConfigKind::Int, Some("1000"), Check::Any),
    def("group.consumer.assignment.interval.ms", ConfigKind::Int, Some("1000"), Check::AtLeast(0)),
    def("group.consumer.assignors", ConfigKind::List, Some("uniform,range"), Check::Any),
    def("group.consumer.heartbeat.interval.ms", ConfigKind::Int, Some("5000"), Check::AtLeast(1)),
    def("group.consumer.max.assignment.interval.ms", ConfigKind::Int, Some("15000"), Check::AtLeast(0)),
    def("group.consumer.max.heartbeat.interval.ms", ConfigKind::Int, Some("15000"), Check::AtLeast(1)),
    def("group.consumer.max.session.timeout.ms", ConfigKind::Int, Some("60000"), Check::AtLeast(1)),
    def("group.consumer.max.size", ConfigKind::Int, Some("2147483647"), Check::AtLeast(1)),
    def("group.consumer.migration.policy", ConfigKind::String, Some("bidirectional"), Check::OneOf(&["disabled", "downgrade", "upgrade", "bidirectional"])),
    def("group.consumer.min.assignment.interval.ms", ConfigKind::Int, Some("0"), Check::AtLeast(0)),
    def("group.consumer.min.heartbeat.interval.ms", ConfigKind::Int, Some("5000"), Check::AtLeast(1)),
    def("group.consumer.min.session.timeout.ms", ConfigKind::Int, Some("45000"), Check::AtLeast(1)),
    def("group.consumer.session.timeout.ms", ConfigKind::Int, Some("45000"), Check::AtLeast(1)),
    def("group.coordinator.append.linger.ms", ConfigKind::Int, Some("-1"), Check::AtLeast(-1)),
    def("group.coordinator.background.threads", ConfigKind::Int, Some("2"), Check::AtLeast(1)),
    def("group.coordinator.cached.buffer.max.bytes", ConfigKind::Int, Some("1048588"), Check::AtLeast(524288)),
    def("group.coordinator.rebalance.protocols", ConfigKind::List, Some("classic,consumer,streams"), Check::ListOf(&["consumer", "classic", "share", "streams"])),
    def("group.coordinator.threads", ConfigKind::Int, Some("4"), Check::AtLeast(1)),
    def("group.initial.rebalance.delay.ms", ConfigKind::Int, Some("0"), Check::Any),
    def("group.max.session.timeout.ms", ConfigKind::Int, Some("1800000"), Check::Any),
    def("group.max.size", ConfigKind::Int, Some("2147483647"), Check::AtLeast(1)),
    def("group.min.session.timeout.ms", ConfigKind::Int, Some("6000"), Check::Any),
    def("inter.broker.listener.name", ConfigKind::String, None, Check::Any),
    def("listener.security.protocol.map", ConfigKind::String, Some("SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT"), Check::Any),
    def("listeners", ConfigKind::List, Some("PLAINTEXT://:9092"), Check::Any),
    def("log.cleaner.backoff.ms", ConfigKind::Long, Some("15000"), Check::AtLeast(0)),
    def("log.cleaner.dedupe.buffer.size", ConfigKind::Long, Some("134217728"), Check::Any),
    def("log.cleaner.delete.retention.ms", ConfigKind::Long, Some("86400000"), Check::AtLeast(0)),
    def("log.cleaner.enable", ConfigKind::Boolean, Some("true"), Check::Any),
    def("log.cleaner.io.buffer.load.factor", ConfigKind::Double, Some("0.9"), Check::Any),
    def("log.cleaner.io.buffer.size", ConfigKind::Int, Some("524288"), Check::AtLeast(0)),
    def("log.cleaner.io.max.bytes.per.second", ConfigKind::Double, Some("1.7976931348623157E308"), Check::Any),
    def("log.cleaner.max.compaction.lag.ms", ConfigKind::Long, Some("9223372036854775807"), Check::AtLeast(1)),
    def("log.cleaner.min.cleanable.ratio", ConfigKind::Double, Some("0.5"), Check::Between(0, 1)),
    def("log.cleaner.min.compaction.lag.ms", ConfigKind::Long, Some("0"), Check::AtLeast(0)),
    def("log.cleaner.threads", ConfigKind::Int, Some("1"), Check::AtLeast(0)),
    def("log.cleanup.policy", ConfigKind::List, Some("delete"), Check::ListOf(&["compact", "delete"])),
    def("log.dir", ConfigKind::List, None, Check::Any),
    def("log.dir.failure.timeout.ms", ConfigKind::Long, Some("30000"), Check::AtLeast(1)),
    def("log.dirs", ConfigKind::List, None, Check::Any),
    def("log.flush.interval.messages", ConfigKind::Long, Some("9223372036854775807"), Check::AtLeast(1)),
    def("log.flush.interval.ms", ConfigKind::Long, None, Check::Any),
    def("log.flush.offset.checkpoint.interval.ms", ConfigKind::Int, Some("60000"), Check::AtLeast(0)),
    def("log.flush.scheduler.interval.ms", ConfigKind::Long, Some("9223372036854775807"), Check::Any),
    def("log.flush.start.offset.checkpoint.interval.ms", ConfigKind::Int, Some("60000"), Check::AtLeast(0)),
    def("log.index.interval.bytes", ConfigKind::Int, Some("4096"), Check::AtLeast(0)),
    def("log.index.size.max.bytes", ConfigKind::Int, Some("10485760"), Check::AtLeast(4)),
    def("log.local.retention.bytes", ConfigKind::Long, Some("-2"), Check::AtLeast(-2)),
    def("log.local.retention.ms", ConfigKind::Long, Some("-2"), Check::AtLeast(-2)),
    def("log.message.timestamp.after.max.ms", ConfigKind::Long, Some("3600000"), Check::AtLeast(0)),
    def("log.message.timestamp.before.max.ms", ConfigKind::Long, Some("9223372036854775807"), Check::AtLeast(0)),
    def("log.message.timestamp.type", ConfigKind::String, Some("CreateTime"), Check::OneOf(&["CreateTime", "LogAppendTime"])),
    def("log.preallocate", ConfigKind::Boolean, Some("false"), Check::Any),
    def("log.retention.bytes", ConfigKind::Long, Some("-1"), Check::Any),
    def("log.retention.check.interval.ms", ConfigKind::Long, Some("300000"), Check::AtLeast(1)),
    def("log.retention.hours", ConfigKind::Int, Some("168"), Check::Any),
    def("log.retention.minutes", ConfigKind::Int, None, Check::Any),
    def("log.retention.ms", ConfigKind::Long, None, Check::Any),
    def("log.roll.hours", ConfigKind::Int, Some("168"), Check::AtLeast(1)),
    def("log.roll.jitter.hours", ConfigKind::Int, Some("0"), Check::AtLeast(0)),
    def("log.roll.jitter.ms", ConfigKind::Long, None, Check::Any),
    def("log.roll.ms", ConfigKind::Long, None, Check::Any),
    def("log.segment.bytes", ConfigKind::Int, Some("1073741824"), Check::AtLeast(1048576)),
    def("log.segment.delete.delay.ms", ConfigKind::Long, Some("60000"), Check::AtLeast(0)),
    def("max.connection.creation.rate", ConfigKind::Int, Some("2147483647"), Check::AtLeast(0)),
    def("max.connections", ConfigKind::Int, Some("2147483647"), Check::AtLeast(0)),
    def("max.connections.per.ip", ConfigKind::Int, Some("2147483647"), Check::AtLeast(0)),
    def("max.connections.per.ip.overrides", ConfigKind::String, Some(""), Check::Any),
    def("max.incremental.fetch.session.cache.slots", ConfigKind::Int, Some("1000"), Check::AtLeast(0)),
    def("max.request.partition.size.limit", ConfigKind::Int, Some("2000"), Check::AtLeast(1)),
    def("message.max.bytes", ConfigKind::Int, Some("1048588"), Check::AtLeast(0)),
    def("min.insync.replicas", ConfigKind::Int, Some("1"), Check::AtLeast(1)),
    def("node.id", ConfigKind::Int, Some("1"), Check::AtLeast(0)),
    def("num.io.threads", ConfigKind::Int, Some("8"), Check::AtLeast(1)),
    def("num.network.threads", ConfigKind::Int, Some("3"), Check::AtLeast(1)),
    def("num.partitions", ConfigKind::Int, Some("1"), Check::AtLeast(1)),
    def("num.recovery.threads.per.data.dir", ConfigKind::Int, Some("2"), Check::AtLeast(1)),
    def("num.replica.alter.log.dirs.threads", ConfigKind::Int, None, Check::Any),
    def("num.replica.fetchers", ConfigKind::Int, Some("1"), Check::AtLeast(1)),
    def("offset.metadata.max.bytes", ConfigKind::Int, Some("4096"), Check::Any),
    def("offsets.commit.timeout.ms", ConfigKind::Int, Some("5000"), Check::AtLeast(1)),
    def("offsets.load.buffer.size", ConfigKind::Int, Some("5242880"), Check::AtLeast(1)),
    def("offsets.retention.check.interval.ms", ConfigKind::Long, Some("600000"), Check::AtLeast(1)),
    def("offsets.retention.minutes", ConfigKind::Int, Some("10080"), Check::AtLeast(1)),
    def("offsets.topic.compression.codec", ConfigKind::Int, Some("0"), Check::Any),
    def("offsets.topic.num.partitions", ConfigKind::Int, Some("50"), Check::AtLeast(1)),
    def("offsets.topic.replication.factor", ConfigKind::Short, Some("1"), Check::AtLeast(1)),
    def("offsets.topic.segment.bytes", ConfigKind::Int, Some("104857600"), Check::AtLeast(1)),
    def("process.roles", ConfigKind::List, Some("broker,controller"), Check::ListOf(&["broker", "controller"])),
    def("producer.id.expiration.ms", ConfigKind::Int, Some("86400000"), Check::AtLeast(1)),
    def("queued.max.request.bytes", ConfigKind::Long, Some("-1"), Check::Any),
    def("queued.max.requests", ConfigKind::Int, Some("500"), Check::AtLeast(1)),
    def("replica.fetch.backoff.ms", ConfigKind::Int, Some("1000"), Check::AtLeast(0)),
    def("replica.fetch.max.bytes", ConfigKind::Int, Some("1048576"), Check::AtLeast(0)),
    def("replica.fetch.min.bytes", ConfigKind::Int, Some("1"), Check::Any),
    def("replica.fetch.response.max.bytes", ConfigKind::Int, Some("10485760"), Check::AtLeast(0)),
    def("replica.fetch.wait.max.ms", ConfigKind::Int, Some("500"), Check::Any),
    def("replica.lag.time.max.ms", ConfigKind::Long, Some("30000"), Check::Any),
    def("replica.selector.class", ConfigKind::String, None, Check::Any),
    def("replica.socket.receive.buffer.bytes", ConfigKind::Int, Some("65536"), Check::Any),
    def("replica.socket.timeout.ms", ConfigKind::Int, Some("30000"), Check::Any),
    def("request.timeout.ms", ConfigKind::Int, Some("30000"), Check::Any),
    def("security.inter.broker.protocol", ConfigKind::String, Some("PLAINTEXT"), Check::OneOf(&["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"])),
    def("socket.listen.backlog.size", ConfigKind::Int, Some("50"), Check::AtLeast(1)),
    def("socket.receive.buffer.bytes", ConfigKind::Int, Some("102400"), Check::Any),
    def("socket.request.max.bytes", ConfigKind::Int, Some("104857600"), Check::AtLeast(1)),
    def("socket.send.buffer.bytes", ConfigKind::Int, Some("102400"), Check::Any),
    def("super.users", ConfigKind::String, Some(""), Check::Any),
    def("telemetry.max.bytes", ConfigKind::Int, Some("1048576"), Check::AtLeast(1)),
    def("transaction.abort.timed.out.transaction.cleanup.interval.ms", ConfigKind::Int, Some("10000"), Check::AtLeast(1)),
    def("transaction.max.timeout.ms", ConfigKind::Int, Some("900000"), Check::AtLeast(1)),
    def("transaction.partition.verification.enable", ConfigKind::Boolean, Some("true"), Check::Any),
    def("transaction.remove.expired.transaction.cleanup.interval.ms", ConfigKind::Int, Some("3600000"), Check::AtLeast(1)),
    def("transaction.state.log.load.buffer.size", ConfigKind::Int, Some("5242880"), Check::AtLeast(1)),
    def("transaction.state.log.min.isr", ConfigKind::Int, Some("1"), Check::AtLeast(1)),
    def("transaction.state.log.num.partitions", ConfigKind::Int, Some("50"), Check::AtLeast(1)),
    def("transaction.state.log.replication.factor", ConfigKind::Short, Some("1"), Check::AtLeast(1)),
    def("transaction.state.log.segment.bytes", ConfigKind::Int, Some("104857600"), Check::AtLeast(1)),
    def("transaction.two.phase.commit.enable", ConfigKind::Boolean, Some("false"), Check::Any),
    def("transactional.id.expiration.ms", ConfigKind::Int, Some("604800000"), Check::AtLeast(1)),
    def("unclean.leader.election.enable", ConfigKind::Boolean, Some("false"), Check::Any),
];

/// What the broker was started with; everything else has its default.
#[derive(Debug, Clone, Default)]
pub(crate) struct BrokerConfig {
    set: BTreeMap<&'static str, String>,
}

impl BrokerConfig {
    /// Checks the given names and values.
    ///
    /// # Errors
    /// [`ConfigError`] for the first unknown name or invalid value.
    pub(crate) fn new<N: AsRef<str>, V: Into<String>>(
        values: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Self, ConfigError> {
        let mut set = BTreeMap::new();
        for (name, value) in values {
            let name = name.as_ref();
            let unknown = || ConfigError::Unknown {
                scope: "broker",
                name: name.to_owned(),
            };
            let known = find(name).ok_or_else(unknown)?;
            let value = value.into();
            known.check(&value)?;
            set.insert(known.name, value);
        }
        Ok(Self { set })
    }

    /// The value in force, as text; `None` for null or an unknown name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.set_value(name).or_else(|| find(name)?.default)
    }

    /// A number in force; 0 for a name that is none.
    pub(crate) fn number(&self, name: &str) -> i64 {
        self.get(name)
            .and_then(|value| value.trim().parse().ok())
            .unwrap_or(0)
    }

    /// A switch in force.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.get(name)
            .is_some_and(|value| value.trim().eq_ignore_ascii_case("true"))
    }

    /// The value that was given at start.
    pub(super) fn set_value(&self, name: &str) -> Option<&str> {
        self.set.get(name).map(String::as_str)
    }

    /// All configurations, for DescribeConfigs.
    pub(crate) fn describe(&self) -> Vec<ConfigEntry> {
        DEFS.iter().map(|known| self.describe_one(known)).collect()
    }

    fn describe_one(&self, known: &'static ConfigDef) -> ConfigEntry {
        let set = self
            .set_value(known.name)
            .map(|value| (value, ConfigSource::StaticBroker));
        let default = known.default.map(|value| (value, ConfigSource::Default));
        let synonyms: Vec<_> = set.into_iter().chain(default).collect();
        let first = synonyms.first().copied();
        ConfigEntry {
            name: known.name,
            value: first.map(|(value, _)| value.to_owned()),
            source: first.map_or(ConfigSource::Default, |(_, source)| source),
            kind: known.kind,
            documentation: known.doc,
            read_only: true,
            sensitive: false,
            synonyms: synonyms
                .into_iter()
                .map(|(value, source)| ConfigSynonym {
                    name: known.name,
                    value: Some(value.to_owned()),
                    source,
                })
                .collect(),
        }
    }

    #[cfg(test)]
    pub(super) fn is_known(name: &str) -> bool {
        find(name).is_some()
    }
}

fn find(name: &str) -> Option<&'static ConfigDef> {
    let at = DEFS.binary_search_by(|known| known.name.cmp(name)).ok()?;
    DEFS.get(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_its_defaults_are_valid() {
        assert!(DEFS.is_sorted_by_key(|known| known.name));
        for known in DEFS {
            if let Some(default) = known.default {
                assert_eq!(known.check(default), Ok(()), "{}", known.name);
            }
        }
    }

    #[test]
    fn what_was_given_wins_over_the_default() {
        let config = BrokerConfig::new([("num.partitions", "4")]).unwrap();
        assert_eq!(config.number("num.partitions"), 4);
        assert_eq!(config.number("default.replication.factor"), 1);
        assert!(config.flag("auto.create.topics.enable"));
        let entries = config.describe();
        let partitions = entries.iter().find(|e| e.name == "num.partitions").unwrap();
        assert_eq!(partitions.source, ConfigSource::StaticBroker);
        assert_eq!(partitions.synonyms.len(), 2);
    }

    #[test]
    fn unknown_and_invalid_values_are_refused() {
        assert!(BrokerConfig::new([("num.partition", "4")]).is_err());
        assert!(BrokerConfig::new([("num.partitions", "0")]).is_err());
    }
}
