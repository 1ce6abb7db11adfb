//! The template itself.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::topics::Topics;
use super::{ErrorHook, KafkaError, SendBuilder, SendError, TemplateConfig};
use crate::admin::KafkaAdmin;
use crate::client::{ConfigError, Core, FailureHook, Producer};
use crate::codec::ToPayload;

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

struct Shared {
    topics: Topics,
    hook: ErrorHook,
    producer: Arc<Producer>,
}

impl KafkaTemplate {
    /// Makes a template; connects in the background.
    ///
    /// # Errors
    /// If librdkafka does not know or accept a property.
    pub fn new(config: TemplateConfig) -> Result<Self, ConfigError> {
        let hook = config.error_hook.clone();
        let failures = FailureHook::new(move |failure| hook.call(&SendError::from(failure)));
        let producer = Producer::new(
            config.resolved(),
            config.max_in_flight,
            config.flush_timeout,
            failures,
        )?;
        Ok(Self {
            shared: Arc::new(Shared {
                topics: Topics::new(&config.namespace),
                hook: config.error_hook,
                producer: Arc::new(producer),
            }),
        })
    }

    /// Begins a send to a topic (without namespace); see [`SendBuilder`].
    ///
    /// A payload that cannot be written is reported when the send is awaited.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "`Json(&order)` is made for the call, and reads better without another `&`"
    )]
    pub fn send(&self, topic: &str, payload: impl ToPayload) -> SendBuilder {
        SendBuilder::new(self.topic(topic), &self.shared.hook, &payload)
    }

    /// Begins a send of known bytes.
    pub(crate) fn send_bytes(&self, topic: &str, payload: Option<&[u8]>) -> SendBuilder {
        SendBuilder::raw(self.topic(topic), &self.shared.hook, payload)
    }

    fn topic(&self, name: &str) -> Result<Arc<crate::client::Topic>, SendError> {
        self.shared.topics.get(self.core(), name)
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        self.shared.producer.core()
    }

    /// Administrative requests by the same connections, with the same namespace. The template's
    /// producer lives on as long as the admin does.
    #[must_use]
    pub fn admin(&self) -> KafkaAdmin {
        KafkaAdmin::on(Arc::clone(&self.shared.producer), self.namespace())
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
                hook: self.shared.hook.clone(),
                producer: Arc::clone(&self.shared.producer),
            }),
        }
    }

    /// Why nothing more can be sent, if so: the producer met a fatal error.
    #[must_use]
    pub fn fatal_error(&self) -> Option<String> {
        self.core().fatal_reason().map(Into::into)
    }

    /// Waits until every accepted record is delivered or has failed.
    ///
    /// # Errors
    /// If that takes longer than `timeout`; the records go on being sent.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    pub async fn flush(&self, timeout: Duration) -> Result<(), KafkaError> {
        let producer = Arc::clone(&self.shared.producer);
        blocking(move || producer.flush(timeout))
            .await
            .map_err(|outstanding| KafkaError::FlushTimedOut { outstanding })
    }

    /// Accepts no more records from any clone, waits at most `deadline` for those on their way and
    /// gives the rest up; returns how many were lost, and logs it.
    ///
    /// # Cancel safety
    /// The template is closed and flushed even if the future is dropped.
    pub async fn close(&self, deadline: Duration) -> usize {
        let producer = Arc::clone(&self.shared.producer);
        blocking(move || producer.close(deadline)).await
    }
}

/// Runs what blocks where it hinders nobody.
async fn blocking<T: Send + 'static>(call: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(call).await {
        Ok(result) => result,
        Err(stopped) => match stopped.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is going down, and this future with it.
            Err(_) => std::future::pending().await,
        },
    }
}

impl fmt::Debug for KafkaTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaTemplate")
            .field("namespace", &self.namespace())
            .finish_non_exhaustive()
    }
}
