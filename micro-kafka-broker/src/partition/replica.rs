//! The replica itself: append, read, wait.

use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use bytes::Bytes;
use parking_lot::Mutex;

use super::core::Core;
use super::error::report;
use super::reading::ReadOutcome;
use super::transactions::Transactions;
use super::{
    AppendError, EpochEnd, EpochError, FetchWaiter, Isolation, LeaderEpochs, Producers, ReadError,
    ReadRequest, Sequenced,
};
use crate::batch::{Batch, BatchError, Header, validate};
use crate::fault::Switches;
use crate::log::{Log, LogLayout, ReadBatches, ReadLimit};
use crate::meta::TopicSettings;
use crate::observe::Traffic;

/// How records come to be appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    /// Outside of any transaction.
    Plain,
    /// Their transaction was found to include the partition.
    Verified,
    /// Their transaction includes the partition because of them: its epoch is its own.
    Added,
    /// Their transaction is open here, so that nobody need be asked; it must still be.
    Open,
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

    /// Begins a leader epoch; one that is not newer changes nothing.
    pub(crate) fn lead(&self, leader_epoch: i32) {
        let mut core = self.core.lock();
        if core.deleted || core.offline || core.leader_epoch >= leader_epoch {
            return;
        }
        core.leader_epoch = leader_epoch;
        let end = core.log.end_offset();
        core.epochs.begin(leader_epoch, end);
        core.log.keep_epochs(core.epochs.starts());
    }

    /// Wakes all fetches that wait: whoever leads now is another.
    pub(crate) fn wake_all(&self) {
        for waiter in self.core.lock().waiters.drain(..) {
            waiter.wake();
        }
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
        if admission == Admission::Open {
            let ended = batches.iter().map(|batch| &batch.header);
            let mut ended = ended.filter(|header| !core.producers.is_open(header));
            if let Some(header) = ended.next() {
                let producer_id = header.producer_id;
                return Err(AppendError::NoTransaction { producer_id });
            }
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
                timestamp,
            } = core.producers.check(&batch.header, admission)?
            {
                answer.base_offset = base_offset;
                // Of the producer's own time too, as in Kafka.
                answer.log_append_time = timestamp;
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

    /// Whether the transaction that a batch says to belong to is open here.
    pub(crate) fn has_open(&self, header: &Header) -> bool {
        self.core.lock().producers.is_open(header)
    }

    /// Whether a producer has written here with a newer epoch.
    pub(crate) fn has_newer(&self, producer_id: i64, epoch: i16) -> bool {
        self.core.lock().producers.is_stale(producer_id, epoch)
    }

    /// Notes a batch of a transaction before its coordinator is asked about it.
    pub(crate) fn verifying(&self, header: &Header, now_millis: i64) {
        self.core.lock().producers.verifying(header, now_millis);
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
        let read = match request.offset < limit.up_to {
            true => core.log.read(request.offset, limit)?,
            false => ReadBatches::default(),
        };
        let bytes = read.slices.iter().map(Bytes::len).sum();
        self.traffic.read(bytes);
        let committed = request.isolation == Isolation::ReadCommitted;
        let wanted = committed
            && request.offset < limit.up_to
            && core.transactions.has_aborted_since(request.offset);
        let aborted = match wanted {
            true => {
                let end = core.log.bound_of_read(request.offset, bytes)?;
                core.transactions.aborted_in(request.offset, end)
            }
            false => Vec::new(),
        };
        Ok(ReadOutcome {
            aborted,
            records: read.slices,
            covered: read.covered,
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

/// Refuses what cannot be sequenced: records of no transaction, and several batches of a producer at once.
fn check_producers(batches: &[Batch], admission: Admission) -> Result<(), AppendError> {
    for Batch { header, .. } in batches {
        let in_transaction = header.is_transactional() && header.has_producer();
        if in_transaction && admission == Admission::Plain {
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
