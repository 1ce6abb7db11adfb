//! One assigned partition: its lane runs one record at a time, in order.

use std::collections::VecDeque;
use std::time::Instant;

use futures_util::future::AbortHandle;

use super::Delivery;
use super::ledger::Ledger;
use crate::error::ListenerError;
use crate::record::Record;

/// The most records of one read.
const READ_RECORDS: usize = 500;
/// About how many bytes of payload one read may take out of librdkafka's own accounting.
const READ_BYTES: usize = 4 << 20;

/// A partition while it is assigned.
#[derive(Debug)]
pub(super) struct Partition {
    /// Grows with each assignment: what belongs to an older one is void.
    pub(super) epoch: u32,
    pub(super) lane: Lane,
    /// Read, but not begun.
    pub(super) buffer: VecDeque<Record>,
    /// Whether the source may have more.
    pub(super) filled: bool,
    /// Whether it is in the loop's list of partitions to run.
    pub(super) queued: bool,
    /// Whether it is being given up.
    pub(super) revoking: bool,
    pub(super) ledger: Ledger,
    /// Whether it is in the loop's list of partitions to commit.
    pub(super) dirty: bool,
    /// The last offset sent in a commit, and the last one that the broker took.
    pub(super) sent: Option<i64>,
    pub(super) committed: Option<i64>,
    /// Whether too many records are unfinished to begin another.
    pub(super) full: bool,
    /// Whether that was told; once per assignment is enough.
    pub(super) full_told: bool,
    average_bytes: usize,
}

/// What a lane is doing.
#[derive(Debug, Default)]
pub(super) enum Lane {
    /// Nothing: the next record may begin.
    #[default]
    Idle,
    /// A handler or the recoverer is at work.
    Busy(AbortHandle),
    /// The record waits for a time.
    Waiting { due: Instant, next: Next },
    /// The record is finished and waits for its commit to be answered.
    Committing,
}

/// What is due after a wait.
#[derive(Debug)]
pub(super) enum Next {
    /// The handler again.
    Handle(Delivery),
    /// The recoverer again.
    Recover {
        delivery: Delivery,
        error: ListenerError,
        tries: u32,
    },
    /// The record was lost by its handler and has to be read again.
    Rewind(i64),
}

impl Partition {
    pub(super) fn new(epoch: u32, ledger: Ledger) -> Self {
        Self {
            epoch,
            lane: Lane::Idle,
            buffer: VecDeque::new(),
            filled: true,
            queued: false,
            revoking: false,
            ledger,
            dirty: false,
            sent: None,
            committed: None,
            full: false,
            full_told: false,
            average_bytes: 0,
        }
    }

    pub(super) fn is_busy(&self) -> bool {
        matches!(self.lane, Lane::Busy(_))
    }

    pub(super) fn is_idle(&self) -> bool {
        matches!(self.lane, Lane::Idle)
    }

    /// Whether a record could begin now.
    pub(super) fn can_run(&self) -> bool {
        self.is_idle() && !self.revoking && !self.full && (self.filled || !self.buffer.is_empty())
    }

    /// Whether everything that was read is finished with, acknowledgements apart, or has to wait.
    pub(super) fn batch_is_complete(&self) -> bool {
        match self.lane {
            Lane::Idle | Lane::Committing => self.buffer.is_empty(),
            Lane::Waiting { .. } => true,
            Lane::Busy(_) => false,
        }
    }

    /// How many records the next read may take: few if they are large.
    pub(super) fn read_limit(&self) -> usize {
        (READ_BYTES / self.average_bytes.max(1)).clamp(1, READ_RECORDS)
    }

    /// Learns the size of the records from those just read.
    pub(super) fn learn_size(&mut self) {
        let sample = self.buffer.iter().take(8);
        let (count, bytes) = sample.fold((0, 0), |(count, bytes), record| {
            (count + 1, bytes + record.payload().map_or(0, <[u8]>::len))
        });
        if let Some(average) = bytes.checked_div(count) {
            self.average_bytes = self.average_bytes.midpoint(average);
        }
    }

    /// Stops what the lane is doing; whether there was anything.
    pub(super) fn abort(&mut self) -> bool {
        match std::mem::take(&mut self.lane) {
            Lane::Busy(handle) => {
                handle.abort();
                true
            }
            Lane::Waiting { .. } => true,
            Lane::Idle | Lane::Committing => false,
        }
    }
}
