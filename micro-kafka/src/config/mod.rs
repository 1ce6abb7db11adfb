//! Settings: `application.toml`, its profiles, the environment and the program, in one tree.
//!
//! ```
//! use micro_kafka::config::Config;
//!
//! let config = Config::builder()
//!     .toml_str("application.toml", r#"
//!         [kafka]
//!         bootstrap-servers = "${KAFKA_HOST:localhost}:9092"
//!
//!         [kafka.listeners.charge]
//!         topics = "orders"
//!         group-id = "billing"
//!         retry.attempts = 5
//!         retry.backoff = "1s..5m x4"
//!         retry.Timeout.attempts = 10                # a variant of the handler's error
//!
//!         [kafka.consumer.properties]                # any property of librdkafka
//!         session.timeout.ms = 30000
//!
//!         [shop]                                     # the service's own
//!         currency = "EUR"
//!     "#)
//!     .env([("KAFKA__LISTENERS__CHARGE__CONCURRENCY", "3")])
//!     .build()?;
//! assert_eq!(config.kafka().bootstrap_servers, "localhost:9092");
//! assert_eq!(config.kafka().listeners["charge"].concurrency, Some(3));
//! assert_eq!(config.get::<String>("shop.currency")?, "EUR");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! **Layers**, the later ones win: the defaults, `application.toml`,
//! `application-<profile>.toml` for each profile of `MICRO_KAFKA_PROFILES=a,b`, environment
//! variables, values that the program sets. [`ConfigBuilder::discover`] says where files are
//! looked for.
//!
//! **Environment.** `KAFKA__LISTENERS__CHARGE__GROUP_ID` sets `group-id` of
//! `[kafka.listeners.charge]`: two underscores stand between levels. Variables without two
//! underscores after `KAFKA`, such as the `KAFKA_PORT` of Kubernetes, are left alone, and the
//! service's own tables are not set this way: use placeholders there.
//!
//! **Imports.** `[kafka.config] import = ["shared.toml", "optional:configtree:/run/secrets"]` lays
//! further files over the one that names them: TOML files, and folders whose files hold a value each.
//! Paths are relative to the file that names them.
//!
//! **Secrets.** `password = { file = "/run/secrets/kafka" }` takes a value from a file, without the
//! end of its last line.
//!
//! **Keys** are relaxed: `group-id`, `group_id` and `groupId` are one.
//!
//! **Placeholders** in texts of files and attributes: `${NAME}` in upper case is an environment
//! variable; any other name, `${shop.topic}`, is a key, else an environment variable. A default
//! follows a colon, `${NAME:default}`, and may hold placeholders; `$${` stands for `${`. Values
//! from the environment and from the program are literal.
//!
//! **Units.** Durations (`500ms`, `5s`, `2m`, `1h`, `1d`, `PT5S`) and sizes (`512B`, `16KiB`,
//! `1MB`) have one.
//!
//! **Listeners.** A value comes from `[kafka.listeners.<id>]`, else from the attribute, else
//! from `[kafka.listener]`; [`Config::listener`] gives the outcome.
//!
//! **Mistakes** below `[kafka]` (unknown keys, wrong types, properties that librdkafka does not
//! know or take, settings that exclude each other) are reported all at once, each with its place
//! and, where there is one, the right spelling. Secrets are never shown.

mod alarm;
mod backoff;
mod batch;
mod breaker;
mod builder;
mod claim_check;
mod client_properties;
mod compatibility;
mod consumer;
mod dead_letters;
mod delayed;
mod deserialize;
mod duration;
mod error;
mod explain;
mod gathered;
mod json;
mod kafka;
mod key;
mod layers;
mod listener;
mod listener_resolution;
mod loaded;
mod memory_budget;
mod names;
mod origin;
mod placeholder;
mod producer;
mod properties;
mod property_check;
mod property_names;
mod quarantine;
mod reference;
mod registered;
mod retry;
mod retry_budget;
mod retry_topic;
mod schema_registry;
mod secret;
mod secret_file;
mod section;
mod security;
mod size;
mod spring_advice;
pub(crate) mod suggestion;
mod template;
mod topics;
mod transaction;
mod tree;
mod values;

pub use crate::app::explain;
pub use alarm::AlarmSettings;
pub use backoff::BackOffError;
pub use batch::BatchSettings;
pub use breaker::BreakerSettings;
pub use builder::ConfigBuilder;
pub use claim_check::ClaimCheckSettings;
pub use consumer::{AutoOffsetReset, ConsumerSettings, IsolationLevel};
pub use dead_letters::{DeadLetterSettings, Recoverer};
pub use delayed::DelayedSendSettings;
pub use duration::{DurationError, parse_duration};
pub use error::{ConfigError, ConfigErrors, ConfigProblem};
pub use explain::Explanation;
pub use json::JsonSettings;
pub use kafka::KafkaSettings;
pub use listener::{ListenerSettings, ResolvedListener};
pub use listener_resolution::ListenerAttributes;
pub use loaded::Config;
pub(crate) use names::check_topic;
pub use origin::Origin;
pub use producer::{Acks, Compression, ProducerSettings};
pub use properties::Properties;
pub(crate) use property_names::{canonical, is_for_producers_only};
pub use quarantine::QuarantineSettings;
pub use reference::{json_schema, reference_markdown};
pub use retry::{ErrorPolicy, ErrorRetry, RetrySettings};
pub use retry_budget::RetryBudgetSettings;
pub use retry_topic::RetryTopicSettings;
pub use schema_registry::SchemaRegistrySettings;
pub use secret::Secret;
pub use security::{
    OauthBearerSettings, Pem, SaslMechanism, SaslSettings, SecurityProtocol, SecuritySettings,
    SslSettings,
};
pub(crate) use size::show_size;
pub use size::{SizeError, parse_size};
pub use template::{NamedTemplateSettings, TemplateSettings};
pub use topics::{AdminSettings, TopicSettings};
pub use transaction::TransactionSettings;

#[cfg(test)]
mod tests;
