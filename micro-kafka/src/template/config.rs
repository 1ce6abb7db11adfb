//! What a template is made from.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::{ProducerInterceptor, ProducerListener, ReplyConfig, SendError, TransactionConfig};
use crate::claim_check::ClaimCheck;
use crate::client::{Partitioner, SERVERS};
use crate::codec::Codecs;
use crate::config::{Config, ProducerSettings, Properties, canonical};
use crate::delayed::DelayedTopic;
use crate::observe::{DeliveryMeters, MetricTags};

/// The librdkafka properties that every template has unless its configuration says otherwise.
///
/// Records are stored once and in order (`enable.idempotence`), acknowledged by all replicas
/// (`acks`), on the partition that a Java producer would choose for the key (`partitioner`), and
/// given up after two minutes (`delivery.timeout.ms`), as in Java. A record may be as large as a
/// broker takes by default (`message.max.bytes`), so that whatever was consumed can be
/// dead-lettered. A short first `reconnect.backoff.ms` lets the first record of a process leave
/// after 12 ms instead of 52; an unreachable broker is still asked less and less often.
pub const DEFAULT_PROPERTIES: &[(&str, &str)] = &[
    ("enable.idempotence", "true"),
    ("acks", "all"),
    ("linger.ms", "5"),
    ("partitioner", "murmur2_random"),
    ("delivery.timeout.ms", "120000"),
    ("message.max.bytes", "1048588"),
    ("reconnect.backoff.ms", "20"),
    ("queue.buffering.max.messages", "100000"),
    ("queue.buffering.max.kbytes", "262144"),
];

/// Is told of every failed record that nobody awaits: of detached sends and dropped futures.
///
/// Runs on the producer's own thread, so it must not block.
#[derive(Clone)]
pub struct ErrorHook(Arc<dyn Fn(&SendError) + Send + Sync>);

impl ErrorHook {
    /// A hook of your own.
    pub fn new(hook: impl Fn(&SendError) + Send + Sync + 'static) -> Self {
        Self(Arc::new(hook))
    }

    pub(super) fn call(&self, error: &SendError) {
        (self.0)(error);
    }
}

impl Default for ErrorHook {
    /// Logs at level error.
    fn default() -> Self {
        Self::new(|error| {
            let topic = error.topic();
            tracing::error!(topic, %error, "a record was not delivered");
        })
    }
}

impl fmt::Debug for ErrorHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ErrorHook")
    }
}

/// What a [`super::KafkaTemplate`] is made from.
#[derive(Clone)]
#[non_exhaustive]
pub struct TemplateConfig {
    /// The brokers to ask first, as `host:port,host:port`.
    pub bootstrap_servers: String,
    /// librdkafka properties, in order and over [`DEFAULT_PROPERTIES`].
    pub properties: Vec<(String, String)>,
    /// The prefix of every topic, dot included; empty (the default) for none.
    pub namespace: String,
    /// Records on their way, above which sends wait for room; 8,000. More costs throughput by
    /// cache misses where the broker is near, less costs it where the broker is far. Detached
    /// sends are bound by librdkafka's queue only.
    pub max_in_flight: usize,
    /// How long the drop of the last clone waits for records on their way; 10 s.
    pub flush_timeout: Duration,
    /// Who is told of failures that nobody awaits; logs by default.
    pub error_hook: ErrorHook,
    /// What sees every record before it is queued, in this order.
    pub interceptors: Vec<Arc<dyn ProducerInterceptor>>,
    /// Who is told what became of every record.
    pub listener: Option<Arc<dyn ProducerListener>>,
    /// Who chooses partitions instead of the key's hash.
    pub partitioner: Option<Arc<dyn Partitioner>>,
    /// Where records go that name no topic (without namespace).
    pub default_topic: Option<String>,
    /// How replies to requests are got.
    pub replies: ReplyConfig,
    /// How transactions are made.
    pub transactions: TransactionConfig,
    /// Where delayed sends wait; `None` (the default) turns them off.
    pub delayed: Option<DelayedTopic>,
    /// Where large payloads go; `None` (the default): into their records.
    pub claim_check: Option<ClaimCheck>,
    /// The name that its figures have as their tag `template`; `default` unless it is one of
    /// `[kafka.templates.<name>]`.
    pub name: String,
    /// Further tags of its figures.
    pub metric_tags: MetricTags,
    pub(super) meters: Arc<DeliveryMeters>,
    /// What its payloads share with all others of the application.
    pub codecs: Codecs,
}

impl TemplateConfig {
    /// A configuration with the defaults.
    #[must_use]
    pub fn new(bootstrap_servers: impl Into<String>) -> Self {
        Self {
            bootstrap_servers: bootstrap_servers.into(),
            properties: Vec::new(),
            namespace: String::new(),
            max_in_flight: 8_000,
            flush_timeout: Duration::from_secs(10),
            error_hook: ErrorHook::default(),
            interceptors: Vec::new(),
            listener: None,
            partitioner: None,
            default_topic: None,
            replies: ReplyConfig::default(),
            transactions: TransactionConfig::default(),
            delayed: None,
            claim_check: None,
            name: "default".to_owned(),
            metric_tags: MetricTags::default(),
            meters: Arc::new(DeliveryMeters::new("", &MetricTags::default())),
            codecs: Codecs::default(),
        }
    }

