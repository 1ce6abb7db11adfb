//! Records at rest.

use bytes::Bytes;

use crate::batch::{Header, Verdict, records, verdict_of};
use crate::partition::{Isolation, Partition, ReadRequest};
use crate::server::Broker;

/// How much is read at once.
const CHUNK: usize = 1 << 20;

/// A record as the broker keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredRecord {
    /// Its offset.
    pub offset: i64,
    /// Its time in milliseconds since 1970.
    pub timestamp: i64,
    /// Its key, if any.
    pub key: Option<Bytes>,
    /// Its value; `None` is a tombstone.
    pub value: Option<Bytes>,
    /// Its headers, in order.
    pub headers: Vec<(Bytes, Option<Bytes>)>,
    /// The idempotent producer that sent it.
    pub producer_id: Option<i64>,
    /// Whether it is part of a transaction.
    pub transactional: bool,
    /// For the marker that ends a transaction: whether it was committed.
    pub marker: Option<bool>,
}

/// The offsets of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct PartitionView {
    /// Of its first record.
    pub start: i64,
    /// Before which no transaction is open.
    pub stable: i64,
    /// After its last record.
    pub end: i64,
    /// Bytes that it takes.
    pub bytes: usize,
}

/// There is no such partition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoSuchPartition {
    /// The broker is down.
    #[error("the broker is down: restart it first")]
    Down,
    /// It has no such topic or partition.
    #[error("there is no partition {partition} of topic `{topic}`")]
    Unknown {
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
    },
    /// It cannot be read; the broker's log says why.
    #[error("partition {partition} of topic `{topic}` cannot be read")]
    Unreadable {
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
    },
}

impl Broker {
    /// All records that a partition keeps, markers and those of aborted transactions too.
    ///
    /// # Errors
    /// [`NoSuchPartition`].
    pub fn records(
        &self,
        topic: &str,
        partition: i32,
    ) -> Result<Vec<StoredRecord>, NoSuchPartition> {
        let found = self.partition_of(topic, partition)?;
        let unreadable = || NoSuchPartition::Unreadable {
            topic: topic.to_owned(),
            partition,
        };
        let mut stored = Vec::new();
        let mut offset = found.start_offset();
        loop {
            let read = found.read(ReadRequest {
                offset,
                max_bytes: CHUNK,
                at_least_one: true,
                isolation: Isolation::ReadUncommitted,
            });
            let read = read.map_err(|_| unreadable())?;
            let chunk = Bytes::from(read.records.concat());
            let next = add_batches(chunk, &mut stored).ok_or_else(unreadable)?;
            if next <= offset {
                return Ok(stored);
            }
            offset = next;
        }
    }

    /// The offsets of a partition.
    ///
    /// # Errors
    /// [`NoSuchPartition`].
    pub fn partition(&self, topic: &str, partition: i32) -> Result<PartitionView, NoSuchPartition> {
        let found = self.partition_of(topic, partition)?;
        let glance = found.glance();
        Ok(PartitionView {
            start: glance.start_offset,
            stable: glance.last_stable_offset,
            end: glance.end_offset,
            bytes: glance.size,
        })
    }

    /// The number of a topic's partitions; `None` if there is no such topic.
    #[must_use]
    pub fn partition_count(&self, topic: &str) -> Option<i32> {
        let image = self.state()?.catalog().image();
        let count = image.topic(topic)?.partitions.len();
        i32::try_from(count).ok()
    }

    pub(super) fn partition_of(
        &self,
        topic: &str,
        partition: i32,
    ) -> Result<std::sync::Arc<Partition>, NoSuchPartition> {
        let state = self.state().ok_or(NoSuchPartition::Down)?;
        let image = state.catalog().image();
        let found = image.topic(topic);
        let found = found.and_then(|topic| state.partitions().get(topic.id, partition));
        found.ok_or_else(|| NoSuchPartition::Unknown {
            topic: topic.to_owned(),
            partition,
        })
    }
}

/// Reads whole batches; the offset after the last one, 0 if there is none, `None` if one cannot be
/// read.
fn add_batches(mut bytes: Bytes, stored: &mut Vec<StoredRecord>) -> Option<i64> {
    let mut next = 0;
    while !bytes.is_empty() {
        let header = Header::read(&bytes).ok()?;
        let batch = bytes.split_to(header.size().filter(|size| *size <= bytes.len())?);
        let marker = match header.is_control() {
            true => verdict_of(&batch).map(|verdict| verdict == Verdict::Commit),
            false => None,
        };
        for record in records(&batch).ok()? {
            let record = record.ok()?;
            stored.push(StoredRecord {
                offset: record.offset,
                timestamp: record.timestamp,
                key: record.key,
                value: record.value,
                headers: record.headers,
                producer_id: header.has_producer().then_some(header.producer_id),
                transactional: header.is_transactional(),
                marker,
            });
        }
        next = header.last_offset() + 1;
    }
    Some(next)
}
