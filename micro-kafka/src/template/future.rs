//! The futures of a send.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::SendError;
use super::encoded::Encoded;
use super::recorder::Answer;
use crate::client::Receipt;
use crate::record::Timestamp;

/// Where the broker stored a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendResult {
    /// The topic as the broker knows it, namespace included.
    pub topic: Arc<str>,
    /// The partition.
    pub partition: i32,
    /// The offset; -1 where the broker does not tell it (`acks=0`).
    pub offset: i64,
    /// The record's timestamp as the broker stored it.
    pub timestamp: Timestamp,
}

/// The wait for the local queue; see [`super::SendBuilder::queue`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct QueueFuture {
    state: Queueing,
}

#[derive(Debug)]
enum Queueing {
    New(Encoded),
    /// In line for room; the number is the place.
    Waiting(Encoded, u64),
    Failed(SendError),
    Over,
}

impl QueueFuture {
    pub(super) fn new(record: Result<Encoded, SendError>) -> Self {
        Self {
            state: match record {
                Ok(record) => Queueing::New(record),
                Err(error) => Queueing::Failed(error),
            },
        }
    }
}

impl Future for QueueFuture {
    type Output = Result<DeliveryFuture, SendError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.poll_by(context, Encoded::enqueue)
    }
}

impl QueueFuture {
    /// Ready once the local queue has the record; a failed delivery goes to the producer's hook.
    pub(super) fn poll_queued(&mut self, context: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.poll_by(context, Encoded::enqueue_unawaited)
    }

    /// Gives the record up because its transaction has ended.
    pub(super) fn over(&mut self) -> SendError {
        let (topic, key_hash) = match &self.state {
            Queueing::New(record) | Queueing::Waiting(record, _) => {
                (Arc::clone(record.topic_name()), record.key_hash())
            }
            Queueing::Failed(error) => (error.topic().into(), error.key_hash()),
            Queueing::Over => ("".into(), None),
        };
        SendError::TransactionOver { topic, key_hash }
    }

    fn poll_by<T>(
        &mut self,
        context: &mut Context<'_>,
        enqueue: fn(&Encoded) -> Result<T, SendError>,
    ) -> Poll<Result<T, SendError>> {
        if let Queueing::New(record) = &mut self.state {
            match record.poll_payload(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => {
                    self.state = Queueing::Over;
                    return Poll::Ready(Err(error));
                }
            }
        }
        // In place: nearly every record goes at once, and is too large to be moved for nothing. Who
        // comes while others wait takes its place behind them.
        if let Queueing::New(record) = &self.state
            && record.goes_at_once()
        {
            match enqueue(record) {
                Err(SendError::QueueFull { .. }) => {}
                result => {
                    self.state = Queueing::Over;
                    return Poll::Ready(result);
                }
            }
        }
        let (record, ticket) = match std::mem::replace(&mut self.state, Queueing::Over) {
            Queueing::Failed(error) => return Poll::Ready(Err(error)),
            Queueing::Over => return Poll::Pending,
            Queueing::Waiting(record, ticket) => (record, Some(ticket)),
            Queueing::New(record) => (record, None),
        };
        self.wait(record, ticket, context, enqueue)
    }

    fn wait<T>(
        &mut self,
        record: Encoded,
        known: Option<u64>,
        context: &Context<'_>,
        enqueue: fn(&Encoded) -> Result<T, SendError>,
    ) -> Poll<Result<T, SendError>> {
        let Some(core) = record.core() else {
            return Poll::Ready(enqueue(&record));
        };
        let waiters = core.waiters();
        let ticket = known.unwrap_or_else(|| waiters.ticket());
        // Registered before the attempt, so that room made in between wakes this task.
        let is_next = waiters.register(ticket, context.waker());
        if core.is_closed() || (is_next && core.has_room()) {
            match enqueue(&record) {
                Err(SendError::QueueFull { .. }) => {}
                result => {
                    waiters.served(ticket);
                    return Poll::Ready(result);
                }
            }
        }
        self.state = Queueing::Waiting(record, ticket);
        Poll::Pending
    }
}

impl Drop for QueueFuture {
    fn drop(&mut self) {
        if let Queueing::Waiting(record, ticket) = &self.state
            && let Some(core) = record.core()
        {
            core.waiters().give_up(*ticket);
        }
    }
}

/// The wait for the broker's acknowledgement of a queued record.
///
/// # Cancel safety
/// Dropping it does not take the record back; if it fails, the template's error hook is told.
#[derive(Debug)]
#[must_use = "whether the record was delivered is only known once this is awaited"]
pub struct DeliveryFuture(Delivering);

#[derive(Debug)]
enum Delivering {
    /// By a broker.
    Broker(Receipt),
    /// By a recorder, which has answered.
    Recorder(Box<Answer>),
}

impl From<Receipt> for DeliveryFuture {
    fn from(receipt: Receipt) -> Self {
        Self(Delivering::Broker(receipt))
    }
}

impl From<Answer> for DeliveryFuture {
    fn from(answer: Answer) -> Self {
        Self(Delivering::Recorder(Box::new(answer)))
    }
}

impl Future for DeliveryFuture {
    type Output = Result<SendResult, SendError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let receipt = match &mut self.0 {
            Delivering::Broker(receipt) => receipt,
            Delivering::Recorder(answer) => {
                return answer.take().map_or(Poll::Pending, Poll::Ready);
            }
        };
        let Poll::Ready(report) = Pin::new(&mut *receipt).poll(context) else {
            return Poll::Pending;
        };
        Poll::Ready(match report {
            Ok(stored) => Ok(SendResult {
                topic: Arc::clone(receipt.topic()),
                partition: stored.partition,
                offset: stored.offset,
                timestamp: stored.timestamp,
            }),
            Err(failure) => Err(failure.into()),
        })
    }
}

/// The wait for the local queue and then for the broker's acknowledgement.
///
/// # Cancel safety
/// Dropped while it waits for the local queue, nothing is sent. Dropped later, the record may
/// still be delivered; if it fails, the template's error hook is told.
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct SendFuture {
    state: Sending,
}

#[derive(Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "one future a send: a box would be an allocation more"
)]
enum Sending {
    Queueing(QueueFuture),
    Delivering(DeliveryFuture),
}

impl SendFuture {
    pub(super) fn new(queueing: QueueFuture) -> Self {
        Self {
            state: Sending::Queueing(queueing),
        }
    }
}

impl Future for SendFuture {
    type Output = Result<SendResult, SendError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Sending::Queueing(queueing) = &mut self.state {
            match Pin::new(queueing).poll(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Ready(Ok(delivery)) => self.state = Sending::Delivering(delivery),
            }
        }
        match &mut self.state {
            Sending::Delivering(delivery) => Pin::new(delivery).poll(context),
            Sending::Queueing(_) => Poll::Pending,
        }
    }
}
