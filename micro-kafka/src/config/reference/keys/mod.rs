//! The tables themselves, in the order of the guide; the keys of each are in a file by section.

mod claim_check;
mod client;
mod codecs;
mod config;
mod consumer;
mod delayed;
mod delivery;
mod failure;
mod listener;
mod producer;
mod retry_topic;
mod security;
mod template;
mod topics;

use self::claim_check::CLAIM_CHECK;
use self::client::KAFKA;
use self::codecs::{JSON, SCHEMA_REGISTRY};
use self::config::CONFIG;
use self::consumer::CONSUMER;
use self::delayed::DELAYED;
use self::delivery::{BATCH, TRANSACTION};
use self::failure::{ALARM, BREAKER, DEAD_LETTERS, QUARANTINE, RETRY, RETRY_BUDGET, VARIANT};
use self::listener::LISTENER;
use self::producer::PRODUCER;
use self::retry_topic::RETRY_TOPIC;
use self::security::{OAUTHBEARER, SASL, SECURITY, SSL};
use self::template::{NAMED_TEMPLATE, TEMPLATE};
use self::topics::{ADMIN, TOPIC};
use super::Table;

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
        path: "kafka.config",
        also: &[],
        meaning: "what else is read, from where",
        keys: CONFIG,
        inherits: None,
        properties: false,
    },
    Table {
        path: "kafka.security",
        also: &[],
        meaning: "how all clients connect",
        keys: SECURITY,
        inherits: None,
        properties: false,
    },
    Table {
        path: "kafka.ssl",
        also: &[],
        meaning: "certificates and keys of encrypted connections, in PEM",
        keys: SSL,
        inherits: None,
        properties: false,
    },
    Table {
        path: "kafka.sasl",
        also: &[],
        meaning: "how all clients log in",
        keys: SASL,
        inherits: None,
        properties: false,
    },
    Table {
        path: "kafka.sasl.oauthbearer",
        also: &[],
        meaning: "where the tokens of the mechanism OAUTHBEARER come from",
        keys: OAUTHBEARER,
        inherits: None,
        properties: false,
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
        path: "kafka.admin",
        also: &[],
        meaning: "how declared topics are made",
        keys: ADMIN,
        inherits: None,
        properties: true,
    },
    Table {
        path: "kafka.topics.<name>",
        also: &[],
        meaning: "a topic that is made at start; its table `configs` has settings such as `retention.ms`",
        keys: TOPIC,
        inherits: None,
        properties: false,
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
        path: "kafka.json",
        also: &[],
        meaning: "how JSON payloads tell their types",
        keys: JSON,
        inherits: None,
        properties: false,
    },
    Table {
        path: "kafka.schema-registry",
        also: &[],
        meaning: "where schemas are kept; needs the feature `schema-registry`",
        keys: SCHEMA_REGISTRY,
        inherits: None,
        properties: false,
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
        path: "kafka.listener.retry-budget",
        also: &[
            "kafka.listeners.<id>.retry-budget",
            "kafka.containers.<name>.retry-budget",
        ],
        meaning: "how many records go to retry topics and dead letters; any key switches it on",
        keys: RETRY_BUDGET,
        inherits: None,
        properties: false,
    },
    Table {
        path: "kafka.listener.quarantine",
        also: &[
            "kafka.listeners.<id>.quarantine",
            "kafka.containers.<name>.quarantine",
        ],
        meaning: "when a record is held to be what kills its processes; any key switches it on",
        keys: QUARANTINE,
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
        path: "kafka.claim-check",
        also: &[],
        meaning: "large payloads that go to a store; the records refer to them",
        keys: CLAIM_CHECK,
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
