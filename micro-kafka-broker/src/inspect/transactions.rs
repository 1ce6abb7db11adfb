//! Producers and their transactions.

use std::time::Duration;

use super::NoSuchPartition;
use crate::coord::transaction::TransactionDescription;
use crate::server::Broker;

/// A producer that has written to a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProducerView {
    /// Its id.
    pub producer_id: i64,
    /// Its epoch.
    pub epoch: i16,
    /// The number of its last record; -1 for none.
    pub last_sequence: i32,
    /// The first offset of its open transaction there, if there is one.
    pub open_from: Option<i64>,
}

/// A transactional id.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TransactionView {
    /// The id.
    pub transactional_id: String,
    /// Its state, as in `Ongoing`.
    pub state: &'static str,
    /// The producer that has it.
    pub producer_id: i64,
    /// That producer's epoch.
    pub epoch: i16,
    /// After how long its transactions are aborted.
    pub timeout: Duration,
    /// The partitions of the open transaction.
    pub partitions: Vec<(String, i32)>,
}

/// A transaction that was aborted, as far as a partition is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct AbortedTransaction {
    /// Its producer.
    pub producer_id: i64,
    /// The offset of its first record.
    pub first_offset: i64,
    /// The offset of its marker.
    pub last_offset: i64,
}

impl Broker {
    /// The producers that a partition remembers, by id.
    ///
    /// # Errors
    /// [`NoSuchPartition`].
    pub fn producers(
        &self,
        topic: &str,
        partition: i32,
    ) -> Result<Vec<ProducerView>, NoSuchPartition> {
        let found = self.partition_of(topic, partition)?;
        let producers = found.active_producers().into_iter();
        let views = producers.map(|producer| ProducerView {
            producer_id: producer.producer_id,
            epoch: producer.epoch,
            last_sequence: producer.last_sequence,
            open_from: producer.open,
        });
        Ok(views.collect())
    }

    /// The aborted transactions of a partition, in the order in which they ended.
    ///
    /// # Errors
    /// [`NoSuchPartition`].
    pub fn aborted_transactions(
        &self,
        topic: &str,
        partition: i32,
    ) -> Result<Vec<AbortedTransaction>, NoSuchPartition> {
        let found = self.partition_of(topic, partition)?;
        let aborted = found.aborted().into_iter();
        let views = aborted.map(|entry| AbortedTransaction {
            producer_id: entry.producer_id,
            first_offset: entry.first_offset,
            last_offset: entry.last_offset,
        });
        Ok(views.collect())
    }

    /// All transactional ids, by name.
    #[must_use]
    pub fn transactions(&self) -> Vec<TransactionView> {
        let Some(state) = self.state() else {
            return Vec::new();
        };
        let listed = state.transactions().list().into_iter();
        listed.map(TransactionView::from).collect()
    }

    /// A transactional id; `None` if the broker does not know it.
    #[must_use]
    pub fn transaction(&self, transactional_id: &str) -> Option<TransactionView> {
        let description = self.state()?.transactions().describe(transactional_id)?;
        Some(TransactionView::from((
            transactional_id.to_owned(),
            description,
        )))
    }
}

impl From<(String, TransactionDescription)> for TransactionView {
    fn from((transactional_id, description): (String, TransactionDescription)) -> Self {
        let partitions = description.partitions.into_iter();
        Self {
            transactional_id,
            state: description.state.name(),
            producer_id: description.producer.id,
            epoch: description.producer.epoch,
            timeout: description.timeout,
            partitions: partitions
                .map(|key| (key.topic.to_string(), key.partition))
                .collect(),
        }
    }
}
