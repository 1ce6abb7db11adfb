//! One assigned partition: what was read of it, its lanes and its ledger.

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use super::consumer_loop::Idleness;
use super::lane::{Aborted, Lanes, Step};
use super::ledger::Ledger;
use super::order::{LaneKey, Order};
use crate::record::Record;

/// The most records of one read.
const READ_RECORDS: usize = 500;

/// A partition while it is assigned.
#[derive(Debug)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each says on its own why the partition is not run"
)]
pub(super) struct Partition {
    /// Grows with each assignment: what belongs to an older one is void.
    pub(super) epoch: u32,
    pub(super) order: Order,
    pub(super) lanes: Lanes,
    /// Read, but not begun.
    pub(super) buffer: VecDeque<Record>,
    /// Whether the source may have more.
    pub(super) filled: bool,
    /// Whether it is in the loop's list of partitions to run.
    pub(super) queued: bool,
    /// Whether it is being given up.
    pub(super) revoking: bool,
    /// While it is drained: until when an attempt may be waited for.
    pub(super) patience: Option<Instant>,
    /// Whether the program has paused it.
    pub(super) paused: bool,
    /// Whether it waits for what there is to know of its fenced keys.
    pub(super) fencing: bool,
    /// Whether too many of its keys are fenced to begin another record, ...
    pub(super) fenced_in: bool,
    /// ... but for those up to here: what was announced of them may not have been published.
    pub(super) announced_up_to: Option<i64>,
    /// Where it reads on once nothing is at work.
    pub(super) seek: Option<i64>,
    pub(super) idleness: Idleness,
    pub(super) ledger: Ledger,
    /// Whether it is in the loop's list of partitions to commit.
    pub(super) dirty: bool,
    /// The last offset sent in a commit, and the last one that the broker took.
    pub(super) sent: Option<i64>,
    pub(super) committed: Option<i64>,
    /// Whether the next records wait for the answer to a commit that is under way.
    pub(super) committing: bool,
    /// Whether too many records are unfinished to begin another.
    pub(super) full: bool,
    /// Whether that was told; once per assignment is enough.
    pub(super) full_told: bool,
    /// Whether a batch that is not full waits for more records.
    pub(super) linger: Linger,
    /// Tasks of an older assignment that have not ended yet.
    pub(super) ghosts: usize,
    /// Lost records that are being read again, and their lanes.
    pub(super) awaited: BTreeMap<i64, LaneKey>,
    /// Whether what is read was read before.
    pub(super) rereading: bool,
    average_bytes: usize,
}

/// The wait of the first records of a batch for others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Linger {
    None,
    Until(Instant),
    Over,
}

/// The next thing to do on a partition.
#[derive(Debug)]
pub(super) enum Start {
    /// A record that begins.
    Fresh(LaneKey, Record),
    /// The step of a lane.
    Lane(LaneKey, Step),
}

/// What may be held of a partition beyond its lowest unfinished record.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) records: usize,
    pub(super) bytes: usize,
}

impl Partition {
    pub(super) fn new(epoch: u32, order: Order, ledger: Ledger, now: Instant) -> Self {
        Self {
            epoch,
            order,
            lanes: Lanes::default(),
            buffer: VecDeque::new(),
            filled: true,
            queued: false,
            revoking: false,
            patience: None,
            paused: false,
            fencing: false,
            fenced_in: false,
            announced_up_to: None,
            seek: None,
            idleness: Idleness::new(now),
            ledger,
            dirty: false,
            sent: None,
            committed: None,
            committing: false,
            full: false,
            full_told: false,
            linger: Linger::None,
            ghosts: 0,
            awaited: BTreeMap::new(),
            rereading: false,
            average_bytes: 0,
        }
    }

    pub(super) fn is_busy(&self) -> bool {
        self.lanes.busy() > 0
    }

    /// Whether something could begin now.
    pub(super) fn can_run(&self) -> bool {
        let held = self.revoking || self.paused || self.committing || self.seek.is_some();
        let held = held || self.fencing;
        !held && self.ghosts == 0 && (self.lanes.has_ready() || self.can_read())
    }

    fn can_read(&self) -> bool {
        let collected = !self.buffer.is_empty() && self.lingers_until().is_none();
        (self.filled || collected) && self.is_open()
    }

