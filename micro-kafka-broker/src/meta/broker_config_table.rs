//! The configurations of a broker, by name.
//!
//! The names, types and defaults are Kafka's; the defaults of a single broker for development
//! differ in the initial rebalance delay, which is none, and in the replicas of internal topics,
//! which are one.

use super::config::{COMPRESSIONS, Check, ConfigDef, ConfigKind};

/// The one authorizer there is, by the name of Kafka's own.
const AUTHORIZER: &str = "org.apache.kafka.metadata.authorizer.StandardAuthorizer";

/// A broker's configuration, and whether it can be changed while the broker runs.
#[derive(Debug)]
pub(super) struct BrokerConfigDef {
    pub(super) def: ConfigDef,
    pub(super) dynamic: bool,
}

const fn fixed(
    name: &'static str,
    kind: ConfigKind,
    default: Option<&'static str>,
    check: Check,
    doc: &'static str,
) -> BrokerConfigDef {
    let def = ConfigDef {
        name,
        kind,
        default,
        check,
        doc,
    };
    let dynamic = false;
    BrokerConfigDef { def, dynamic }
}

const fn dynamic(
    name: &'static str,
    kind: ConfigKind,
    default: Option<&'static str>,
    check: Check,
    doc: &'static str,
) -> BrokerConfigDef {
    let def = fixed(name, kind, default, check, doc).def;
    let dynamic = true;
    BrokerConfigDef { def, dynamic }
}

