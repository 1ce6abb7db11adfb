//! What a partition is made of: log, producers, transactions, and who waits.

use std::sync::Arc;

use super::producer::Producers;
use super::transactions::Transactions;
use super::{FetchWaiter, Isolation, LeaderEpochs};
use crate::batch::Batch;
use crate::fault::Switches;
use crate::log::{Log, Placement, StorageError};

/// What a partition is behind its lock.
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

    /// Appends batches that were admitted, all or none.
    pub(super) fn append(
        &mut self,
        batches: &[Batch],
        stamp: Option<i64>,
        now_millis: i64,
    ) -> Result<(), StorageError> {
        let mut offset = self.place(batches, stamp, now_millis)?;
        for Batch { header, .. } in batches {
            // As in Kafka a producer was last seen at the time of its records.
            let at = stamp.unwrap_or(header.max_timestamp);
            if self.producers.appended(header, offset, at) {
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
