//! The tables themselves, in the order of the guide.

use super::Kind::{BackOff, Boolean, Choice, Duration, Integer, Rate, Size, Text, Texts};
use super::retry_topic::RETRY_TOPIC;
use super::{Key, Table, key};

/// Every table below `[kafka]`, itself included.
pub(in crate::config) const TABLES: &[Table] = &[
    Table {
        path: "kafka",
        also: &[],
        meaning: "what all clients share",
        keys: KAFKA,
        inherits: None,
        properties: true,
    },
    Table {
        path: "kafka.consumer",
        also: &[],
        meaning: "the consumers of all listeners",
        keys: CONSUMER,
        inherits: None,
        properties: true,
    },
    Table {
        path: "kafka.producer",
        also: &[],
        meaning: "all producers",
        keys: PRODUCER,
        inherits: None,
        properties: true,
    },
    Table {
        path: "kafka.template",
        also: &[],
        meaning: "the application's own template",
        keys: TEMPLATE,
        inherits: None,
        properties: false,
    },
    Table {
        path: "kafka.templates.<name>",
        also: &[],
        meaning: "a further template; what it does not set comes from `[kafka.producer]`, but for the \
                  transaction id prefix",
        keys: NAMED_TEMPLATE,
        inherits: Some("kafka.producer"),
        properties: true,
    },
    Table {
        path: "kafka.listener",
        also: &["kafka.listeners.<id>", "kafka.containers.<name>"],
        meaning: "all listeners, one of them, and those that name the profile as their `container`",
        keys: LISTENER,
        inherits: None,
        properties: true,
    },
    Table {
        path: "kafka.listener.batch",
        also: &[
            "kafka.listeners.<id>.batch",
            "kafka.containers.<name>.batch",
        ],
        meaning: "how records are gathered for a batch listener",
        keys: BATCH,
        inherits: None,
        properties: false,
    },
    Table {
        path: "kafka.listener.transaction",
        also: &[
            "kafka.listeners.<id>.transaction",
            "kafka.containers.<name>.transaction",
        ],
        meaning: "how a transactional listener makes its transactions",
        keys: TRANSACTION,
        inherits: None,
        properties: false,
    },
    Table {
        path: "kafka.listener.breaker",
        also: &[
            "kafka.listeners.<id>.breaker",
            "kafka.containers.<name>.breaker",
        ],
        meaning: "when a listener rests because too much fails; any key switches it on",
        keys: BREAKER,
        inherits: None,
        properties: false,
    },
    Table {
        path: "kafka.listener.retry",
        also: &[
            "kafka.listeners.<id>.retry",
            "kafka.containers.<name>.retry",
        ],
        meaning: "retries of errors that say nothing themselves",
        keys: RETRY,
        inherits: None,
        properties: false,
    },
    Table {
        path: "kafka.listener.retry.<Variant>",
        also: &[
            "kafka.listeners.<id>.retry.<Variant>",
            "kafka.containers.<name>.retry.<Variant>",
        ],
        meaning: "the same for one variant of the handler's error",
        keys: VARIANT,
        inherits: None,
        properties: false,
    },
    Table {
        path: "kafka.listener.retry-topic",
        also: &[
            "kafka.retry.topic",
            "kafka.listeners.<id>.retry-topic",
            "kafka.containers.<name>.retry-topic",
        ],
        meaning: "retry topics; `[kafka.retry.topic]` counts where no other table, and no attribute, \
                  says anything",
        keys: RETRY_TOPIC,
        inherits: None,
        properties: false,
    },
    Table {
        path: "kafka.listener.dead-letters",
        also: &[
            "kafka.listeners.<id>.dead-letters",
            "kafka.containers.<name>.dead-letters",
        ],
        meaning: "what dead letters say of the failure",
        keys: DEAD_LETTERS,
        inherits: None,
        properties: false,
    },
    Table {
        path: "kafka.listener.alarm",
        also: &[
            "kafka.listeners.<id>.alarm",
            "kafka.containers.<name>.alarm",
        ],
        meaning: "how many failures raise an alarm; without a number none",
        keys: ALARM,
        inherits: None,
        properties: false,
    },
    Table {
        path: "kafka.delayed",
        also: &[],
        meaning: "records that are sent later; the topic turns it on",
        keys: DELAYED,
        inherits: None,
        properties: false,
    },
];

const DELAYED: &[Key] = &[
    key(
        "topic",
        Text,
        "",
        "where records wait, of this service alone; created, compacted, if it is missing",
    ),
    key(
        "group-id",
        Text,
        "",
        "the group of the schedulers in all instances; else named as the topic",
    ),
    key("partitions", Integer, "6", "of a topic that is created"),
    key(
        "replication-factor",
        Integer,
        "",
        "of a topic that is created; else the broker's default",
    ),
    key(
        "memory",
        Size,
        "16MiB",
        "for the bytes of what is due next; what is due later is read again then",
    ),
];

const KAFKA: &[Key] = &[
    key(
        "bootstrap-servers",
        Texts,
        "localhost:9092",
        "`host:port` of some of the brokers",
    ),
    key("client-id", Text, "", "how brokers name the service"),
    key(
        "namespace",
        Text,
        "",
        "put before every topic and group, as in `test.orders`",
    ),
    key(
        "shutdown-timeout",
        Duration,
        "10s",
        "how long a stop waits for records in flight",
    ),
];

