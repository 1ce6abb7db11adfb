//! The template itself.

use std::fmt;
use std::sync::Arc;

use super::family::Family;
use super::hooks::{Hooks, producer_hooks};
use super::prompt;
use super::recorder::{RecordedTopic, Route};
use super::request::Requests;
use super::topics::Topics;
use super::transaction::Transactions;
use super::{KafkaError, Recorder, SendBuilder, SendError, SendResult, TemplateConfig};
use crate::admin::KafkaAdmin;
use crate::client::{AnyClient, ConfigError, FailureHook, LazyProducer, Producer};
use crate::codec::ToPayload;
use crate::observe::DeliveryMeters;

/// Sends records; cheap to clone, to be shared by the whole application.
///
/// ```no_run
/// # use micro_kafka::codec::Json;
/// # use micro_kafka::template::{KafkaError, KafkaTemplate, TemplateConfig};
/// # async fn place(order: &str) -> Result<(), KafkaError>
/// # where for<'a> Json<&'a str>: micro_kafka::codec::ToPayload {
/// let kafka = KafkaTemplate::new(TemplateConfig::new("localhost:9092"))?;
/// let stored = kafka.send("orders", Json(order)).key("customer-7").await?;
/// println!("{}@{}", stored.partition, stored.offset);
/// # Ok(()) }
/// ```
///
/// A send that is awaited one by one waits for `linger.ms` (5 ms) each time: join several, or
/// [`queue`](SendBuilder::queue) them, or set `linger.ms=0` where latency counts.
///
/// The drop of the last clone blocks until all records are delivered, at most for
/// [`flush_timeout`](TemplateConfig::flush_timeout); what is lost then is counted in the log.
/// Call [`KafkaTemplate::close`] first where blocking is no option.
#[derive(Clone)]
pub struct KafkaTemplate {
    shared: Arc<Shared>,
}

pub(super) struct Shared {
    pub(super) topics: Topics,
    pub(super) hooks: Hooks,
    pub(super) family: Family,
    pub(super) producer: Arc<LazyProducer>,
    /// Of sends that wait for no others; the same one where none waits.
    pub(super) prompt: Arc<LazyProducer>,
    pub(super) recorder: Option<Arc<dyn Recorder>>,
    pub(super) transactions: Arc<Transactions>,
    pub(super) requests: Arc<Requests>,
    pub(super) meters: Arc<DeliveryMeters>,
}

impl KafkaTemplate {
    /// Makes a template; connects in the background.
    ///
    /// # Errors
    /// If librdkafka does not know or accept a property.
    pub fn new(config: TemplateConfig) -> Result<Self, ConfigError> {
        let config = config.metered();
        let made = config.clone();
        let lazy = LazyProducer::at_once(move || producer(&made))?;
        Ok(Self::of(config, lazy, None))
    }

    /// A template that makes its producer when something is sent or asked: threads, connections
    /// and memory only where they are needed.
    ///
    /// # Errors
    /// As [`Self::new`], at once.
    pub fn at_first_use(config: TemplateConfig) -> Result<Self, ConfigError> {
        let config = config.metered();
        if config.has_own_properties() {
            Producer::check(config.resolved())?;
        }
        let made = config.clone();
        let lazy = LazyProducer::new(move || producer(&made));
        Ok(Self::of(config, lazy, None))
    }

    /// A template whose records go to a recorder and to no broker, for tests: nothing is connected,
    /// and each send is answered at once. Administrative requests fail.
    pub fn recording(recorder: Arc<dyn Recorder>) -> Self {
        let producer = LazyProducer::new(|| {
            Err(ConfigError::Client {
                reason: "a recording template has no broker".into(),
            })
        });
        Self::of(TemplateConfig::new(""), producer, Some(recorder))
    }

    fn of(
        config: TemplateConfig,
        producer: LazyProducer,
        recorder: Option<Arc<dyn Recorder>>,
    ) -> Self {
        let producer = Arc::new(producer);
        Self {
            shared: Arc::new(Shared {
                topics: Topics::new(&config.namespace),
                hooks: Hooks::of(&config),
                family: Family::default(),
                prompt: prompt::producer_of(&config, &producer),
                producer,
                recorder,
                meters: Arc::clone(&config.meters),
                transactions: Arc::new(Transactions::new(config)),
                requests: Arc::default(),
            }),
        }
    }

