//! Sends what is due: the record, and then the tombstone over where it waited.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::envelope::{MARK, open};
use super::index::Waiting;
use crate::client::{GroupMetadata, TransactionOffset};
use crate::record::OwnedRecord;
use crate::template::{
    DeliveryFuture, KafkaTemplate, SendError, Staged, StagedCommitter, StagedTransaction,
};

/// A record that is due, as it waited.
#[derive(Debug)]
pub(super) struct Due {
    pub(super) waiting: Waiting,
    pub(super) record: OwnedRecord,
}

/// What became of it.
#[derive(Debug)]
pub(super) enum Fate {
    Forwarded,
    /// It is to be tried again.
    Failed(String),
    /// It was not written by a delayed send.
    Foreign,
}

/// How records are forwarded.
#[derive(Debug, Clone)]
pub(super) struct Forwarder {
    /// For names as the broker knows them.
    kafka: KafkaTemplate,
    topic: Arc<str>,
    /// Where the template is transactional.
    committer: Option<Arc<Mutex<StagedCommitter>>>,
}

/// How long a transaction of the scheduler may last.
const TRANSACTION: Duration = Duration::from_secs(60);

/// Where a transaction's offsets belong.
#[derive(Debug)]
pub(super) struct Membership {
    pub(super) group: GroupMetadata,
    pub(super) offsets: Vec<TransactionOffset>,
}

impl Forwarder {
    /// One that sends by that template; in transactions, if its own have an id prefix.
    pub(super) fn new(kafka: &KafkaTemplate, topic: &str) -> Self {
        let prefix = kafka.transaction_id_prefix();
        let committer = prefix.and_then(|prefix| {
            let id = format!("{prefix}delayed");
            StagedCommitter::new(kafka, &id, TRANSACTION)
        });
        Self {
            kafka: kafka.with_wire_names(),
            topic: topic.into(),
            committer: committer.map(|committer| Arc::new(Mutex::new(committer))),
        }
    }

    pub(super) fn is_transactional(&self) -> bool {
        self.committer.is_some()
    }

    /// Queues records in their order; each is on its way then, or says why not.
    pub(super) async fn queue(self, batch: Vec<Due>) -> Vec<(Due, Result<DeliveryFuture, Fate>)> {
        let mut queued = Vec::with_capacity(batch.len());
        for due in batch {
            let on_its_way = match open(&due.record) {
                None => Err(Fate::Foreign),
                Some(record) => {
                    let delivery = self.kafka.send_as_it_is(&record).queue().await;
                    delivery.map_err(|error| Fate::Failed(told(&error)))
                }
            };
            queued.push((due, on_its_way));
        }
        queued
    }

    /// Waits for the acknowledgement of a queued record, and writes its tombstone.
    pub(super) async fn finish(self, due: Due, delivery: DeliveryFuture) -> (Due, Fate) {
        if let Err(error) = delivery.await {
            return (due, Fate::Failed(told(&error)));
        }
        let tombstone = self.tombstone(&due);
        let fate = match self.kafka.send_as_it_is(&tombstone).await {
            Ok(_stored) => Fate::Forwarded,
            Err(error) => Fate::Failed(format!(
                "it was sent, but not marked as done, and will be sent again: {}",
                told(&error)
            )),
        };
        (due, fate)
    }

    fn tombstone(&self, due: &Due) -> OwnedRecord {
        let mut tombstone = OwnedRecord::new(&*self.topic, due.record.partition, -1);
        tombstone.key.clone_from(&due.record.key);
        tombstone
    }

    /// Sends records, their tombstones and the group's offsets in one transaction; if it fails,
    /// each record in one of its own.
    pub(super) async fn transact(
        self,
        batch: Vec<Due>,
        membership: Membership,
    ) -> Vec<(Due, Fate)> {
        let Some(committer) = self.committer.clone() else {
            return Vec::new();
        };
        let task = tokio::task::spawn_blocking(move || {
            let mut committer = committer.lock();
            let Membership { group, offsets } = membership;
            let mut transaction = StagedTransaction {
                records: self.staged(&batch),
                offsets,
                group,
            };
            let Err(error) = committer.commit(&transaction) else {
                return batch.into_iter().map(forwarded).collect();
            };
            if batch.len() == 1 {
                let failed = Fate::Failed(error.to_string());
                return batch.into_iter().zip([failed]).collect();
            }
            let one_by_one = batch.into_iter().map(|due| {
                transaction.records = self.staged(std::slice::from_ref(&due));
                match committer.commit(&transaction) {
                    Ok(()) => forwarded(due),
                    Err(error) => (due, Fate::Failed(error.to_string())),
                }
            });
            one_by_one.collect()
        });
        task.await.unwrap_or_default()
    }

    fn staged(&self, batch: &[Due]) -> Vec<Staged> {
        let opened = batch.iter().filter_map(|due| open(&due.record));
        let tombstones = batch.iter().map(|due| self.tombstone(due));
        let staged = |record| Staged {
            record,
            wish: false,
        };
        opened.chain(tombstones).map(staged).collect()
    }

    /// Writes a mark into a partition; its offset.
    pub(super) async fn mark(self, partition: i32) -> Result<i64, SendError> {
        let mut mark = OwnedRecord::new(&*self.topic, partition, -1);
        mark.key = Some(MARK.to_vec());
        Ok(self.kafka.send_as_it_is(&mark).await?.offset)
    }
}

fn forwarded(due: Due) -> (Due, Fate) {
    match open(&due.record) {
        Some(_) => (due, Fate::Forwarded),
        None => (due, Fate::Foreign),
    }
}

fn told(error: &SendError) -> String {
    error.to_string()
}
