//! Sends that wait for their time; see [`crate::delayed`].

use std::future::IntoFuture;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::buffer::Buffer;
use super::encoded::Encoded;
use super::future::{QueueFuture, SendFuture};
use super::hooks::Hooks;
use super::transaction::Scope;
use super::{
    ErrorHook, KafkaError, KafkaTemplate, SendBuilder, SendError, TemplateConfig, Transaction,
    TransactionSend,
};
use crate::clock::Clock;
use crate::config::DurationError;
use crate::delayed::{Delay, DelayedId, Envelope};
use crate::record::OwnedRecord;

/// Where a template's delayed sends wait, as the broker knows it.
#[derive(Debug)]
pub(super) struct Postponing {
    topic: Arc<str>,
    clock: Clock,
}

impl Postponing {
    pub(super) fn of(config: &TemplateConfig) -> Option<Self> {
        let delayed = config.delayed.as_ref()?;
        Some(Self {
            topic: format!("{}{}", config.namespace, delayed.name).into(),
            clock: delayed.clock.clone(),
        })
    }

    pub(super) fn topic(&self) -> &str {
        &self.topic
    }

    /// The present time, since the Unix epoch.
    fn now(&self) -> Duration {
        self.clock.since_epoch()
    }
}

/// When a record is due, in milliseconds since the Unix epoch.
#[derive(Debug)]
enum Due {
    At(i64),
    Invalid(String, DurationError),
}

impl Due {
    fn after(delay: impl Delay + std::fmt::Debug, now: Duration) -> Self {
        let said = format!("{delay:?}");
        match delay.delay() {
            Ok(delay) => Self::At(millis(now.saturating_add(delay))),
            Err(error) => Self::Invalid(said, error),
        }
    }

    fn at(time: SystemTime) -> Self {
        Self::At(millis(time.duration_since(UNIX_EPOCH).unwrap_or_default()))
    }
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

impl SendBuilder {
    /// Sends the record after that time, as in `"10m"`: it is written to the topic of
    /// `[kafka.delayed]` now, and a scheduler forwards it.
    ///
    /// The time counts from this call. Key, headers, partition and timestamp arrive as they are,
    /// with the header [`mk-delayed-id`](crate::delayed::DELAYED_ID) behind them.
    pub fn after(self, delay: impl Delay + std::fmt::Debug) -> DelayedSend {
        let now = self.postponing().map(Postponing::now).unwrap_or_default();
        DelayedSend {
            due: Due::after(delay, now),
            send: self,
        }
    }

    /// Sends the record at that time; at once if it has passed. See [`Self::after`].
    pub fn at(self, time: SystemTime) -> DelayedSend {
        DelayedSend {
            due: Due::at(time),
            send: self,
        }
    }
}

/// A record that will be sent later; see [`SendBuilder::after`].
///
/// Its `.await` says that the broker holds it, and gives the id to cancel it by.
#[derive(Debug)]
#[must_use = "nothing is sent unless it is awaited"]
pub struct DelayedSend {
    send: SendBuilder,
    due: Due,
}

impl DelayedSend {
    fn map(self, change: impl FnOnce(SendBuilder) -> SendBuilder) -> Self {
        Self {
            send: change(self.send),
            due: self.due,
        }
    }

    /// As [`SendBuilder::key`].
    pub fn key(self, key: impl AsRef<[u8]>) -> Self {
        self.map(|send| send.key(key))
    }

    /// As [`SendBuilder::partition`].
    pub fn partition(self, partition: i32) -> Self {
        self.map(|send| send.partition(partition))
    }

    /// As [`SendBuilder::timestamp`]; by default it will be the time of the forwarding.
    pub fn timestamp(self, millis: i64) -> Self {
        self.map(|send| send.timestamp(millis))
    }

    /// As [`SendBuilder::header`].
    pub fn header(self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        self.map(|send| send.header(name, value))
    }

