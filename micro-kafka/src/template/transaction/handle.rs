//! What sends in a transaction.

use std::sync::Arc;

use parking_lot::RwLock;

use super::super::SendBuilder;
use super::producer::TransactionalProducer;
use super::send::TransactionSend;
use crate::codec::ToPayload;

/// Sends in a transaction; see [`KafkaTemplate::transaction`](super::super::KafkaTemplate::transaction).
///
/// Cheap to clone. Once the transaction has ended, it refuses to send.
#[derive(Debug, Clone)]
pub struct Transaction {
    scope: Arc<Scope>,
    namespace: Arc<str>,
}

/// Whether a transaction still takes records.
#[derive(Debug)]
pub(super) struct Scope {
    producer: Arc<TransactionalProducer>,
    /// Held while a record is queued, so that none slips into the next transaction.
    open: RwLock<bool>,
}

impl Scope {
    pub(super) fn open(producer: Arc<TransactionalProducer>) -> Arc<Self> {
        Arc::new(Self {
            producer,
            open: RwLock::new(true),
        })
    }

    pub(super) fn close(&self) {
        *self.open.write() = false;
    }

    /// Queues a record, unless the transaction has ended.
    pub(super) fn within<T>(&self, queue: impl FnOnce() -> T) -> Option<T> {
        let open = self.open.read();
        open.then(queue)
    }
}

impl Transaction {
    pub(super) fn new(scope: Arc<Scope>, namespace: &Arc<str>) -> Self {
        Self {
            scope,
            namespace: Arc::clone(namespace),
        }
    }

    /// Begins a send to a topic (without namespace).
    ///
    /// Its `.await` says that the local queue has taken the record; the commit says whether it was
    /// delivered.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "`Json(&order)` is made for the call, and reads better without another `&`"
    )]
    pub fn send(&self, topic: &str, payload: impl ToPayload) -> TransactionSend {
        let topic = match &*self.namespace {
            "" => self.scope.producer.topic(topic),
            namespace => self.scope.producer.topic(&format!("{namespace}{topic}")),
        };
        let record = SendBuilder::new(topic, self.scope.producer.hooks(), &payload);
        TransactionSend::new(record, Arc::clone(&self.scope))
    }
}
