//! What sends in a transaction.

use std::sync::Arc;

use parking_lot::RwLock;

use super::super::hooks::Hooks;
use super::super::recorder::{RecordedTopic, Route};
use super::super::{ErrorHook, Recorder, SendBuilder};
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
    sender: Sender,
    /// Held while a record is queued, so that none slips into the next transaction.
    open: RwLock<bool>,
}

/// Who takes the records of a transaction.
#[derive(Debug)]
pub(super) enum Sender {
    Producer(Arc<TransactionalProducer>),
    /// Of a template that sends to no broker.
    Recorder(Arc<dyn Recorder>),
}

impl Scope {
    pub(super) fn open(sender: Sender) -> Arc<Self> {
        Arc::new(Self {
            sender,
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
        let hook = ErrorHook::default();
        let topic = match (&self.scope.sender, &*self.namespace) {
            (Sender::Recorder(recorder), _) => Ok(RecordedTopic::route(topic, recorder, &hook)),
            (Sender::Producer(producer), "") => producer.topic(topic).map(Route::Broker),
            (Sender::Producer(producer), namespace) => producer
                .topic(&format!("{namespace}{topic}"))
                .map(Route::Broker),
        };
        let record = match &self.scope.sender {
            Sender::Producer(producer) => SendBuilder::new(topic, producer.hooks(), &payload),
            Sender::Recorder(_) => SendBuilder::new(topic, &Hooks::telling(hook), &payload),
        };
        TransactionSend::new(record, Arc::clone(&self.scope))
    }
}
