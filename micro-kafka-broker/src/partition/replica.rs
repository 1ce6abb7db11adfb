//! The replica itself: append, read, wait.

use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use bytes::Bytes;
use parking_lot::Mutex;

use super::transactions::Transactions;
use super::{Aborted, EpochEnd, FetchWaiter, LeaderEpochs, ProducerError, Producers, Sequenced};
use crate::batch::{Batch, BatchError, validate};
use crate::fault::Switches;
use crate::log::{Log, LogLayout, Placement, ReadLimit, StorageError};
use crate::meta::TopicSettings;
use crate::observe::Traffic;

/// What a reader may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Isolation {
    /// Everything that is replicated.
    #[default]
    ReadUncommitted,
    /// Nothing of open transactions.
    ReadCommitted,
}

impl Isolation {
    /// The level's number in requests: 1 for committed records only.
    pub(crate) fn from_wire(level: i8) -> Self {
        match level {
            1 => Self::ReadCommitted,
            _ => Self::ReadUncommitted,
        }
    }
}

/// How records come to be appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    /// Outside of any transaction.
    Plain,
    /// Their transaction was found to include the partition.
    Verified,
    /// Their transaction includes the partition because of them: its epoch is its own.
    Added,
    /// The broker's own coordinators write them: in or outside of a transaction, and without
    /// numbers.
    Coordinator,
}

/// Where records went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Appended {
    /// Offset of the first record.
    pub(crate) base_offset: i64,
    /// The broker's time if the topic is stamped by it, otherwise -1.
    pub(crate) log_append_time: i64,
    /// The partition's first offset.
    pub(crate) log_start_offset: i64,
}

/// Why nothing was appended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum AppendError {
    /// The bytes are not acceptable.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// The producer's sequence or epoch is wrong.
    #[error(transparent)]
    Producer(#[from] ProducerError),
    /// A transactional batch came outside of a transaction.
    #[error("producer {producer_id} has no transaction that includes this partition")]
    NoTransaction {
        /// The producer.
        producer_id: i64,
    },
    /// The partition was deleted.
    #[error("the partition was deleted")]
    Gone,
    /// What the records are stored on fails; the broker's log says how.
    #[error("the records cannot be stored")]
    Storage,
}

/// Why a partition cannot be read at an offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ReadError {
    /// The offset is outside of the log.
    #[error("offset {offset} is not within [{start}, {end}]")]
    OutOfRange {
        /// What was asked for.
        offset: i64,
        /// The first offset.
        start: i64,
        /// The offset after the last record.
        end: i64,
    },
    /// The partition was deleted.
    #[error("the partition was deleted")]
    Gone,
    /// What is stored there cannot be read; the broker's log says why.
    #[error("the records cannot be read")]
    Storage,
}

impl From<StorageError> for AppendError {
    fn from(error: StorageError) -> Self {
        report(&error);
        Self::Storage
    }
}

impl From<StorageError> for ReadError {
    fn from(error: StorageError) -> Self {
        report(&error);
        Self::Storage
    }
}

/// Clients are told only that the storage fails; the log says where and why.
pub(super) fn report(error: &StorageError) {
    let source = std::error::Error::source(error).map(tracing::field::display);
    tracing::error!(%error, source, "storage failure");
}

/// Why a client's idea of the leader epoch is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EpochError {
    /// The client has not heard of the current leader yet.
    #[error("the epoch is older than the leader's")]
    Fenced,
    /// The client knows a newer leader.
    #[error("the epoch is newer than the leader's")]
    Unknown,
}

/// One read of a partition.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReadRequest {
    /// The first offset wanted.
    pub(crate) offset: i64,
    /// Most bytes to return.
    pub(crate) max_bytes: usize,
    /// Whether the first batch is returned even if it is larger.
    pub(crate) at_least_one: bool,
    /// What may be seen.
    pub(crate) isolation: Isolation,
}

/// What a read found.
#[derive(Debug, Clone, Default)]
pub(crate) struct ReadOutcome {
    /// Whole batches, as slices in order.
    pub(crate) records: Vec<Bytes>,
    /// The offset up to which records are replicated.
    pub(crate) high_watermark: i64,
    /// The offset before which no transaction is open.
    pub(crate) last_stable_offset: i64,
    /// The partition's first offset.
    pub(crate) log_start_offset: i64,
    /// The aborted transactions among them, for a reader of committed records.
    pub(crate) aborted: Vec<Aborted>,
}

impl ReadOutcome {
    /// The offset before which such a reader sees records.
    pub(crate) fn visible_end(&self, isolation: Isolation) -> i64 {
        match isolation {
            Isolation::ReadUncommitted => self.high_watermark,
            Isolation::ReadCommitted => self.last_stable_offset,
        }
    }
}