    /// As [`SendBuilder::headers`].
    pub fn headers<N: AsRef<[u8]>, V: AsRef<[u8]>>(
        self,
        headers: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        self.map(|send| send.headers(headers))
    }

    /// The record in its envelope, on its way to where it waits.
    fn enclosed(self, id: &DelayedId) -> SendBuilder {
        let due = self.due;
        self.send.turned(|mut record, postponing| {
            let topic = Arc::clone(record.topic_name());
            let Some(postponing) = postponing else {
                return Err(SendError::DelayedSendsOff { topic });
            };
            match due {
                Due::At(due) => {
                    let mut enclosed = enclose(&record, &postponing.topic, id, due)?;
                    enclosed.set_claiming(record.take_claiming());
                    Ok(enclosed)
                }
                Due::Invalid(delay, source) => Err(SendError::InvalidDelay {
                    topic,
                    delay,
                    source,
                }),
            }
        })
    }
}

fn enclose(record: &Encoded, topic: &str, id: &DelayedId, due: i64) -> Result<Encoded, SendError> {
    let route = record.route().beside(topic)?;
    let mut buffer = Buffer::take();
    buffer.append(record.payload().unwrap_or_default());
    let mut enclosed = Encoded::new(route, buffer, true);
    enclosed.set_key(id.as_str().as_bytes());
    let envelope = Envelope {
        due,
        topic: record.topic_name(),
        key: record.key(),
        partition: record.partition(),
        timestamp: record.timestamp(),
        has_payload: record.payload().is_some(),
    };
    envelope.write(|name, value| enclosed.add_header(name, value));
    for (name, value) in record.headers() {
        enclosed.add_header(name, value);
    }
    Ok(enclosed)
}

impl IntoFuture for DelayedSend {
    type Output = Result<DelayedId, SendError>;
    type IntoFuture = DelayedFuture;

    fn into_future(self) -> DelayedFuture {
        let id = DelayedId::random();
        DelayedFuture {
            sending: self.enclosed(&id).into_future(),
            id: Some(id),
        }
    }
}

/// The wait until the broker holds a delayed record.
///
/// # Cancel safety
/// As [`SendFuture`]: dropped, the record may still be sent at its time.
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct DelayedFuture {
    sending: SendFuture,
    id: Option<DelayedId>,
}

impl Future for DelayedFuture {
    type Output = Result<DelayedId, SendError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match Pin::new(&mut self.sending).poll(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Ready(Ok(_stored)) => self
                .id
                .take()
                .map_or(Poll::Pending, |id| Poll::Ready(Ok(id))),
        }
    }
}

impl TransactionSend {
    /// As [`SendBuilder::after`]: if the transaction is aborted, the record will never be sent.
    pub fn after(self, delay: impl Delay + std::fmt::Debug) -> TransactionDelayedSend {
        let (send, scope) = self.into_parts();
        TransactionDelayedSend {
            send: send.after(delay),
            scope,
        }
    }

    /// As [`SendBuilder::at`]: if the transaction is aborted, the record will never be sent.
    pub fn at(self, time: SystemTime) -> TransactionDelayedSend {
        let (send, scope) = self.into_parts();
        TransactionDelayedSend {
            send: send.at(time),
            scope,
        }
    }
}

/// A record that will be sent later if its transaction is committed.
///
/// Its `.await` says that the local queue has taken it, and gives the id to cancel it by; the commit
/// says that the broker holds it.
#[derive(Debug)]
#[must_use = "nothing is sent unless it is awaited"]
pub struct TransactionDelayedSend {
    send: DelayedSend,
    scope: Arc<Scope>,
}

impl IntoFuture for TransactionDelayedSend {
    type Output = Result<DelayedId, KafkaError>;
    type IntoFuture = TransactionDelayedFuture;