    /// Whether a record that was not begun yet could begin, or stand in line.
    fn is_open(&self) -> bool {
        let open = !self.full && !self.is_fenced_in();
        self.rereading || (open && (self.order.overtakes() || self.lanes.is_empty()))
    }

    /// Whether no record may begin before a fence of one of its keys has fallen.
    pub(super) fn is_fenced_in(&self) -> bool {
        let again = |announced: i64| {
            self.ledger
                .read_up_to()
                .is_none_or(|next| next <= announced)
        };
        self.fenced_in && !self.announced_up_to.is_some_and(again)
    }

    /// Whether there is room to read.
    pub(super) fn wants_records(&self) -> bool {
        self.buffer.is_empty() && self.is_open()
    }

    /// Whether everything that was read is finished with, acknowledgements apart, or has to wait.
    pub(super) fn batch_is_complete(&self) -> bool {
        let stuck = !self.order.overtakes() && self.lanes.waits_until().is_some();
        let waits = stuck || self.lingers_until().is_some();
        self.lanes.is_at_rest() && (self.buffer.is_empty() || waits)
    }

    /// The next thing to begin; `None` also where too many records are unfinished.
    pub(super) fn next_start(&mut self, limits: Limits) -> Option<Start> {
        if let Some((key, step)) = self.lanes.take_step() {
            return Some(Start::Lane(key, step));
        }
        loop {
            if !self.rereading && (!self.order.overtakes() && !self.lanes.is_empty()) {
                return None;
            }
            if !self.rereading && self.is_fenced_in() {
                return None;
            }
            if !self.rereading && self.is_beyond(limits) {
                self.full = !self.buffer.is_empty();
                return None;
            }
            let record = self.buffer.pop_front()?;
            let key = self.order.lane_of(&record);
            if self.rereading {
                match self.read_again(record) {
                    Reread::Awaited(lane, record) => {
                        return Some(Start::Lane(lane, Step::Record(record)));
                    }
                    Reread::Known => continue,
                    Reread::New(record) => self.buffer.push_front(record),
                }
                continue;
            }
            let bytes = match self.order.overtakes() {
                true => record_bytes(&record),
                false => 0,
            };
            self.ledger
                .begin(record.offset(), record.leader_epoch(), bytes);
            match self.lanes.follow(key, record) {
                Ok(()) => {}
                Err(record) => return Some(Start::Fresh(key, record)),
            }
        }
    }

    /// Whether a batch has room for more records than were read.
    pub(super) fn wants_more_than(&self, records: usize) -> bool {
        self.buffer.len() < records && self.filled && self.is_open()
    }

    /// Whether nothing is begun and unfinished, so that the next record may begin at once.
    pub(super) fn is_plain(&self) -> bool {
        self.lanes.is_empty() && !self.rereading && self.ledger.len() == 0
    }

    /// Whether the next thing to begin is a batch of records that were not begun yet.
    pub(super) fn collects(&self) -> bool {
        self.lanes.is_empty() && !self.rereading
    }

    /// Whether no record may begin before others are finished.
    pub(super) fn is_full(&self, limits: Limits) -> bool {
        self.is_beyond(limits)
    }

    /// Until when it waits for more records, if it does.
    pub(super) fn lingers_until(&self) -> Option<Instant> {
        match self.linger {
            Linger::Until(due) => Some(due),
            Linger::None | Linger::Over => None,
        }
    }

    /// The earliest moment that anything read of it waits for.
    pub(super) fn waits_until(&self) -> Option<Instant> {
        let lanes = self.lanes.waits_until();
        lanes.into_iter().chain(self.lingers_until()).min()
    }

    /// Records that were read and are not finished, up to the last of them.
    pub(super) fn unfinished(&self) -> usize {
        let lingering = self.lingers_until().map_or(0, |_| self.buffer.len());
        self.ledger.len() + lingering
    }

    /// Ends the wait for more records where a whole batch was read: though it may not begin at once,
    /// nothing else would bring the partition back before its time.
    pub(super) fn end_linger_of(&mut self, batch: usize) {
        if self.buffer.len() >= batch && self.lingers_until().is_some() {
            self.linger = Linger::Over;
        }
    }

    /// Ends the wait for more records, if there was one that is over.
    pub(super) fn end_linger(&mut self, now: Instant) -> bool {
        let over = self.lingers_until().is_some_and(|due| due <= now);
        if over {
            self.linger = Linger::Over;
        }
        over
    }

