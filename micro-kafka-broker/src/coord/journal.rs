//! The topics in which the coordinators keep their state.

use std::sync::Arc;

use bytes::Bytes;

use crate::batch::{BatchBuilder, Header, Marker, RecordView, Verdict, records, verdict_of};
use crate::clock::Clock;
use crate::coord::transaction::Producer;
use crate::meta::{Catalog, CatalogError, StateTopic, Topic};
use crate::partition::{
    Admission, AppendError, Isolation, MarkerError, Partition, PartitionTable, ReadError,
    ReadRequest,
};

/// Attribute bit of records in a transaction.
const TRANSACTIONAL: i16 = 0x10;
/// Most bytes that are read at once.
const READ_BYTES: usize = 1 << 20;

/// A record of such a topic; without a value its key is forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StateRecord {
    /// What it is about.
    pub(crate) key: Bytes,
    /// What is to be known of it.
    pub(crate) value: Option<Bytes>,
}

/// What is read back from such a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Entry {
    /// A record, and the producer in whose transaction it is.
    Record(StateRecord, Option<Producer>),
    /// The end of a producer's transaction.
    Marker(i64, Verdict),
}

/// Why nothing was written down.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum JournalError {
    /// The topic is missing and could not be created.
    #[error("the topic cannot be created: {0}")]
    Topic(#[from] CatalogError),
    /// This broker has no such partition.
    #[error("the topic has no partition {0} on this broker")]
    Partition(i32),
    /// Too few replicas of the partition are in sync.
    #[error("partition {0} of the topic has too few replicas in sync: brokers have ended")]
    TooFewReplicas(i32),
    /// The partition refuses the records.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The partition refuses the marker.
    #[error(transparent)]
    Marker(#[from] MarkerError),
    /// The partition cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// The way to one of these topics, which is created when it is first needed.
#[derive(Debug)]
pub(crate) struct Journal {
    which: StateTopic,
    clock: Clock,
    catalog: Arc<Catalog>,
    partitions: Arc<PartitionTable>,
}

impl Journal {
    /// The way to a topic of this catalog in these partitions.
    pub(crate) fn new(
        which: StateTopic,
        clock: Clock,
        catalog: Arc<Catalog>,
        partitions: Arc<PartitionTable>,
    ) -> Self {
        Self {
            which,
            clock,
            catalog,
            partitions,
        }
    }

    /// The topic's name.
    pub(crate) fn name(&self) -> &'static str {
        self.which.name()
    }

    /// Whether the topic is there.
    pub(crate) fn exists(&self) -> bool {
        self.topic().is_some()
    }

    /// The topic's number of partitions, now or when it will be created.
    pub(crate) fn partition_count(&self) -> i32 {
        let configured = || self.catalog.config().number(self.which.count_config());
        let count = self.topic().map(|topic| topic.partitions.len());
        count
            .and_then(|count| i32::try_from(count).ok())
            .unwrap_or_else(|| i32::try_from(configured()).unwrap_or(i32::MAX))
    }

    /// The partition that a group or a transactional id belongs to.
    pub(crate) fn partition_of(&self, id: &str) -> i32 {
        partition_of(id, self.partition_count())
    }

    /// Creates the topic if it is missing. Not to be called while holding what the catalog's
    /// observers need.
    ///
    /// # Errors
    /// [`CatalogError`] when the configuration does not allow it.
    pub(crate) fn ensure(&self) -> Result<(), CatalogError> {
        if self.topic().is_some() {
            return Ok(());
        }
        let new = self.which.new_topic(self.catalog.config());
        match self.catalog.create_topic(&new, false) {
            Ok(_) => {
                tracing::info!(topic = self.name(), "internal topic created");
                Ok(())
            }
            // Somebody else was faster.
            Err(_) if self.topic().is_some() => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Appends records as one batch, which is part of a producer's transaction if there is one.
    ///
    /// # Errors
    /// [`JournalError`]; nothing was appended then.
    pub(crate) fn append(
        &self,
        partition: i32,
        records: &[StateRecord],
        producer: Option<Producer>,
    ) -> Result<(), JournalError> {
        let (topic, replica) = self.replicated(partition)?;
        let now = self.clock.unix_millis();
        let mut batch = BatchBuilder::new().base_timestamp(now);
        if let Some(Producer { id, epoch }) = producer {
            batch = batch.producer(id, epoch, 0).flags(TRANSACTIONAL);
        }
        for StateRecord { key, value } in records {
            batch = batch.record(Some(key), value.as_deref(), now);
        }
        replica.append(&batch.build(), &topic.settings, Admission::Coordinator, now)?;
        Ok(replica.flush_if_wanted(&topic.settings)?)
    }

    /// Appends a marker.
    ///
    /// # Errors
    /// [`JournalError`]; nothing was appended then.
    pub(crate) fn end_transaction(
        &self,
        partition: i32,
        marker: &Marker,
    ) -> Result<(), JournalError> {
        let (topic, replica) = self.replicated(partition)?;
        replica.end_transaction(marker, self.clock.unix_millis())?;
        Ok(replica.flush_if_wanted(&topic.settings)?)
    }

    /// Reads a partition from its begin to its end.
    ///
    /// # Errors
    /// [`JournalError`] where the log cannot be read; what came before was visited.
    pub(crate) fn read(
        &self,
        partition: i32,
        mut visit: impl FnMut(Entry),
    ) -> Result<(), JournalError> {
        let (_, replica) = self.replica(partition)?;
        let mut offset = replica.start_offset();
        loop {
            let read = replica.read(ReadRequest {
                offset,
                max_bytes: READ_BYTES,
                at_least_one: true,
                isolation: Isolation::ReadUncommitted,
            })?;
            let mut rest = Bytes::from(read.records.concat());
            if rest.is_empty() {
                return Ok(());
            }
            while let Some((header, batch)) = first_batch(&mut rest) {
                self.visit_batch(partition, &header, &batch, &mut visit);
                offset = header.last_offset() + 1;
            }
        }
    }

    fn visit_batch(
        &self,
        partition: i32,
        header: &Header,
        batch: &Bytes,
        visit: &mut impl FnMut(Entry),
    ) {
        if header.is_control() {
            if let Some(verdict) = verdict_of(batch) {
                visit(Entry::Marker(header.producer_id, verdict));
            }
            return;
        }
        let producer = header.is_transactional().then_some(Producer {
            id: header.producer_id,
            epoch: header.producer_epoch,
        });
        let read = records(batch).map(|records| records.collect::<Result<Vec<_>, _>>());
        match read.and_then(|records| records) {
            Ok(records) => {
                let entries = records.into_iter().filter_map(state_record);
                entries.for_each(|record| visit(Entry::Record(record, producer)));
            }
            Err(error) => tracing::error!(
                topic = self.name(), partition, offset = header.base_offset, %error,
                "a batch of coordinator state cannot be read and is left out"
            ),
        }
    }

    fn topic(&self) -> Option<Arc<Topic>> {
        self.catalog.image().topic(self.name()).cloned()
    }

    /// The replica, if it may be written to.
    fn replicated(&self, partition: i32) -> Result<(Arc<Topic>, Arc<Partition>), JournalError> {
        let (topic, replica) = self.replica(partition)?;
        match topic.has_enough_replicas(partition) {
            true => Ok((topic, replica)),
            false => Err(JournalError::TooFewReplicas(partition)),
        }
    }

    fn replica(&self, partition: i32) -> Result<(Arc<Topic>, Arc<Partition>), JournalError> {
        let topic = self.topic().ok_or(JournalError::Partition(partition))?;
        let replica = self.partitions.get(topic.id, partition);
        let replica = replica.ok_or(JournalError::Partition(partition))?;
        Ok((topic, replica))
    }
}

/// Takes the first batch off; `None` when there is no whole one.
fn first_batch(rest: &mut Bytes) -> Option<(Header, Bytes)> {
    let header = Header::read(rest).ok()?;
    let size = header.size().filter(|size| *size <= rest.len())?;
    Some((header, rest.split_to(size)))
}

/// Records without a key are nobody's.
fn state_record(view: RecordView) -> Option<StateRecord> {
    Some(StateRecord {
        key: view.key?,
        value: view.value,
    })
}

/// The partition, of `count`, that a group or a transactional id belongs to.
pub(crate) fn partition_of(id: &str, count: i32) -> i32 {
    // Java's hash of a string, over its UTF-16 units.
    let hash = id.encode_utf16().fold(0i32, |hash, unit| {
        hash.wrapping_mul(31).wrapping_add(i32::from(unit))
    });
    hash.checked_abs().unwrap_or(0) % count.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coord::ground::Ground;

    fn journal(which: StateTopic) -> Journal {
        Ground::new(Clock::system(), &[]).journal(which)
    }

    fn record(key: &'static str, value: Option<&'static str>) -> StateRecord {
        StateRecord {
            key: Bytes::from_static(key.as_bytes()),
            value: value.map(|value| Bytes::from_static(value.as_bytes())),
        }
    }

    #[test]
    fn ids_have_their_partition_by_javas_hash() {
        // "polygenelubricants".hashCode() is Integer.MIN_VALUE.
        assert_eq!(partition_of("polygenelubricants", 50), 0);
        assert_eq!(partition_of("hello", 50), 99_162_322 % 50);
    }

    #[test]
    fn the_topics_are_created_when_first_needed() {
        for which in [StateTopic::Offsets, StateTopic::Transactions] {
            let journal = journal(which);
            assert_eq!(journal.partition_count(), 50);
            assert!(journal.append(0, &[record("k", None)], None).is_err());
            journal.ensure().unwrap();
            journal.ensure().unwrap();
            let topic = journal.topic().unwrap();
            assert!(topic.internal);
            assert_eq!(topic.partitions.len(), 50);
            assert_eq!(topic.overrides["cleanup.policy"], "compact");
            assert_eq!(topic.overrides["segment.bytes"], "104857600");
        }
    }

    #[test]
    fn what_was_written_is_read_back_in_order() {
        let journal = journal(StateTopic::Offsets);
        journal.ensure().unwrap();
        let (plain, held) = (record("a", Some("1")), record("b", None));
        let producer = Producer { id: 4, epoch: 2 };
        let marker = Marker {
            producer_id: 4,
            producer_epoch: 2,
            verdict: Verdict::Abort,
            coordinator_epoch: 0,
        };
        journal
            .append(7, &[plain.clone(), held.clone()], None)
            .unwrap();
        for _ in 0..2 {
            // Coordinators number nothing.
            let once = std::slice::from_ref(&held);
            journal.append(7, once, Some(producer)).unwrap();
        }
        journal.end_transaction(7, &marker).unwrap();
        let mut entries = Vec::new();
        journal.read(7, |entry| entries.push(entry)).unwrap();
        let expected = [
            Entry::Record(plain, None),
            Entry::Record(held.clone(), None),
            Entry::Record(held.clone(), Some(producer)),
            Entry::Record(held, Some(producer)),
            Entry::Marker(4, Verdict::Abort),
        ];
        assert_eq!(entries, expected);
    }
}