    /// Sets a librdkafka property.
    #[must_use]
    pub fn property(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.properties.push((key.into(), value.into()));
        self
    }

    /// Adds an interceptor.
    #[must_use]
    pub fn interceptor(mut self, interceptor: impl ProducerInterceptor + 'static) -> Self {
        self.interceptors.push(Arc::new(interceptor));
        self
    }

    /// Sets who is told what became of every record.
    #[must_use]
    pub fn listener(mut self, listener: impl ProducerListener + 'static) -> Self {
        self.listener = Some(Arc::new(listener));
        self
    }

    /// Sets who chooses partitions.
    #[must_use]
    pub fn partitioner(mut self, partitioner: impl Partitioner + 'static) -> Self {
        self.partitioner = Some(Arc::new(partitioner));
        self
    }

    /// With figures of its own.
    pub(super) fn metered(mut self) -> Self {
        self.meters = Arc::new(DeliveryMeters::new(&self.name, &self.metric_tags));
        self
    }

    /// Whether there is anything that was not tried out long before.
    pub(super) fn has_own_properties(&self) -> bool {
        let known = |(key, value): &(String, String)| {
            let key = canonical(key);
            let default =
                |(name, default): &(&str, &str)| canonical(name) == key && default == value;
            SERVERS.contains(&key.as_str())
                || key == "client.id"
                || DEFAULT_PROPERTIES.iter().any(default)
        };
        !self.properties.iter().all(known)
    }

    /// Everything for librdkafka; of repeated properties the last one counts.
    pub(super) fn resolved(&self) -> impl Iterator<Item = (&str, &str)> {
        let own = self
            .properties
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()));
        DEFAULT_PROPERTIES
            .iter()
            .copied()
            .chain([("bootstrap.servers", self.bootstrap_servers.as_str())])
            .chain(own)
    }
}

impl From<&Config> for TemplateConfig {
    /// What the settings say about the application's own template.
    fn from(config: &Config) -> Self {
        let kafka = config.kafka();
        Self {
            default_topic: kafka.template.default_topic.clone(),
            replies: ReplyConfig {
                topic: kafka.template.reply_topic.clone(),
                partition: kafka.template.reply_partition,
                timeout: kafka.template.reply_timeout,
                check: None,
                buffer: None,
            },
            ..Self::of(config, config.producer_properties(), &kafka.producer)
        }
    }
}

impl TemplateConfig {
    /// What the settings say about the template `[kafka.templates.<name>]`, if there is one.
    #[must_use]
    pub fn named(config: &Config, name: &str) -> Option<Self> {
        let settings = config.kafka().templates.get(name)?;
        let properties = config.template_properties(name)?;
        Some(Self {
            name: name.to_owned(),
            default_topic: settings.default_topic.clone(),
            ..Self::of(config, properties, &settings.producer)
        })
    }

    fn of(config: &Config, properties: &Properties, producer: &ProducerSettings) -> Self {
        let kafka = config.kafka();
        Self {
            properties: properties
                .iter()
                .map(|(key, value, _)| (key.into(), value.into()))
                .collect(),
            namespace: kafka.namespaced(""),
            metric_tags: kafka.metric_tags.clone(),
            flush_timeout: producer.flush_timeout,
            transactions: TransactionConfig {
                id_prefix: producer.transaction_id_prefix.clone(),
                timeout: producer.transaction_timeout,
                producers: producer.transaction_producers,
                allow_non_transactional: producer.allow_non_transactional,
            },
            ..Self::new(&kafka.bootstrap_servers)
        }
    }
}

impl fmt::Debug for TemplateConfig {
    /// Shows the names of the properties only: values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<&str> = self.properties.iter().map(|(key, _)| &**key).collect();
        f.debug_struct("TemplateConfig")
            .field("bootstrap_servers", &self.bootstrap_servers)
            .field("properties", &keys)
            .field("namespace", &self.namespace)
            .field("max_in_flight", &self.max_in_flight)
            .field("flush_timeout", &self.flush_timeout)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_properties_are_not_shown() {
        let config = TemplateConfig::new("kafka:9092").property("sasl.password", "hunter2");
        let shown = format!("{config:?}");
        assert!(shown.contains("sasl.password"), "{shown}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn own_properties_come_after_the_defaults() {
        let config = TemplateConfig::new("kafka:9092").property("linger.ms", "0");
        let last = config
            .resolved()
            .filter(|(key, _)| *key == "linger.ms")
            .last();
        assert_eq!(last, Some(("linger.ms", "0")));
    }
}