    /// Begins a send to a topic (without namespace); see [`SendBuilder`].
    ///
    /// A payload that cannot be written is reported when the send is awaited.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "`Json(&order)` is made for the call, and reads better without another `&`"
    )]
    pub fn send(&self, topic: &str, payload: impl ToPayload) -> SendBuilder {
        if let Some(other) = self.shared.family.route(topic) {
            return other.send_itself(topic, &payload);
        }
        self.send_itself(topic, &payload)
    }

    /// Begins a send to the template's `default-topic`.
    pub fn send_default(&self, payload: impl ToPayload) -> SendBuilder {
        match &self.config().default_topic {
            Some(topic) => self.send(topic, payload),
            None => SendBuilder::new(Err(SendError::NoTopic), &self.shared.hooks, &payload),
        }
    }

    /// Begins a send that no transactional template refuses.
    pub(super) fn send_plain(&self, topic: &str, payload: &impl ToPayload) -> SendBuilder {
        let template = self.shared.family.route(topic).unwrap_or(self);
        SendBuilder::new(template.topic(topic), &template.shared.hooks, payload)
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    pub(super) fn from_shared(shared: Shared) -> Self {
        Self {
            shared: Arc::new(shared),
        }
    }

    /// What the template was made from.
    pub(super) fn config(&self) -> &TemplateConfig {
        self.shared.transactions.config()
    }

    fn send_itself(&self, topic: &str, payload: &impl ToPayload) -> SendBuilder {
        let topic = self.plain_sends(topic).and_then(|()| self.topic(topic));
        SendBuilder::new(topic, &self.shared.hooks, payload)
    }

    /// Queues records in their order and waits for all of them; what became of each, in the same
    /// order. None is queued after one that the local queue refuses.
    ///
    /// ```no_run
    /// # use micro_kafka::prelude::*;
    /// # async fn all(kafka: &KafkaTemplate, names: &[&str]) -> Result<(), KafkaError> {
    /// let sends = names.iter().map(|name| kafka.send("names", *name).key(name));
    /// for stored in kafka.send_all(sends).await {
    ///     println!("{}", stored?.offset);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Cancel safety
    /// Dropped, what was queued is still sent; the rest is not.
    pub async fn send_all(
        &self,
        sends: impl IntoIterator<Item = SendBuilder>,
    ) -> Vec<Result<SendResult, SendError>> {
        let mut queued = Vec::new();
        for send in sends {
            let delivery = send.queue().await;
            let refused = delivery.is_err();
            queued.push(delivery);
            if refused {
                break;
            }
        }
        let mut results = Vec::with_capacity(queued.len());
        for delivery in queued {
            results.push(match delivery {
                Ok(delivery) => delivery.await,
                Err(error) => Err(error),
            });
        }
        results
    }

    /// The template `[kafka.templates.<name>]`.
    ///
    /// # Errors
    /// If there is none of that name; the error lists all.
    pub fn named(&self, name: &str) -> Result<Self, KafkaError> {
        self.shared.family.named(name).cloned()
    }

    /// The same template with another one beside it: [`Self::named`] finds it, and what is sent to
    /// its `topics` (`*` stands for any text) goes by it. The first that fits is taken.
    #[must_use]
    pub fn with_template(&self, name: &str, topics: &[String], template: Self) -> Self {
        let mut family = self.shared.family.clone();
        family.add(name, topics, template);
        Self {
            shared: Arc::new(Shared {
                topics: Topics::new(self.namespace()),
                hooks: self.shared.hooks.clone(),
                family,
                producer: Arc::clone(&self.shared.producer),
                prompt: Arc::clone(&self.shared.prompt),
                recorder: self.shared.recorder.clone(),
                transactions: Arc::clone(&self.shared.transactions),
                requests: Arc::clone(&self.shared.requests),
                meters: Arc::clone(&self.shared.meters),
            }),
        }
    }

    /// A transactional template refuses sends outside of transactions.
    fn plain_sends(&self, topic: &str) -> Result<(), SendError> {
        if !self.config().transactions.refuses_plain_sends() {
            return Ok(());
        }
        Err(SendError::OutsideTransaction {
            topic: format!("{}{topic}", self.namespace()).into(),
        })
    }

    /// Begins a send of known bytes.
    pub(crate) fn send_bytes(&self, topic: &str, payload: Option<&[u8]>) -> SendBuilder {
        SendBuilder::raw(self.topic(topic), &self.shared.hooks, payload)
    }

    pub(super) fn topic(&self, name: &str) -> Result<Route, SendError> {
        let shared = &*self.shared;
        match &shared.recorder {
            None => shared.topics.get(&shared.producer, name).map(Route::Broker),
            Some(recorder) => Ok(RecordedTopic::route(name, recorder, &shared.hooks.errors)),
        }
    }

    /// Administrative requests by the same connections, with the same namespace. The template's
    /// producer lives on as long as the admin does.
    #[must_use]
    pub fn admin(&self) -> KafkaAdmin {
        let client = AnyClient::Producer(Arc::clone(&self.shared.producer));
        KafkaAdmin::on(client, self.namespace())
    }

    /// The prefix of every topic, dot included; empty if there is none.
    #[must_use]
    pub fn namespace(&self) -> &str {
        self.shared.topics.namespace()
    }

    /// The same producer for names as the broker knows them, namespace included.
    #[must_use]
    pub fn with_wire_names(&self) -> Self {
        Self {
            shared: Arc::new(Shared {
                topics: Topics::new(""),
                hooks: self.shared.hooks.clone(),
                family: Family::default(),
                producer: Arc::clone(&self.shared.producer),
                prompt: Arc::clone(&self.shared.prompt),
                recorder: self.shared.recorder.clone(),
                transactions: Arc::clone(&self.shared.transactions),
                requests: Arc::clone(&self.shared.requests),
                meters: Arc::clone(&self.shared.meters),
            }),
        }
    }

    /// Whether it sends to a recorder instead of a broker.
    pub(crate) fn is_recording(&self) -> bool {
        self.shared.recorder.is_some()
    }

    /// Why nothing more can be sent, if so: the producer met a fatal error.
    #[must_use]
    pub fn fatal_error(&self) -> Option<String> {
        let producer = self.shared.producer.if_made()?;
        let reason = producer.core().fatal_reason();
        reason.map(Into::into)
    }

    /// Why brokers do not let the producer in, until one does: a login or certificate is refused.
    /// It goes on trying, less and less often.
    #[must_use]
    pub fn refusal(&self) -> Option<String> {
        self.shared.producer.if_made()?.core().refused().reason()
    }
}

