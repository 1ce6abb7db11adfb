//! Templates that send to no broker.

use std::fmt;
use std::sync::Arc;

use super::{ErrorHook, SendError, SendResult};
use crate::client::Topic;
use crate::record::OwnedRecord;

/// Takes the records of a template instead of a broker; see
/// [`KafkaTemplate::recording`](super::KafkaTemplate::recording).
pub trait Recorder: fmt::Debug + Send + Sync {
    /// Takes a record, and answers what a broker would. Its partition is -1 if the sender left the
    /// choice open, its offset always; its timestamp is not available if the sender gave none.
    ///
    /// # Errors
    /// Whatever the sender is to be told.
    fn record(&self, record: OwnedRecord) -> Result<SendResult, SendError>;

    /// Takes all records of a transaction that commits, or none of them.
    ///
    /// # Errors
    /// Of all records that fail: the transaction is then aborted.
    fn commit(&self, records: Vec<OwnedRecord>) -> Result<(), Vec<SendError>>;
}

/// Where a record goes.
#[derive(Debug)]
pub(super) enum Route {
    /// To a topic of a broker.
    Broker(Arc<Topic>),
    /// Into the hands of a recorder.
    Recorder(Box<RecordedTopic>),
}

/// A topic that is no more than a name.
#[derive(Debug)]
pub(super) struct RecordedTopic {
    pub(super) name: Arc<str>,
    pub(super) recorder: Arc<dyn Recorder>,
    pub(super) hook: ErrorHook,
}

impl RecordedTopic {
    pub(super) fn route(name: &str, recorder: &Arc<dyn Recorder>, hook: &ErrorHook) -> Route {
        Route::Recorder(Box::new(Self {
            name: name.into(),
            recorder: Arc::clone(recorder),
            hook: hook.clone(),
        }))
    }
}

impl Route {
    /// The way to another topic (as the broker knows it) beside this one.
    pub(super) fn beside(&self, topic: &str) -> Result<Self, SendError> {
        match self {
            Self::Broker(own) => {
                let made = Topic::new(own.core(), topic);
                made.map(|topic| Self::Broker(Arc::new(topic)))
                    .map_err(|_invalid| SendError::InvalidTopic {
                        topic: topic.into(),
                    })
            }
            Self::Recorder(own) => Ok(RecordedTopic::route(topic, &own.recorder, &own.hook)),
        }
    }

    pub(super) fn name(&self) -> &Arc<str> {
        match self {
            Self::Broker(topic) => topic.name(),
            Self::Recorder(topic) => &topic.name,
        }
    }
}

/// A recorder's answer, until somebody asks for it.
#[derive(Debug)]
pub(super) struct Answer {
    result: Option<Result<SendResult, SendError>>,
    hook: ErrorHook,
}

impl Answer {
    pub(super) fn new(result: Result<SendResult, SendError>, hook: ErrorHook) -> Self {
        Self {
            result: Some(result),
            hook,
        }
    }

    /// The answer, the first time.
    pub(super) fn take(&mut self) -> Option<Result<SendResult, SendError>> {
        self.result.take()
    }
}

/// A failure that nobody awaits goes to the hook.
impl Drop for Answer {
    fn drop(&mut self) {
        if let Some(Err(error)) = &self.result {
            self.hook.call(error);
        }
    }
}
