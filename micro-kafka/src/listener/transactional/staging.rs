//! Which finished records may go into the next transaction.

use std::collections::{HashMap, VecDeque};

use crate::client::Slot;
use crate::listener::ledger::Position;
use crate::template::Staged;

/// Records of one partition that are committed together, with all that they brought about.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::listener) struct Unit {
    pub(in crate::listener) slot: Slot,
    pub(in crate::listener) epoch: u32,
    /// The first offset of it.
    pub(in crate::listener) first: i64,
    /// Where the partition is read on after it.
    pub(in crate::listener) next: i64,
    /// The leader that its last record was read from; -1 is unknown.
    pub(in crate::listener) leader_epoch: i32,
    /// How many records.
    pub(in crate::listener) records: usize,
    pub(in crate::listener) outputs: Vec<Staged>,
}

/// The finished records of one consumer that are in no transaction yet.
///
/// A record is ready once all before it on its partition are finished: its offset says the same of
/// them. The records of a batch are ready together.
#[derive(Debug, Default)]
pub(in crate::listener) struct Staging {
    partitions: HashMap<Slot, Partition>,
    ready: VecDeque<Unit>,
    ready_records: usize,
}

#[derive(Debug, Default)]
struct Partition {
    /// Finished behind an unfinished one, by offset.
    waiting: VecDeque<(i64, Vec<Staged>)>,
    /// A batch whose records are not all finished.
    batch: Option<Batch>,
}

#[derive(Debug)]
struct Batch {
    first: i64,
    last: i64,
    records: usize,
    outputs: Vec<Staged>,
}

impl Staging {
    /// How many records are ready.
    pub(in crate::listener) fn ready(&self) -> usize {
        self.ready_records
    }

    /// The partitions of those that are ready.
    pub(in crate::listener) fn ready_slots(&self) -> impl Iterator<Item = Slot> {
        self.ready.iter().map(|unit| unit.slot)
    }

    /// Whether anything is staged.
    pub(in crate::listener) fn is_empty(&self) -> bool {
        self.ready.is_empty()
    }

    /// A partition is read on from `next`, though nothing was handled.
    pub(in crate::listener) fn move_to(&mut self, slot: Slot, epoch: u32, next: i64) {
        self.ready.push_back(Unit {
            slot,
            epoch,
            first: next,
            next,
            leader_epoch: -1,
            records: 1,
            outputs: Vec::new(),
        });
        self.ready_records += 1;
    }

    /// The records from `first` to `last` are handled in one call.
    pub(in crate::listener) fn open_batch(&mut self, slot: Slot, first: i64, last: i64) {
        self.partitions.entry(slot).or_default().batch = Some(Batch {
            first,
            last,
            records: 0,
            outputs: Vec::new(),
        });
    }

    /// What the call of a batch brought about.
    pub(in crate::listener) fn add_to_batch(&mut self, slot: Slot, outputs: Vec<Staged>) {
        let batch = self
            .partitions
            .get_mut(&slot)
            .and_then(|p| p.batch.as_mut());
        if let Some(batch) = batch {
            batch.outputs.extend(outputs);
        }
    }

    /// A record is finished; everything before `position` is.
    pub(in crate::listener) fn finished(
        &mut self,
        (slot, epoch): (Slot, u32),
        offset: i64,
        outputs: Vec<Staged>,
        position: Option<Position>,
    ) {
        let partition = self.partitions.entry(slot).or_default();
        let done = position.map_or(i64::MIN, |position| position.offset);
        let leader = |next: i64| match position {
            Some(position) if position.offset == next => position.leader_epoch,
            _ => -1,
        };
        if let Some(batch) = &mut partition.batch {
            batch.records += 1;
            batch.outputs.extend(outputs);
            if let Some(whole) = partition.batch.take_if(|batch| batch.last < done) {
                self.ready_records += whole.records;
                self.ready.push_back(Unit {
                    slot,
                    epoch,
                    first: whole.first,
                    next: whole.last + 1,
                    leader_epoch: leader(whole.last + 1),
                    records: whole.records,
                    outputs: whole.outputs,
                });
            }
            return;
        }
        let at = partition
            .waiting
            .partition_point(|(other, _)| *other < offset);
        partition.waiting.insert(at, (offset, outputs));
        while partition.waiting.front().is_some_and(|(at, _)| *at < done)
            && let Some((offset, outputs)) = partition.waiting.pop_front()
        {
            self.ready_records += 1;
            self.ready.push_back(Unit {
                slot,
                epoch,
                first: offset,
                next: offset + 1,
                leader_epoch: leader(offset + 1),
                records: 1,
                outputs,
            });
        }
    }

    /// Takes what is ready: at least one unit if there is any, more as long as there are fewer than
    /// `max` records.
    pub(in crate::listener) fn take(&mut self, max: usize) -> Vec<Unit> {
        let mut taken = Vec::new();
        let mut records = 0;
        while records < max
            && let Some(unit) = self.ready.pop_front()
        {
            records += unit.records;
            taken.push(unit);
        }
        self.ready_records -= records;
        taken
    }

    /// Forgets what is staged of a partition.
    pub(in crate::listener) fn forget(&mut self, slot: Slot) {
        self.partitions.remove(&slot);
        self.ready.retain(|unit| unit.slot != slot);
        self.ready_records = self.ready.iter().map(|unit| unit.records).sum();
    }

    /// Forgets everything.
    pub(in crate::listener) fn clear(&mut self) {
        *self = Self::default();
    }
}
