//! One send in a transaction.

use std::future::IntoFuture;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::super::future::QueueFuture;
use super::super::{KafkaError, SendBuilder};
use super::handle::Scope;

/// A record on its way into a transaction; nothing is sent before it is awaited.
#[derive(Debug)]
#[must_use = "nothing is sent unless it is awaited"]
pub struct TransactionSend {
    record: SendBuilder,
    scope: Arc<Scope>,
}

impl TransactionSend {
    pub(super) fn new(record: SendBuilder, scope: Arc<Scope>) -> Self {
        Self { record, scope }
    }

    pub(in crate::template) fn map(self, change: impl FnOnce(SendBuilder) -> SendBuilder) -> Self {
        Self {
            record: change(self.record),
            scope: self.scope,
        }
    }

    pub(in crate::template) fn into_parts(self) -> (SendBuilder, Arc<Scope>) {
        (self.record, self.scope)
    }

    /// The send without a look at the end of its transaction: whoever takes the record looks.
    pub(crate) fn into_send(self) -> SendBuilder {
        self.record
    }

    /// As [`SendBuilder::key`].
    pub fn key(self, key: impl AsRef<[u8]>) -> Self {
        self.map(|record| record.key(key))
    }

    /// As [`SendBuilder::partition`].
    pub fn partition(self, partition: i32) -> Self {
        self.map(|record| record.partition(partition))
    }

    /// As [`SendBuilder::timestamp`].
    pub fn timestamp(self, millis: i64) -> Self {
        self.map(|record| record.timestamp(millis))
    }

    /// As [`SendBuilder::header`].
    pub fn header(self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        self.map(|record| record.header(name, value))
    }

    /// As [`SendBuilder::headers`].
    pub fn headers<N: AsRef<[u8]>, V: AsRef<[u8]>>(
        self,
        headers: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        self.map(|record| record.headers(headers))
    }
}

impl IntoFuture for TransactionSend {
    type Output = Result<(), KafkaError>;
    type IntoFuture = TransactionSendFuture;

    fn into_future(self) -> TransactionSendFuture {
        TransactionSendFuture {
            queueing: self.record.queue(),
            scope: self.scope,
        }
    }
}

/// The wait for the local queue; the commit tells of the delivery.
///
/// # Cancel safety
/// Dropped before it is ready, the record is not sent.
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct TransactionSendFuture {
    queueing: QueueFuture,
    scope: Arc<Scope>,
}

impl Future for TransactionSendFuture {
    type Output = Result<(), KafkaError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { queueing, scope } = &mut *self;
        match scope.within(|| queueing.poll_queued(context)) {
            Some(queued) => queued.map_err(KafkaError::from),
            None => Poll::Ready(Err(queueing.over().into())),
        }
    }
}
