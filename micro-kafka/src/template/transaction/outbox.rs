//! Records of a listener that wait for the transaction of their input.

use std::sync::Arc;

use parking_lot::Mutex;

use super::super::hooks::Hooks;
use super::super::recorder::RecordedTopic;
use super::super::{KafkaTemplate, Recorder, SendBuilder, SendError, SendResult};
use super::handle::{Scope, Sender, Transaction};
use crate::record::OwnedRecord;

/// A record that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Staged {
    pub(crate) record: OwnedRecord,
    /// Whether its partition is a wish: if the topic has no such one, the partitioner decides.
    pub(crate) wish: bool,
}

/// What one input brings about, until it is taken; then it takes no more.
#[derive(Debug, Default)]
pub(crate) struct Outbox(Mutex<Contents>);

#[derive(Debug, Default)]
struct Contents {
    staged: Vec<Staged>,
    closed: bool,
}

impl Outbox {
    /// Takes what is in it, and closes it.
    pub(crate) fn take(&self) -> Vec<Staged> {
        let mut contents = self.0.lock();
        contents.closed = true;
        std::mem::take(&mut contents.staged)
    }

    fn put(&self, record: OwnedRecord, wish: bool) -> Result<SendResult, SendError> {
        let mut contents = self.0.lock();
        if contents.closed {
            return Err(SendError::TransactionOver {
                topic: record.topic.as_str().into(),
                key_hash: None,
            });
        }
        let sent = SendResult {
            topic: record.topic.as_str().into(),
            partition: record.partition,
            offset: record.offset,
            timestamp: record.timestamp,
        };
        contents.staged.push(Staged { record, wish });
        Ok(sent)
    }
}

impl Recorder for Outbox {
    fn record(&self, record: OwnedRecord) -> Result<SendResult, SendError> {
        self.put(record, false)
    }

    fn commit(&self, records: Vec<OwnedRecord>) -> Result<(), Vec<SendError>> {
        let put = records.into_iter().map(|record| self.put(record, false));
        put.collect::<Result<Vec<_>, _>>()
            .map_or_else(|error| Err(vec![error]), |_| Ok(()))
    }
}

/// An outbox whose records wish for their partitions.
#[derive(Debug)]
struct Wishing(Arc<Outbox>);

impl Recorder for Wishing {
    fn record(&self, record: OwnedRecord) -> Result<SendResult, SendError> {
        self.0.put(record, true)
    }

    fn commit(&self, records: Vec<OwnedRecord>) -> Result<(), Vec<SendError>> {
        self.0.commit(records)
    }
}

/// What sends into the outboxes of one application are made with.
#[derive(Debug, Clone)]
pub(crate) struct Postage {
    hooks: Hooks,
    namespace: Arc<str>,
}

impl Postage {
    pub(crate) fn of(kafka: &KafkaTemplate) -> Self {
        Self {
            hooks: Hooks::of(kafka.config()),
            namespace: kafka.namespace().into(),
        }
    }

    /// What sends into that outbox.
    pub(crate) fn transaction(&self, outbox: Arc<Outbox>) -> Transaction {
        let hooks = self.hooks.clone();
        let scope = Scope::open(Sender::Outbox { outbox, hooks });
        Transaction::new(scope, &self.namespace)
    }

    /// A copy of a record on its way to a topic, both as the broker knows them; its partition will
    /// be a wish.
    pub(crate) fn copy(
        &self,
        outbox: Arc<Outbox>,
        topic: &str,
        payload: Option<&[u8]>,
    ) -> SendBuilder {
        let outbox: Arc<dyn Recorder> = Arc::new(Wishing(outbox));
        let route = RecordedTopic::route(topic, &outbox, &self.hooks.errors);
        SendBuilder::raw(Ok(route), &self.hooks, payload)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_takes_no_more() {
        let outbox = Outbox::default();
        outbox.record(OwnedRecord::new("a", -1, -1)).unwrap();
        outbox.put(OwnedRecord::new("b", 3, -1), true).unwrap();
        let taken = outbox.take();
        assert_eq!(taken.len(), 2);
        assert!(!taken[0].wish && taken[1].wish);
        let late = outbox.record(OwnedRecord::new("a", -1, -1));
        assert!(matches!(late, Err(SendError::TransactionOver { .. })));
        assert!(outbox.take().is_empty());
    }
}