pub(super) fn producer(config: &TemplateConfig) -> Result<Producer, ConfigError> {
    let hook = config.error_hook.clone();
    let failures = FailureHook::new(move |failure| hook.call(&SendError::from(failure)));
    Producer::new(
        config.resolved(),
        config.max_in_flight,
        config.flush_timeout,
        producer_hooks(config, failures),
    )
}

impl fmt::Debug for KafkaTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaTemplate")
            .field("namespace", &self.namespace())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::Config;

    fn unconnected(config: TemplateConfig) -> KafkaTemplate {
        KafkaTemplate::at_first_use(config).unwrap()
    }

    #[tokio::test]
    async fn a_producer_is_made_by_the_first_send_and_by_nothing_before() {
        let kafka = unconnected(TemplateConfig::new("localhost:1").property("linger.ms", "0"));
        let wire = kafka.with_wire_names();
        assert_eq!(kafka.fatal_error(), None);
        kafka.flush(Duration::ZERO).await.unwrap();
        assert!(wire.shared.producer.if_made().is_none());
        let delivery = kafka.send_bytes("orders", None).queue().await.unwrap();
        assert!(wire.shared.producer.if_made().is_some());
        assert_eq!(kafka.close(Duration::ZERO).await, 1);
        assert!(matches!(delivery.await, Err(SendError::Closed { .. })));
    }

    #[tokio::test]
    async fn a_template_that_was_closed_before_its_first_send_makes_no_producer() {
        let kafka = unconnected(TemplateConfig::new("localhost:1"));
        assert_eq!(kafka.close(Duration::ZERO).await, 0);
        let refused = kafka.send_bytes("orders", None).await;
        assert!(
            matches!(refused, Err(SendError::Closed { .. })),
            "{refused:?}"
        );
        let asked = kafka.admin().partition_count("orders").await;
        assert!(asked.is_err());
        assert!(kafka.shared.producer.if_made().is_none());
    }

    #[test]
    fn properties_that_do_not_fit_together_are_refused_at_once() {
        let config = TemplateConfig::new("localhost:1").property("acks", "1");
        let error = KafkaTemplate::at_first_use(config).unwrap_err();
        assert!(error.to_string().contains("acks"), "{error}");
        let config = TemplateConfig::new("localhost:1").property("acksx", "1");
        assert!(KafkaTemplate::at_first_use(config).is_err());
        let plain = TemplateConfig::from(&Config::builder().build().unwrap());
        assert!(!plain.has_own_properties(), "{plain:?}");
    }
}
