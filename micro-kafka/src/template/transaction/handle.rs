//! What sends in a transaction.

use std::borrow::Cow;
use std::sync::Arc;

use parking_lot::RwLock;

use super::super::hooks::Hooks;
use super::super::recorder::{RecordedTopic, Route};
use super::super::{ErrorHook, Recorder, SendBuilder, SendError};
use super::outbox::Outbox;
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
pub(in crate::template) struct Scope {
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
    /// Of a listener's transaction, which is made later.
    Outbox {
        outbox: Arc<Outbox>,
        hooks: Hooks,
    },
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
    pub(in crate::template) fn within<T>(&self, queue: impl FnOnce() -> T) -> Option<T> {
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
        let hooks = self.hooks();
        let record = SendBuilder::new(self.route(&self.full_name(topic)), &hooks, &payload);
        TransactionSend::new(record, Arc::clone(&self.scope))
    }

    /// A tombstone, without a key yet, in the topic of delayed sends.
    pub(in crate::template) fn tombstone_of_delayed(&self) -> TransactionSend {
        let hooks = self.hooks();
        let route = match &hooks.delayed {
            Some(delayed) => self.route(delayed.topic()),
            None => Err(SendError::DelayedSendsOff { topic: "".into() }),
        };
        let plain = Hooks::telling(hooks.errors.clone());
        let record = SendBuilder::raw(route, &plain, None);
        TransactionSend::new(record, Arc::clone(&self.scope))
    }

    /// What its sends are made with.
    fn hooks(&self) -> Cow<'_, Hooks> {
        match &self.scope.sender {
            Sender::Producer(producer) => Cow::Borrowed(producer.hooks()),
            Sender::Recorder(_) => Cow::Owned(Hooks::telling(ErrorHook::default())),
            Sender::Outbox { hooks, .. } => Cow::Borrowed(hooks),
        }
    }

    /// The way to a topic as the broker knows it.
    fn route(&self, topic: &str) -> Result<Route, SendError> {
        match &self.scope.sender {
            Sender::Producer(producer) => producer.topic(topic).map(Route::Broker),
            Sender::Recorder(recorder) => {
                Ok(RecordedTopic::route(topic, recorder, &ErrorHook::default()))
            }
            Sender::Outbox { outbox, hooks } => {
                let recorder: Arc<dyn Recorder> = Arc::<Outbox>::clone(outbox);
                Ok(RecordedTopic::route(topic, &recorder, &hooks.errors))
            }
        }
    }

    /// One that gives each record to a recorder at once.
    pub(in crate::template) fn recorded_at_once(recorder: &Arc<dyn Recorder>) -> Self {
        let scope = Scope::open(Sender::Recorder(Arc::clone(recorder)));
        Self::new(scope, &"".into())
    }

    /// The same for names as the broker knows them, namespace included.
    pub(crate) fn with_wire_names(&self) -> Self {
        Self {
            scope: Arc::clone(&self.scope),
            namespace: "".into(),
        }
    }

    /// A topic as the broker knows it.
    fn full_name<'n>(&self, topic: &'n str) -> Cow<'n, str> {
        match &*self.namespace {
            "" => topic.into(),
            namespace => format!("{namespace}{topic}").into(),
        }
    }
}