    /// Whether everything before `end` was read and waits for more records, beyond `now`.
    pub(super) fn lingers_beyond(&self, now: Instant, end: i64) -> bool {
        let read = self.buffer.back().map(|last| last.offset() + 1);
        let all = read.is_some_and(|read| read >= end);
        all && self.lingers_until().is_some_and(|due| due > now)
    }

    fn is_beyond(&self, limits: Limits) -> bool {
        self.ledger.len() >= limits.records || self.ledger.bytes() >= limits.bytes
    }

    /// Looks again at whether too much is unfinished, after something was finished.
    pub(super) fn recheck_full(&mut self, limits: Limits) {
        self.full &= self.is_beyond(limits);
    }

    /// Waits for a record to be read again; the offset to read from.
    pub(super) fn await_again(&mut self, key: LaneKey, offset: i64) -> i64 {
        self.lanes.set_reading(key);
        self.awaited.insert(offset, key);
        self.buffer.clear();
        self.filled = true;
        self.rereading = true;
        self.awaited.keys().next().copied().unwrap_or(offset)
    }

    fn read_again(&mut self, record: Record) -> Reread {
        let offset = record.offset();
        // What was compacted away meanwhile needs no more work.
        while let Some(entry) = self
            .awaited
            .first_entry()
            .filter(|gone| *gone.key() < offset)
        {
            let (gone, lane) = entry.remove_entry();
            self.ledger.finish(gone);
            self.lanes.release(lane);
        }
        let lane = self.awaited.remove(&offset);
        if let Some(lane) = lane.filter(|lane| self.lanes.end_reading(*lane)) {
            return Reread::Awaited(lane, record);
        }
        if self.ledger.read_up_to().is_some_and(|read| offset < read) {
            return Reread::Known;
        }
        self.rereading = false;
        Reread::New(record)
    }

    /// How many records the next read may take: few if they are large.
    pub(super) fn read_limit(&self, bytes: usize) -> usize {
        (bytes / self.average_bytes.max(1)).clamp(1, READ_RECORDS)
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

    /// Stops all that is going on.
    pub(super) fn abort(&mut self) -> Aborted {
        self.awaited.clear();
        self.lanes.abort()
    }
}

/// A record that was read while a lost one is looked for.
enum Reread {
    /// It is the one.
    Awaited(LaneKey, Record),
    /// It is in hand, or finished.
    Known,
    /// All that was known has been passed.
    New(Record),
}

fn record_bytes(record: &Record) -> u32 {
    let length = |bytes: Option<&[u8]>| bytes.map_or(0, <[u8]>::len);
    u32::try_from(length(record.payload()) + length(record.key())).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::record::OwnedRecord;

    #[test]
    fn a_whole_batch_that_could_not_begin_at_once_does_not_linger_on() {
        let now = Instant::now();
        let mut partition = Partition::new(1, Order::Partition, Ledger::new(None), now);
        let record = |offset| Record::from(OwnedRecord::new("t", 0, offset));
        partition.buffer.push_back(record(0));
        partition.filled = false;
        partition.linger = Linger::Until(now + Duration::from_secs(3_600));
        partition.end_linger_of(2);
        assert!(!partition.can_run());
        partition.buffer.push_back(record(1));
        partition.end_linger_of(2);
        assert!(partition.can_run());
    }

    #[test]
    fn a_partition_with_too_many_fenced_keys_begins_only_what_was_announced_before() {
        let limits = Limits {
            records: 10,
            bytes: 1_000,
        };
        let now = Instant::now();
        let mut partition = Partition::new(1, Order::Key, Ledger::new(Some(5)), now);
        for offset in 5..9 {
            let record = Record::from(OwnedRecord::new("t", 0, offset));
            partition.buffer.push_back(record);
        }
        partition.fenced_in = true;
        partition.announced_up_to = Some(6);
        for offset in [5, 6] {
            let start = partition.next_start(limits);
            assert!(
                matches!(&start, Some(Start::Fresh(_, record)) if record.offset() == offset),
                "{start:?}"
            );
        }
        assert!(partition.is_fenced_in());
        assert!(partition.next_start(limits).is_none());
        assert!(!partition.can_run());
        partition.fenced_in = false;
        assert!(partition.can_run());
        assert!(partition.next_start(limits).is_some());
    }
}