const CONSUMER: &[Key] = &[
    key(
        "group-id",
        Text,
        "",
        "the group of listeners that name none",
    ),
    key("client-id", Text, "", "over that of `[kafka]`"),
    key(
        "auto-offset-reset",
        Choice(&["earliest", "latest", "none"]),
        "earliest",
        "where a group without offsets begins",
    ),
    key(
        "enable-auto-commit",
        Boolean,
        "false",
        "commit by time only: what was handled, never what was merely read",
    ),
    key("auto-commit-interval", Duration, "5s", "how often then"),
    key(
        "fetch-min-size",
        Size,
        "",
        "what a broker waits for before it answers",
    ),
    key(
        "fetch-max-wait",
        Duration,
        "",
        "how long a broker waits for that",
    ),
    key(
        "heartbeat-interval",
        Duration,
        "",
        "how often a member tells its coordinator that it lives",
    ),
    key(
        "max-poll-interval",
        Duration,
        "",
        "how long a consumer loop may be blocked before its member is out of the group",
    ),
    key(
        "isolation-level",
        Choice(&["read-committed", "read-uncommitted"]),
        "",
        "whether records of aborted transactions are read",
    ),
];

const PRODUCER: &[Key] = &[
    key(
        "acks",
        Choice(&["all", "1", "0", "-1"]),
        "all",
        "how many replicas have a record before it counts as sent",
    ),
    key("client-id", Text, "", "over that of `[kafka]`"),
    key(
        "linger",
        Duration,
        "",
        "how long a batch waits for more records",
    ),
    key("batch-size", Size, "", "the largest batch"),
    key(
        "buffer-memory",
        Size,
        "",
        "the memory of all unsent records; whole KiB",
    ),
    key(
        "compression-type",
        Choice(&["none", "gzip", "snappy", "lz4", "zstd"]),
        "",
        "how batches are compressed",
    ),
    key(
        "retries",
        Integer,
        "",
        "how often a failed send is tried again",
    ),
    key(
        "flush-timeout",
        Duration,
        "10s",
        "how long the end of the service waits for unsent records",
    ),
    key(
        "transaction-id-prefix",
        Text,
        "",
        "makes the template transactional; unique for each instance",
    ),
    key(
        "transaction-timeout",
        Duration,
        "60s",
        "after which the broker aborts a transaction",
    ),
    key(
        "transaction-producers",
        Integer,
        "4",
        "transactions that may be open at once",
    ),
    key(
        "allow-non-transactional",
        Boolean,
        "false",
        "whether a transactional template sends outside of transactions as well",
    ),
];

const TEMPLATE: &[Key] = &[
    key(
        "default-topic",
        Text,
        "",
        "where records go that name no topic",
    ),
    key("reply-topic", Text, "", "where replies to requests arrive"),
    key(
        "reply-partition",
        Integer,
        "",
        "the partition of it that is this instance's own",
    ),
    key("reply-timeout", Duration, "5s", "how long a request waits"),
];

const NAMED_TEMPLATE: &[Key] = &[
    key(
        "topics",
        Texts,
        "",
        "what goes by this template; `*` stands for any text",
    ),
    key(
        "default-topic",
        Text,
        "",
        "where records go that name no topic",
    ),
];

const LISTENER: &[Key] = &[
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

const BATCH: &[Key] = &[
    key("max", Integer, "500", "the most records of one call"),
    key(
        "linger",
        Duration,
        "0ms",
        "how long a batch waits for more records",
    ),
];

const TRANSACTION: &[Key] = &[
    key("max", Integer, "500", "about the most records of one"),
    key(
        "linger",
        Duration,
        "0ms",
        "how long one that is not full waits for more records",
    ),
    key(
        "timeout",
        Duration,
        "10s",
        "how long one may last before the broker aborts it",
    ),
    key(
        "id-prefix",
        Text,
        "",
        "what transactional ids begin with, unique for each instance; else the `transaction-id-prefix` \
         of `[kafka.producer]`, else random",
    ),
];

const BREAKER: &[Key] = &[
    key(
        "enabled",
        Boolean,
        "",
        "whether there is a breaker; else as soon as another key is set",
    ),
    key(
        "window",
        Integer,
        "",
        "it opens when more than half of so many attempts failed; 20 if not set",
    ),
    key(
        "wait",
        BackOff,
        "",
        "how long nothing begins until one record is tried; `5s..1m x2` if not set",
    ),
];

const RETRY: &[Key] = &[
    key(
        "attempts",
        Integer,
        "10",
        "deliveries in all, the first included",
    ),
    key(
        "backoff",
        BackOff,
        "0ms",
        "the waits between them: `1s..5m x4`",
    ),
    key(
        "reset-on-change",
        Boolean,
        "false",
        "whether an error of another type or variant begins the attempts anew",
    ),
];

const VARIANT: &[Key] = &[
    key(
        "attempts",
        Integer,
        "",
        "deliveries in all, the first included",
    ),
    key("backoff", BackOff, "", "the waits between them"),
    key(
        "policy",
        Choice(&["retry", "dead-letter", "skip", "park", "stop"]),
        "",
        "over what the error says itself",
    ),
];

const DEAD_LETTERS: &[Key] = &[
    key(
        "exclude-headers",
        Texts,
        "",
        "headers that are not written, named without `kafka_dlt-`: `exception-stacktrace`, `mk-trace`",
    ),
    key(
        "max-text",
        Size,
        "",
        "the longest message or list of sources; else 8 KiB",
    ),
    key(
        "texts",
        Boolean,
        "",
        "whether what errors say is written; else yes",
    ),
];

const ALARM: &[Key] = &[
    key(
        "dead-letters",
        Integer,
        "",
        "how many records that are given up",
    ),
    key("retries", Integer, "", "how many further attempts"),
    key("within", Duration, "", "in which time; else 1 minute"),
];