#[derive(Debug)]
pub(super) struct Core {
    pub(super) log: Log,
    pub(super) epochs: LeaderEpochs,
    pub(super) leader_epoch: i32,
    pub(super) producers: Producers,
    pub(super) transactions: Transactions,
    /// The offset up to which the log has been compacted.
    pub(super) compacted_to: i64,
    pub(super) waiters: Vec<Arc<FetchWaiter>>,
    pub(super) deleted: bool,
    /// Its directory could not be opened.
    pub(super) offline: bool,
    /// What is wrong with what it is stored on, on command.
    pub(super) switches: Switches,
}

impl Core {
    /// Replicas are alone so far, so what is appended is replicated.
    pub(super) fn high_watermark(&self) -> i64 {
        self.log.end_offset()
    }

    /// Where the oldest open transaction begins (or what is left of it), or the end.
    pub(super) fn last_stable_offset(&self) -> i64 {
        let end = self.high_watermark();
        let first = self.transactions.first_open();
        first.map_or(end, |first| first.max(self.log.start_offset()).min(end))
    }

    /// The offset before which a reader sees records.
    pub(super) fn visible_end(&self, isolation: Isolation) -> i64 {
        match isolation {
            Isolation::ReadUncommitted => self.high_watermark(),
            Isolation::ReadCommitted => self.last_stable_offset(),
        }
    }
}

/// A partition's replica on this broker.
#[derive(Debug)]
pub(crate) struct Partition {
    pub(super) core: Mutex<Core>,
    /// One flush at a time; whoever waits may find that it was done for them.
    pub(super) flushing: tokio::sync::Mutex<()>,
    /// When it was flushed last, in milliseconds since 1970.
    pub(super) flushed_at: AtomicI64,
    /// What went through it.
    pub(crate) traffic: Traffic,
}

impl Partition {
    /// An empty partition in memory, led by this broker from `leader_epoch` on.
    pub(crate) fn new(leader_epoch: i32) -> Self {
        let mut epochs = LeaderEpochs::default();
        epochs.begin(leader_epoch, 0);
        Self::with(Core {
            log: Log::new(LogLayout::default()),
            epochs,
            leader_epoch,
            producers: Producers::default(),
            transactions: Transactions::default(),
            compacted_to: 0,
            waiters: Vec::new(),
            deleted: false,
            offline: false,
            switches: Switches::default(),
        })
    }

    pub(super) fn with(core: Core) -> Self {
        Self {
            core: Mutex::new(core),
            flushing: tokio::sync::Mutex::new(()),
            flushed_at: AtomicI64::new(0),
            traffic: Traffic::default(),
        }
    }

    /// Has faults of the disk come here too.
    pub(super) fn obey(&self, switches: &Switches) {
        self.core.lock().switches = switches.clone();
    }

    /// The current leader epoch.
    pub(crate) fn leader_epoch(&self) -> i32 {
        self.core.lock().leader_epoch
    }

    /// The first offset that can be read.
    pub(crate) fn start_offset(&self) -> i64 {
        self.core.lock().log.start_offset()
    }

    /// Bytes of all records.
    pub(crate) fn size(&self) -> usize {
        self.core.lock().log.size()
    }

    /// Compares a client's leader epoch with the current one; -1 is always accepted.
    ///
    /// # Errors
    /// [`EpochError`] when it is older or newer.
    pub(crate) fn check_epoch(&self, client_epoch: i32) -> Result<(), EpochError> {
        let current = self.leader_epoch();
        match client_epoch {
            -1 => Ok(()),
            old if old < current => Err(EpochError::Fenced),
            new if new > current => Err(EpochError::Unknown),
            _ => Ok(()),
        }
    }

    /// Where a leader epoch ends in this log.
    pub(crate) fn epoch_end(&self, epoch: i32) -> EpochEnd {
        let core = self.core.lock();
        core.epochs.end_of(epoch, core.log.end_offset())
    }

    /// Checks and appends the batches of one produce request, all or none.
    ///
    /// A retry of an idempotent batch appends nothing and returns the original offset.
    ///
    /// # Errors
    /// [`AppendError`]; nothing was appended then.
    pub(crate) fn append(
        &self,
        records: &Bytes,
        settings: &TopicSettings,
        admission: Admission,
        now_millis: i64,
    ) -> Result<Appended, AppendError> {
        self.traffic.asked_to_append();
        let batches = validate(records, &settings.rules, now_millis)?;
        check_producers(&batches, admission)?;
        let stamp = settings.log_append_time.then_some(now_millis);
        let mut core = self.core.lock();
        if core.deleted {
            return Err(AppendError::Gone);
        }
        if core.offline {
            return Err(AppendError::Storage);
        }
        let log_start_offset = core.log.start_offset();
        let mut answer = Appended {
            base_offset: core.log.end_offset(),
            log_append_time: stamp.unwrap_or(-1),
            log_start_offset,
        };
        for batch in &batches {
            if let Sequenced::Duplicate {
                base_offset,
                appended_at,
            } = core.producers.check(&batch.header, admission)?
            {
                answer.base_offset = base_offset;
                answer.log_append_time = stamp.map_or(-1, |_| appended_at);
                return Ok(answer);
            }
        }
        core.log.set_layout(settings.layout);
        core.append(&batches, stamp, now_millis)?;
        let end = core.log.end_offset();
        core.arrived(records.len());
        drop(core);
        let messages = u64::try_from(end - answer.base_offset).unwrap_or(0);
        self.traffic.appended(messages, records.len());
        Ok(answer)
    }

