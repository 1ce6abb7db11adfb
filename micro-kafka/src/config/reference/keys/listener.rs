//! The keys of listeners.

use crate::config::reference::Kind::{Boolean, Choice, Duration, Integer, Rate, Size, Text, Texts};
use crate::config::reference::{Key, key};

pub(super) const LISTENER: &[Key] = &[
    key("topics", Texts, "", "the topics that it reads"),
    key(
        "topic-pattern",
        Text,
        "",
        "a regular expression; every topic that it matches as a whole",
    ),
    key(
        "topic-partitions",
        Texts,
        "",
        "partitions without a group's assignment: `orders[0-5,7]@earliest`",
    ),
    key(
        "container",
        Text,
        "",
        "the profile `[kafka.containers.<name>]` that counts below this table and the attribute",
    ),
    key(
        "transactional",
        Boolean,
        "false",
        "whether input, output and offsets go into one transaction",
    ),
    key(
        "error-handler",
        Text,
        "",
        "the name of an error handler of the application",
    ),
    key(
        "send-to",
        Text,
        "",
        "the topic that gets what the handler returns",
    ),
    key("info", Text, "", "a text that the handler may take"),
    key("group-id", Text, "", "the consumer group"),
    key("client-id", Text, "", "how brokers name its consumers"),
    key(
        "group-instance-id",
        Text,
        "",
        "the name of a static member, `-n` is added for each consumer; empty for none",
    ),
    key("concurrency", Integer, "1", "consumers, each on its thread"),
    key(
        "auto-startup",
        Boolean,
        "true",
        "whether it runs once the application has started",
    ),
    key(
        "missing-topics-fatal",
        Boolean,
        "false",
        "whether the application does not start while a topic is missing",
    ),
    key(
        "order",
        Choice(&["partition", "key", "none"]),
        "partition",
        "which records wait for one another",
    ),
    key(
        "parallelism",
        Integer,
        "",
        "the most handlers at work for one consumer; else one for each partition, and 16 where \
         records overtake one another",
    ),
    key(
        "dispatch",
        Choice(&["inline", "spawn", "blocking"]),
        "inline",
        "where handlers run",
    ),
    key(
        "timeout",
        Duration,
        "",
        "how long an attempt may take; else as long as it wants",
    ),
    key(
        "rate-limit",
        Rate,
        "",
        "how many records begin in a time, all consumers together; else as many as there is room for",
    ),
    key(
        "spans",
        Boolean,
        "false",
        "whether each attempt is a span, in the trace of its record",
    ),
    key(
        "metric-tags",
        Texts,
        "",
        "tags of its figures beside those of `[kafka]`, each as in `team=billing`",
    ),
    key(
        "idempotency-store",
        Text,
        "",
        "where an `#[idempotent]` listener remembers what it has handled: `memory`, `topic`, or a store of the application by its name",
    ),
    key(
        "idempotency-window",
        Duration,
        "24h",
        "how long an `#[idempotent]` listener remembers that",
    ),
    key(
        "idempotency-topic",
        Text,
        "",
        "the compacted topic of the store `topic`, without the namespace; else the group and `-seen`",
    ),
    key(
        "idempotency-capacity",
        Integer,
        "100000",
        "how many keys of a partition the store `topic` remembers at most; then the oldest goes",
    ),
    key(
        "ack-mode",
        Choice(&[
            "record",
            "batch",
            "time",
            "count",
            "count-time",
            "manual",
            "manual-immediate",
        ]),
        "batch",
        "when offsets are committed",
    ),
    key(
        "sync-commits",
        Boolean,
        "",
        "whether records wait for the answer to a commit; else only in ack mode `record`",
    ),
    key(
        "max-uncommitted",
        Integer,
        "100000",
        "records beyond the lowest unfinished one of a partition, until it is not read",
    ),
    key(
        "max-uncommitted-bytes",
        Size,
        "64MiB",
        "what these may weigh, where records overtake one another",
    ),
    key(
        "max-payload",
        Size,
        "64MiB",
        "the bytes of a payload, above which it is not read and dead-lettered at once",
    ),
    key(
        "max-depth",
        Integer,
        "128",
        "objects, arrays and records within one another, beyond which a payload is not read: at most \
         128; JSON has 127 levels, Protobuf 100, Avro 32",
    ),
    key(
        "idle-event-interval",
        Duration,
        "",
        "how long a consumer has no record until an event says so",
    ),
    key(
        "idle-partition-event-interval",
        Duration,
        "",
        "the same of a partition",
    ),
    key(
        "revoke-drain",
        Duration,
        "10s",
        "time to finish records of a partition that is taken away",
    ),
    key(
        "commit-interval",
        Duration,
        "1s",
        "the longest time between two commits",
    ),
    key(
        "commit-count",
        Integer,
        "1000",
        "the most records between two commits",
    ),
    key("dead-letter-topic", Text, "", "over `<topic>-dlt`"),
    key(
        "recoverer",
        Choice(&["dead-letter", "log"]),
        "",
        "who takes what fails for good: the dead-letter topic, or nobody, with a line in the log; else \
         the topic, and the log for a `#[dlt_handler]`",
    ),
];