/// All configurations of a broker.
#[rustfmt::skip]
pub(super) const DEFS: &[BrokerConfigDef] = &[
    fixed("advertised.listeners", ConfigKind::List, None, Check::Any, "The addresses that clients are told to connect to, one for each listener."),
    fixed("allow.everyone.if.no.acl.found", ConfigKind::Boolean, Some("false"), Check::Any, "Whether a resource that no access control list names is open to all."),
    fixed("authorizer.class.name", ConfigKind::String, Some(""), Check::OneOf(&["", AUTHORIZER]), "The class that decides who may do what; empty for none."),
    fixed("auto.create.topics.enable", ConfigKind::Boolean, Some("true"), Check::Any, "Whether a topic is created when a client asks for one that does not exist."),
    fixed("auto.leader.rebalance.enable", ConfigKind::Boolean, Some("true"), Check::Any, "Whether leadership goes back to preferred replicas by itself."),
    dynamic("background.threads", ConfigKind::Int, Some("10"), Check::AtLeast(1), "Threads for tasks in the background."),
    fixed("broker.heartbeat.interval.ms", ConfigKind::Int, Some("2000"), Check::Any, "Time between two heartbeats of a broker to the controller."),
    fixed("broker.id", ConfigKind::Int, Some("-1"), Check::Any, "The id of this broker."),
    fixed("broker.rack", ConfigKind::String, None, Check::Any, "The rack that the broker stands in, for placing replicas."),
    fixed("broker.session.timeout.ms", ConfigKind::Int, Some("9000"), Check::Any, "Time without heartbeats after which a broker counts as gone."),
    dynamic("compression.gzip.level", ConfigKind::Int, Some("-1"), Check::OffOr(-1, 1, 9), "The level of topics whose compression.type is gzip."),
    dynamic("compression.lz4.level", ConfigKind::Int, Some("9"), Check::Between(1, 17), "The level of topics whose compression.type is lz4."),
    dynamic("compression.type", ConfigKind::String, Some("producer"), Check::OneOf(COMPRESSIONS), "The codec in which batches are stored; producer keeps that of the producer."),
    dynamic("compression.zstd.level", ConfigKind::Int, Some("3"), Check::Between(-131072, 22), "The level of topics whose compression.type is zstd."),
    fixed("connections.max.idle.ms", ConfigKind::Long, Some("600000"), Check::Any, "Time after which a silent connection is closed."),
    fixed("controller.listener.names", ConfigKind::List, Some("CONTROLLER"), Check::Any, "The listeners of the controller."),
    fixed("default.replication.factor", ConfigKind::Int, Some("1"), Check::Any, "Replicas of topics that are created without a number."),
    fixed("delete.topic.enable", ConfigKind::Boolean, Some("true"), Check::Any, "Whether topics can be deleted."),
    fixed("fetch.max.bytes", ConfigKind::Int, Some("57671680"), Check::AtLeast(1024), "Most bytes of a fetch response."),
    fixed("fetch.purgatory.purge.interval.requests", ConfigKind::Int, Some("1000"), Check::Any, "Waiting fetches between two clean-ups of their list."),
    dynamic("group.consumer.assignment.interval.ms", ConfigKind::Int, Some("1000"), Check::AtLeast(0), "Shortest time between two assignments of a consumer group."),
    fixed("group.consumer.assignors", ConfigKind::List, Some("uniform,range"), Check::Any, "The assignors that the broker offers to consumer groups, the default first."),
    fixed("group.consumer.heartbeat.interval.ms", ConfigKind::Int, Some("5000"), Check::AtLeast(1), "Time between two heartbeats of a consumer group's member."),
    fixed("group.consumer.max.assignment.interval.ms", ConfigKind::Int, Some("15000"), Check::AtLeast(0), "The largest assignment interval that a consumer group may set."),
    fixed("group.consumer.max.heartbeat.interval.ms", ConfigKind::Int, Some("15000"), Check::AtLeast(1), "The largest heartbeat interval that a consumer group may set."),
    fixed("group.consumer.max.session.timeout.ms", ConfigKind::Int, Some("60000"), Check::AtLeast(1), "The largest session timeout that a consumer group may set."),
    fixed("group.consumer.max.size", ConfigKind::Int, Some("2147483647"), Check::AtLeast(1), "Most members of a consumer group."),
    fixed("group.consumer.migration.policy", ConfigKind::String, Some("bidirectional"), Check::OneOf(&["disabled", "downgrade", "upgrade", "bidirectional"]), "Which ways a group may go between the classic and the consumer protocol."),
    fixed("group.consumer.min.assignment.interval.ms", ConfigKind::Int, Some("0"), Check::AtLeast(0), "The smallest assignment interval that a consumer group may set."),
    fixed("group.consumer.min.heartbeat.interval.ms", ConfigKind::Int, Some("5000"), Check::AtLeast(1), "The smallest heartbeat interval that a consumer group may set."),
    fixed("group.consumer.min.session.timeout.ms", ConfigKind::Int, Some("45000"), Check::AtLeast(1), "The smallest session timeout that a consumer group may set."),
    fixed("group.consumer.session.timeout.ms", ConfigKind::Int, Some("45000"), Check::AtLeast(1), "Time without heartbeats after which a consumer group's member is removed."),
    fixed("group.coordinator.append.linger.ms", ConfigKind::Int, Some("-1"), Check::AtLeast(-1), "How long the group coordinator gathers writes; -1 adapts it to the load."),
    fixed("group.coordinator.background.threads", ConfigKind::Int, Some("2"), Check::AtLeast(1), "Threads of the group coordinator for tasks in the background."),
    dynamic("group.coordinator.cached.buffer.max.bytes", ConfigKind::Int, Some("1048588"), Check::AtLeast(524288), "Largest buffer that the group coordinator keeps for reuse."),
    fixed("group.coordinator.rebalance.protocols", ConfigKind::List, Some("classic,consumer,streams"), Check::ListOf(&["consumer", "classic", "share", "streams"]), "The group protocols that are served."),
    fixed("group.coordinator.threads", ConfigKind::Int, Some("4"), Check::AtLeast(1), "Threads of the group coordinator."),
    fixed("group.initial.rebalance.delay.ms", ConfigKind::Int, Some("0"), Check::Any, "How long a new group waits for more members before its first rebalance."),
    fixed("group.max.session.timeout.ms", ConfigKind::Int, Some("1800000"), Check::Any, "The largest session timeout that a classic member may ask for."),
    fixed("group.max.size", ConfigKind::Int, Some("2147483647"), Check::AtLeast(1), "Most members of a classic group."),
    fixed("group.min.session.timeout.ms", ConfigKind::Int, Some("6000"), Check::Any, "The smallest session timeout that a classic member may ask for."),
    dynamic("group.share.assignment.interval.ms", ConfigKind::Int, Some("1000"), Check::AtLeast(0), "Shortest time between two assignments of a share group."),
    fixed("group.share.assignors", ConfigKind::List, Some("simple"), Check::Any, "The assignors that the broker offers to share groups."),
    fixed("group.share.delivery.count.limit", ConfigKind::Int, Some("5"), Check::Between(2, 10), "How often a share group is given a record at most."),
    fixed("group.share.heartbeat.interval.ms", ConfigKind::Int, Some("5000"), Check::AtLeast(1), "Time between two heartbeats of a share group's member."),
    fixed("group.share.max.assignment.interval.ms", ConfigKind::Int, Some("15000"), Check::AtLeast(0), "The largest assignment interval that a share group may set."),
    fixed("group.share.max.delivery.count.limit", ConfigKind::Int, Some("10"), Check::Between(5, 25), "The largest delivery count limit that a share group may set."),
    fixed("group.share.max.heartbeat.interval.ms", ConfigKind::Int, Some("15000"), Check::AtLeast(1), "The largest heartbeat interval that a share group may set."),
    fixed("group.share.max.partition.max.record.locks", ConfigKind::Int, Some("4000"), Check::Between(2000, 20000), "The largest limit of held records that a share group may set."),
    fixed("group.share.max.record.lock.duration.ms", ConfigKind::Int, Some("60000"), Check::Between(30000, 3600000), "The longest time of holding a record that a share group may set."),
    fixed("group.share.max.session.timeout.ms", ConfigKind::Int, Some("60000"), Check::AtLeast(1), "The largest session timeout that a share group may set."),
    fixed("group.share.max.share.sessions", ConfigKind::Int, Some("2000"), Check::AtLeast(1), "Most share sessions of a broker."),
    fixed("group.share.max.size", ConfigKind::Int, Some("200"), Check::Between(1, 1000), "Most members of a share group."),
    fixed("group.share.min.assignment.interval.ms", ConfigKind::Int, Some("0"), Check::AtLeast(0), "The smallest assignment interval that a share group may set."),
    fixed("group.share.min.delivery.count.limit", ConfigKind::Int, Some("2"), Check::Between(2, 5), "The smallest delivery count limit that a share group may set."),
    fixed("group.share.min.heartbeat.interval.ms", ConfigKind::Int, Some("5000"), Check::AtLeast(1), "The smallest heartbeat interval that a share group may set."),
    fixed("group.share.min.partition.max.record.locks", ConfigKind::Int, Some("100"), Check::Between(100, 2000), "The smallest limit of held records that a share group may set."),
    fixed("group.share.min.record.lock.duration.ms", ConfigKind::Int, Some("15000"), Check::Between(1000, 30000), "The shortest time of holding a record that a share group may set."),
    fixed("group.share.min.session.timeout.ms", ConfigKind::Int, Some("45000"), Check::AtLeast(1), "The smallest session timeout that a share group may set."),
    fixed("group.share.partition.max.record.locks", ConfigKind::Int, Some("2000"), Check::Between(100, 10000), "Most records of a partition that a share group holds at once."),
    fixed("group.share.record.lock.duration.ms", ConfigKind::Int, Some("30000"), Check::Between(1000, 3600000), "How long a member of a share group holds a record."),
    fixed("group.share.session.timeout.ms", ConfigKind::Int, Some("45000"), Check::AtLeast(1), "Time without heartbeats after which a share group's member is removed."),
    dynamic("group.streams.assignment.interval.ms", ConfigKind::Int, Some("1000"), Check::AtLeast(0), "Shortest time between two assignments of a streams group."),
    fixed("group.streams.heartbeat.interval.ms", ConfigKind::Int, Some("5000"), Check::AtLeast(1), "Time between two heartbeats of a streams group's member."),
    fixed("group.streams.initial.rebalance.delay.ms", ConfigKind::Int, Some("3000"), Check::AtLeast(0), "How long a new streams group waits for more members before its first rebalance."),
    fixed("group.streams.max.assignment.interval.ms", ConfigKind::Int, Some("15000"), Check::AtLeast(0), "The largest assignment interval that a streams group may set."),
    fixed("group.streams.max.heartbeat.interval.ms", ConfigKind::Int, Some("15000"), Check::AtLeast(1), "The largest heartbeat interval that a streams group may set."),
    fixed("group.streams.max.session.timeout.ms", ConfigKind::Int, Some("60000"), Check::AtLeast(1), "The largest session timeout that a streams group may set."),
    fixed("group.streams.max.size", ConfigKind::Int, Some("2147483647"), Check::AtLeast(1), "Most members of a streams group."),
    fixed("group.streams.max.standby.replicas", ConfigKind::Int, Some("2"), Check::AtLeast(0), "The largest number of standby replicas that a streams group may set."),
    fixed("group.streams.min.assignment.interval.ms", ConfigKind::Int, Some("0"), Check::AtLeast(0), "The smallest assignment interval that a streams group may set."),
    fixed("group.streams.min.heartbeat.interval.ms", ConfigKind::Int, Some("5000"), Check::AtLeast(1), "The smallest heartbeat interval that a streams group may set."),
    fixed("group.streams.min.session.timeout.ms", ConfigKind::Int, Some("45000"), Check::AtLeast(1), "The smallest session timeout that a streams group may set."),
    fixed("group.streams.num.standby.replicas", ConfigKind::Int, Some("0"), Check::AtLeast(0), "Standby replicas of each task of a streams group."),
    fixed("group.streams.session.timeout.ms", ConfigKind::Int, Some("45000"), Check::AtLeast(1), "Time without heartbeats after which a streams group's member is removed."),
    fixed("inter.broker.listener.name", ConfigKind::String, None, Check::Any, "The listener by which brokers talk to each other."),
    fixed("listener.security.protocol.map", ConfigKind::String, Some("SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT"), Check::Any, "The security protocol of each listener."),
    fixed("listeners", ConfigKind::List, Some("PLAINTEXT://:9092"), Check::Any, "The addresses listened on, each with the listener's name."),
    dynamic("log.cleaner.backoff.ms", ConfigKind::Long, Some("15000"), Check::AtLeast(0), "How long the cleaner sleeps when there is nothing to clean."),
    dynamic("log.cleaner.dedupe.buffer.size", ConfigKind::Long, Some("134217728"), Check::Any, "Memory for the keys of a compaction, over all cleaner threads."),
    dynamic("log.cleaner.delete.retention.ms", ConfigKind::Long, Some("86400000"), Check::AtLeast(0), "How long tombstones of compacted topics are kept."),
    fixed("log.cleaner.enable", ConfigKind::Boolean, Some("true"), Check::Any, "Whether compacted topics are compacted."),
    dynamic("log.cleaner.io.buffer.load.factor", ConfigKind::Double, Some("0.9"), Check::Any, "How full the cleaner's buffer of keys may be."),
    dynamic("log.cleaner.io.buffer.size", ConfigKind::Int, Some("524288"), Check::AtLeast(0), "Memory for the cleaner's reads and writes, over all its threads."),
    dynamic("log.cleaner.io.max.bytes.per.second", ConfigKind::Double, Some("1.7976931348623157E308"), Check::Any, "Most bytes that the cleaner reads and writes in a second."),
    dynamic("log.cleaner.max.compaction.lag.ms", ConfigKind::Long, Some("9223372036854775807"), Check::AtLeast(1), "Longest time that a record stays uncompacted."),
    dynamic("log.cleaner.min.cleanable.ratio", ConfigKind::Double, Some("0.5"), Check::Between(0, 1), "Share of uncompacted bytes at which compaction begins."),
    dynamic("log.cleaner.min.compaction.lag.ms", ConfigKind::Long, Some("0"), Check::AtLeast(0), "Shortest time that a record stays uncompacted."),
    dynamic("log.cleaner.threads", ConfigKind::Int, Some("1"), Check::AtLeast(0), "Threads of the cleaner."),
    dynamic("log.cleanup.policy", ConfigKind::List, Some("delete"), Check::ListOf(&["compact", "delete"]), "What happens to old segments: delete, compact or both."),
    fixed("log.dir", ConfigKind::List, None, Check::Any, "The directory of the logs, where log.dirs is not set."),
    fixed("log.dir.failure.timeout.ms", ConfigKind::Long, Some("30000"), Check::AtLeast(1), "How long a broker waits to report a failed directory before it stops."),
    fixed("log.dirs", ConfigKind::List, None, Check::Any, "The directories of the logs."),
    dynamic("log.flush.interval.messages", ConfigKind::Long, Some("9223372036854775807"), Check::AtLeast(1), "Records of a partition between two flushes to disk."),
    dynamic("log.flush.interval.ms", ConfigKind::Long, None, Check::Any, "Longest time that a record stays unflushed; null follows log.flush.scheduler.interval.ms."),
    fixed("log.flush.offset.checkpoint.interval.ms", ConfigKind::Int, Some("60000"), Check::AtLeast(0), "Time between two writes of the recovery points."),
    fixed("log.flush.scheduler.interval.ms", ConfigKind::Long, Some("9223372036854775807"), Check::Any, "Time between two looks for logs to flush."),
    fixed("log.flush.start.offset.checkpoint.interval.ms", ConfigKind::Int, Some("60000"), Check::AtLeast(0), "Time between two writes of the logs' first offsets."),
    dynamic("log.index.interval.bytes", ConfigKind::Int, Some("4096"), Check::AtLeast(0), "Bytes between two entries of an offset index."),
    dynamic("log.index.size.max.bytes", ConfigKind::Int, Some("10485760"), Check::AtLeast(4), "Bytes of an offset index."),
    fixed("log.initial.task.delay.ms", ConfigKind::Long, Some("30000"), Check::AtLeast(0), "Time from the start to the first look for segments to delete."),
    dynamic("log.local.retention.bytes", ConfigKind::Long, Some("-2"), Check::AtLeast(-2), "Bytes kept locally with tiered storage; -2 follows log.retention.bytes."),
    dynamic("log.local.retention.ms", ConfigKind::Long, Some("-2"), Check::AtLeast(-2), "Time kept locally with tiered storage; -2 follows log.retention.ms."),
    dynamic("log.message.timestamp.after.max.ms", ConfigKind::Long, Some("3600000"), Check::AtLeast(0), "How far a record's timestamp may be ahead of the broker's."),
    dynamic("log.message.timestamp.before.max.ms", ConfigKind::Long, Some("9223372036854775807"), Check::AtLeast(0), "How far a record's timestamp may be behind the broker's."),
    dynamic("log.message.timestamp.type", ConfigKind::String, Some("CreateTime"), Check::OneOf(&["CreateTime", "LogAppendTime"]), "Whether timestamps are those of the producer or of the append."),
    dynamic("log.preallocate", ConfigKind::Boolean, Some("false"), Check::Any, "Whether segment files are allocated when they are created."),
    dynamic("log.retention.bytes", ConfigKind::Long, Some("-1"), Check::Any, "Bytes of a partition beyond which old segments are deleted; -1 for no limit."),
    fixed("log.retention.check.interval.ms", ConfigKind::Long, Some("300000"), Check::AtLeast(1), "Time between two looks for segments to delete."),
    fixed("log.retention.hours", ConfigKind::Int, Some("168"), Check::OffOr(-1, 1, i64::MAX), "Hours that records are kept, where neither minutes nor milliseconds are set."),
    fixed("log.retention.minutes", ConfigKind::Int, None, Check::OffOr(-1, 1, i64::MAX), "Minutes that records are kept, where no milliseconds are set."),
    dynamic("log.retention.ms", ConfigKind::Long, None, Check::OffOr(-1, 1, i64::MAX), "Milliseconds that records are kept; -1 for ever, null follows the minutes or hours."),
    fixed("log.roll.hours", ConfigKind::Int, Some("168"), Check::AtLeast(1), "Hours after which a new segment begins, where no milliseconds are set."),
    fixed("log.roll.jitter.hours", ConfigKind::Int, Some("0"), Check::AtLeast(0), "Random hours taken off the roll time, where no milliseconds are set."),
    dynamic("log.roll.jitter.ms", ConfigKind::Long, None, Check::AtLeast(0), "Random milliseconds taken off the roll time; null follows the hours."),
    dynamic("log.roll.ms", ConfigKind::Long, None, Check::AtLeast(1), "Milliseconds after which a new segment begins; null follows the hours."),
    dynamic("log.segment.bytes", ConfigKind::Int, Some("1073741824"), Check::AtLeast(1048576), "Bytes of a segment."),
    dynamic("log.segment.delete.delay.ms", ConfigKind::Long, Some("60000"), Check::AtLeast(0), "Time before a deleted segment's file leaves the disk."),
    dynamic("max.connection.creation.rate", ConfigKind::Int, Some("2147483647"), Check::AtLeast(0), "Most new connections in a second."),
    dynamic("max.connections", ConfigKind::Int, Some("2147483647"), Check::AtLeast(0), "Most connections."),
    dynamic("max.connections.per.ip", ConfigKind::Int, Some("2147483647"), Check::AtLeast(0), "Most connections from one address."),
    dynamic("max.connections.per.ip.overrides", ConfigKind::String, Some(""), Check::Any, "Other limits of connections for single addresses or host names."),
    fixed("max.incremental.fetch.session.cache.slots", ConfigKind::Int, Some("1000"), Check::AtLeast(0), "Most incremental fetch sessions."),
    fixed("max.request.partition.size.limit", ConfigKind::Int, Some("2000"), Check::AtLeast(1), "Most partitions in an answer to DescribeTopicPartitions."),
    dynamic("message.max.bytes", ConfigKind::Int, Some("1048588"), Check::AtLeast(0), "Largest record batch in bytes."),
    dynamic("min.insync.replicas", ConfigKind::Int, Some("1"), Check::AtLeast(1), "Replicas that must have a record before acks=all is answered."),
    fixed("node.id", ConfigKind::Int, Some("1"), Check::AtLeast(0), "The id of this node."),
    dynamic("num.io.threads", ConfigKind::Int, Some("8"), Check::AtLeast(1), "Threads that work on requests."),
    dynamic("num.network.threads", ConfigKind::Int, Some("3"), Check::AtLeast(1), "Threads that read and write connections."),
    fixed("num.partitions", ConfigKind::Int, Some("1"), Check::AtLeast(1), "Partitions of topics that are created without a number."),
    dynamic("num.recovery.threads.per.data.dir", ConfigKind::Int, Some("2"), Check::AtLeast(1), "Threads for each directory that recover logs at start."),
    fixed("num.replica.alter.log.dirs.threads", ConfigKind::Int, None, Check::Any, "Threads that move replicas between directories."),
    dynamic("num.replica.fetchers", ConfigKind::Int, Some("1"), Check::AtLeast(1), "Threads that fetch from each other broker."),
    fixed("offset.metadata.max.bytes", ConfigKind::Int, Some("4096"), Check::Any, "Longest metadata of a committed offset."),
    fixed("offsets.commit.timeout.ms", ConfigKind::Int, Some("5000"), Check::AtLeast(1), "How long a commit may wait for its replicas."),
    fixed("offsets.load.buffer.size", ConfigKind::Int, Some("5242880"), Check::AtLeast(1), "Bytes in a read while offsets are loaded."),
    fixed("offsets.retention.check.interval.ms", ConfigKind::Long, Some("600000"), Check::AtLeast(1), "Time between two looks for expired offsets."),
    fixed("offsets.retention.minutes", ConfigKind::Int, Some("10080"), Check::AtLeast(1), "Minutes that the offsets of a group without members are kept."),
    fixed("offsets.topic.compression.codec", ConfigKind::Int, Some("0"), Check::Any, "The codec of the offsets topic; 0 for none."),
    fixed("offsets.topic.num.partitions", ConfigKind::Int, Some("50"), Check::AtLeast(1), "Partitions of the offsets topic."),
    fixed("offsets.topic.replication.factor", ConfigKind::Short, Some("1"), Check::AtLeast(1), "Replicas of the offsets topic."),
    fixed("offsets.topic.segment.bytes", ConfigKind::Int, Some("104857600"), Check::AtLeast(1), "Bytes of a segment of the offsets topic."),
    fixed("process.roles", ConfigKind::List, Some("broker,controller"), Check::ListOf(&["broker", "controller"]), "What this node is: broker, controller or both."),
    dynamic("producer.id.expiration.ms", ConfigKind::Int, Some("86400000"), Check::AtLeast(1), "Time without a write after which a producer's state is forgotten."),
    fixed("queued.max.request.bytes", ConfigKind::Long, Some("-1"), Check::Any, "Most bytes of requests that wait; -1 for no limit."),
    fixed("queued.max.requests", ConfigKind::Int, Some("500"), Check::AtLeast(1), "Most requests that wait before connections are not read any more."),
    fixed("remote.log.storage.system.enable", ConfigKind::Boolean, Some("false"), Check::Any, "Whether there is tiered storage."),
    fixed("replica.fetch.backoff.ms", ConfigKind::Int, Some("1000"), Check::AtLeast(0), "How long a follower waits after a failed fetch."),
    fixed("replica.fetch.max.bytes", ConfigKind::Int, Some("1048576"), Check::AtLeast(0), "Bytes that a follower fetches of a partition."),
    fixed("replica.fetch.min.bytes", ConfigKind::Int, Some("1"), Check::Any, "Bytes that a follower's fetch waits for."),
    fixed("replica.fetch.response.max.bytes", ConfigKind::Int, Some("10485760"), Check::AtLeast(0), "Bytes of the answer to a follower's fetch."),
    fixed("replica.fetch.wait.max.ms", ConfigKind::Int, Some("500"), Check::Any, "Longest wait of a follower's fetch."),
    fixed("replica.lag.time.max.ms", ConfigKind::Long, Some("30000"), Check::Any, "Time behind the leader after which a follower is out of sync."),
    fixed("replica.selector.class", ConfigKind::String, None, Check::Any, "The class that chooses a consumer's replica; null for the leader."),
    fixed("replica.socket.receive.buffer.bytes", ConfigKind::Int, Some("65536"), Check::Any, "Receive buffer of a follower's socket."),
    fixed("replica.socket.timeout.ms", ConfigKind::Int, Some("30000"), Check::Any, "Timeout of a follower's requests."),
    fixed("request.timeout.ms", ConfigKind::Int, Some("30000"), Check::Any, "How long brokers wait for each other's answers."),
    fixed("security.inter.broker.protocol", ConfigKind::String, Some("PLAINTEXT"), Check::OneOf(&["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]), "The security protocol between brokers."),
    fixed("socket.listen.backlog.size", ConfigKind::Int, Some("50"), Check::AtLeast(1), "Connections that wait to be accepted."),
    fixed("socket.receive.buffer.bytes", ConfigKind::Int, Some("102400"), Check::Any, "Receive buffer of the server's sockets; -1 for the system's."),
    fixed("socket.request.max.bytes", ConfigKind::Int, Some("104857600"), Check::AtLeast(1), "Largest request in bytes."),
    fixed("socket.send.buffer.bytes", ConfigKind::Int, Some("102400"), Check::Any, "Send buffer of the server's sockets; -1 for the system's."),
    fixed("super.users", ConfigKind::String, Some(""), Check::Any, "Principals that may do everything, separated by semicolons."),
    fixed("telemetry.max.bytes", ConfigKind::Int, Some("1048576"), Check::AtLeast(1), "Largest push of client metrics in bytes."),
    fixed("transaction.abort.timed.out.transaction.cleanup.interval.ms", ConfigKind::Int, Some("10000"), Check::AtLeast(1), "Time between two looks for transactions that have timed out."),
    fixed("transaction.max.timeout.ms", ConfigKind::Int, Some("900000"), Check::AtLeast(1), "Longest timeout that a transaction may have."),
    dynamic("transaction.partition.verification.enable", ConfigKind::Boolean, Some("true"), Check::Any, "Whether a write is checked against the partitions of its transaction."),
    fixed("transaction.remove.expired.transaction.cleanup.interval.ms", ConfigKind::Int, Some("3600000"), Check::AtLeast(1), "Time between two looks for expired transactional ids."),
    fixed("transaction.state.log.load.buffer.size", ConfigKind::Int, Some("5242880"), Check::AtLeast(1), "Bytes in a read while transactions are loaded."),
    fixed("transaction.state.log.min.isr", ConfigKind::Int, Some("1"), Check::AtLeast(1), "Replicas in sync that a write to the transaction topic needs."),
    fixed("transaction.state.log.num.partitions", ConfigKind::Int, Some("50"), Check::AtLeast(1), "Partitions of the transaction topic."),
    fixed("transaction.state.log.replication.factor", ConfigKind::Short, Some("1"), Check::AtLeast(1), "Replicas of the transaction topic."),
    fixed("transaction.state.log.segment.bytes", ConfigKind::Int, Some("104857600"), Check::AtLeast(1), "Bytes of a segment of the transaction topic."),
    fixed("transaction.two.phase.commit.enable", ConfigKind::Boolean, Some("false"), Check::Any, "Whether transactions may take part in two-phase commits."),
    fixed("transactional.id.expiration.ms", ConfigKind::Int, Some("604800000"), Check::AtLeast(1), "Time without use after which a transactional id is forgotten."),
    dynamic("unclean.leader.election.enable", ConfigKind::Boolean, Some("false"), Check::Any, "Whether a replica that is behind may become leader."),
];

pub(super) fn find(name: &str) -> Option<&'static BrokerConfigDef> {
    let at = DEFS
        .binary_search_by(|known| known.def.name.cmp(name))
        .ok()?;
    DEFS.get(at)
}

/// A name that means the same as others in another unit, the strongest first, each with its
/// milliseconds; empty where there is but one name.
pub(super) fn units(name: &str) -> &'static [(&'static str, i64)] {
    const HOUR: i64 = 3_600_000;
    match name {
        "log.retention.ms" | "log.retention.minutes" | "log.retention.hours" => &[
            ("log.retention.ms", 1),
            ("log.retention.minutes", 60_000),
            ("log.retention.hours", HOUR),
        ],
        "log.roll.ms" | "log.roll.hours" => &[("log.roll.ms", 1), ("log.roll.hours", HOUR)],
        "log.roll.jitter.ms" | "log.roll.jitter.hours" => {
            &[("log.roll.jitter.ms", 1), ("log.roll.jitter.hours", HOUR)]
        }
        "log.flush.interval.ms" => &[
            ("log.flush.interval.ms", 1),
            ("log.flush.scheduler.interval.ms", 1),
        ],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_its_defaults_valid_and_everything_is_explained() {
        assert!(DEFS.is_sorted_by_key(|known| known.def.name));
        for BrokerConfigDef { def, .. } in DEFS {
            if let Some(default) = def.default {
                assert_eq!(def.check(default), Ok(()), "{}", def.name);
            }
            assert!(def.doc.ends_with('.'), "{}", def.name);
        }
    }

    #[test]
    fn units_name_configurations() {
        for known in DEFS {
            for (name, _) in units(known.def.name) {
                assert!(find(name).is_some(), "{name}");
            }
        }
    }
}