    /// Reads whole batches from an offset on.
    ///
    /// # Errors
    /// [`ReadError`] when the offset is outside of the log or the partition is gone.
    pub(crate) fn read(&self, request: ReadRequest) -> Result<ReadOutcome, ReadError> {
        let mut core = self.core.lock();
        if core.deleted {
            return Err(ReadError::Gone);
        }
        if core.offline {
            return Err(ReadError::Storage);
        }
        let (start, end) = (core.log.start_offset(), core.log.end_offset());
        if !(start..=end).contains(&request.offset) {
            return Err(ReadError::OutOfRange {
                offset: request.offset,
                start,
                end,
            });
        }
        let limit = ReadLimit {
            up_to: core.visible_end(request.isolation),
            max_bytes: request.max_bytes,
            at_least_one: request.at_least_one,
        };
        let records = match request.offset < limit.up_to {
            true => core.log.read(request.offset, limit)?,
            false => Vec::new(),
        };
        self.traffic.read(records.iter().map(Bytes::len).sum());
        let aborted = match request.isolation {
            Isolation::ReadCommitted => core.transactions.aborted_in(request.offset, &records),
            Isolation::ReadUncommitted => Vec::new(),
        };
        Ok(ReadOutcome {
            aborted,
            records,
            high_watermark: core.high_watermark(),
            last_stable_offset: core.last_stable_offset(),
            log_start_offset: start,
        })
    }

    /// Ends the partition: its records are freed, waiting fetches wake and see that it is gone.
    pub(crate) fn delete(&self) {
        let mut core = self.core.lock();
        core.deleted = true;
        if let Err(error) = core.log.delete() {
            report(&error);
        }
        core.producers = Producers::default();
        core.transactions = Transactions::default();
        for waiter in core.waiters.drain(..) {
            waiter.wake();
        }
    }

    pub(super) fn add_waiter(&self, waiter: &Arc<FetchWaiter>, seen_end: i64) {
        let mut core = self.core.lock();
        if core.deleted || core.visible_end(waiter.isolation()) != seen_end {
            return waiter.wake();
        }
        core.waiters.push(Arc::clone(waiter));
    }

    pub(super) fn remove_waiter(&self, waiter: &Arc<FetchWaiter>) {
        self.core
            .lock()
            .waiters
            .retain(|known| !Arc::ptr_eq(known, waiter));
    }
}

impl Core {
    fn append(
        &mut self,
        batches: &[Batch],
        stamp: Option<i64>,
        now_millis: i64,
    ) -> Result<(), StorageError> {
        let mut offset = self.place(batches, stamp, now_millis)?;
        for Batch { header, .. } in batches {
            if self.producers.appended(header, offset, now_millis) {
                self.transactions.begin(offset);
            }
            offset += i64::from(header.last_offset_delta) + 1;
        }
        Ok(())
    }

    /// Puts batches at the end of the log, all or none, and returns the first one's offset.
    pub(super) fn place(
        &mut self,
        batches: &[Batch],
        stamp: Option<i64>,
        now: i64,
    ) -> Result<i64, StorageError> {
        if self.switches.is_disk_full() {
            return Err(StorageError::full());
        }
        let base_offset = self.log.end_offset();
        let place = Placement {
            base_offset,
            leader_epoch: self.leader_epoch,
            stamp,
            now,
        };
        let appended = self.log.append(batches, place);
        if let Some(offset) = self.log.take_rolled() {
            self.log.keep_producers(offset, &self.producers.entries());
        }
        appended?;
        Ok(base_offset)
    }

    /// New bytes; while a transaction is open, readers of committed records do not see them.
    pub(super) fn arrived(&mut self, bytes: usize) {
        let open = self.transactions.first_open().is_some();
        self.waiters.retain(|waiter| {
            let hidden = open && waiter.isolation() == Isolation::ReadCommitted;
            hidden || !waiter.arrived(bytes)
        });
    }

    /// The last stable offset has moved; how far that reaches is for the fetch to see.
    pub(super) fn wake_committed(&mut self) {
        self.waiters.retain(|waiter| {
            let waits = waiter.isolation() == Isolation::ReadUncommitted;
            if !waits {
                waiter.wake();
            }
            waits
        });
    }
}

/// Refuses what cannot be sequenced: records of no transaction, and several batches of a producer at once.
fn check_producers(batches: &[Batch], admission: Admission) -> Result<(), AppendError> {
    for Batch { header, .. } in batches {
        if header.is_transactional() && admission == Admission::Plain {
            return Err(AppendError::NoTransaction {
                producer_id: header.producer_id,
            });
        }
        if header.has_producer() && batches.len() > 1 {
            let reason = "an idempotent producer may send one batch for a partition at a time";
            return Err(BatchError::Invalid(reason).into());
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "replica_tests.rs"]
mod tests;