    fn into_future(self) -> TransactionDelayedFuture {
        let id = DelayedId::random();
        TransactionDelayedFuture {
            queueing: self.send.enclosed(&id).queue(),
            scope: self.scope,
            id: Some(id),
        }
    }
}

/// The wait for the local queue.
///
/// # Cancel safety
/// Dropped before it is ready, the record is not sent.
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct TransactionDelayedFuture {
    queueing: QueueFuture,
    scope: Arc<Scope>,
    id: Option<DelayedId>,
}

impl Future for TransactionDelayedFuture {
    type Output = Result<DelayedId, KafkaError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Self {
            queueing,
            scope,
            id,
        } = &mut *self;
        match scope.within(|| queueing.poll_queued(context)) {
            Some(Poll::Pending) => Poll::Pending,
            Some(Poll::Ready(Ok(()))) => id.take().map_or(Poll::Pending, |id| Poll::Ready(Ok(id))),
            Some(Poll::Ready(Err(error))) => Poll::Ready(Err(error.into())),
            None => Poll::Ready(Err(queueing.over().into())),
        }
    }
}

/// A tombstone on its way to a record that waits; see [`KafkaTemplate::cancel_delayed`].
#[derive(Debug)]
#[must_use = "nothing is cancelled unless it is awaited"]
pub struct CancelDelayed(SendBuilder);

impl IntoFuture for CancelDelayed {
    type Output = Result<(), SendError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let sending = self.0.into_future();
        Box::pin(async move { sending.await.map(drop) })
    }
}

impl KafkaTemplate {
    /// Takes a delayed send back. Its `.await` says that the broker knows.
    ///
    /// A record that is not due yet will not be sent. One whose time comes while this is on its way
    /// may be sent all the same: whoever must not act on it has to ask for more than this answer.
    /// To cancel what was sent, or was cancelled before, does nothing.
    ///
    /// ```no_run
    /// # use micro_kafka::prelude::*;
    /// # async fn remind(kafka: &KafkaTemplate) -> Result<(), KafkaError> {
    /// let reminder = kafka.send("reminders", "pay!").key("order-7").after("3d").await?;
    /// // …the order was paid.
    /// kafka.cancel_delayed(&reminder).await?;
    /// # Ok(()) }
    /// ```
    pub fn cancel_delayed(&self, id: impl AsRef<str>) -> CancelDelayed {
        let delayed = self.config().delayed.as_ref();
        let route = match delayed {
            Some(delayed) => self.topic(&delayed.name),
            None => Err(SendError::DelayedSendsOff { topic: "".into() }),
        };
        let plain = Hooks::telling(ErrorHook::default());
        let send = SendBuilder::raw(route, &plain, None);
        CancelDelayed(send.key(id.as_ref()))
    }

    /// A send of a record as it is, whatever interceptors there are; a partition below 0 is any.
    pub(crate) fn send_as_it_is(&self, record: &OwnedRecord) -> SendBuilder {
        let plain = Hooks::telling(ErrorHook::default());
        let mut send =
            SendBuilder::raw(self.topic(&record.topic), &plain, record.payload.as_deref());
        if let Some(key) = &record.key {
            send = send.key(key);
        }
        if record.partition >= 0 {
            send = send.partition(record.partition);
        }
        if let Some(millis) = record.timestamp.millis() {
            send = send.timestamp(millis);
        }
        for header in &record.headers {
            send = send.header_bytes(&header.name, header.value.as_deref());
        }
        send
    }

    /// What the transactional ids begin with, if the template is transactional.
    pub(crate) fn transaction_id_prefix(&self) -> Option<&str> {
        self.config().transactions.id_prefix.as_deref()
    }
}

impl Transaction {
    /// As [`KafkaTemplate::cancel_delayed`], if the transaction is committed.
    pub fn cancel_delayed(&self, id: impl AsRef<str>) -> TransactionSend {
        self.tombstone_of_delayed().key(id.as_ref())
    }
}
