//! A log that a loop reads.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::{Notes, Shared};
use crate::client::{
    ClientError, CommitOffset, GroupMetadata, RecordSource, Signal, Slot, SourceEvent, Spot, Start,
    TopicPartition,
};
use crate::record::{OwnedRecord, Record};

/// Few at once, so that there are many turns.
const READ: usize = 5;

pub(super) struct LogSource<N> {
    pub(super) world: Shared<N>,
    pub(super) signal: Arc<Signal>,
    pub(super) names: Vec<TopicPartition>,
}

impl<N: Notes> RecordSource for LogSource<N> {
    fn poll_filled(&self, context: &Context<'_>) -> Poll<()> {
        self.signal.poll_raised(context)
    }

    fn poll_events(&mut self, events: &mut Vec<SourceEvent>) {
        events.append(&mut self.world.lock().events);
    }

    fn take_filled(&mut self, into: &mut Vec<Slot>) {
        into.append(&mut self.world.lock().filled);
    }

    fn read(&mut self, slot: Slot, limit: usize, into: &mut VecDeque<Record>) -> usize {
        let mut world = self.world.lock();
        let end = world.ends[slot as usize];
        let Some(position) = world.positions.get_mut(&slot) else {
            return 0;
        };
        let mut count = 0;
        while count < limit.min(READ) && *position < end {
            let mut record = OwnedRecord::new("t", slot.cast_signed(), *position);
            record.key = N::key(*position).map(String::into_bytes);
            into.push_back(record.into());
            *position += 1;
            count += 1;
        }
        if *position < end {
            world.filled.push(slot);
            self.signal.raise();
        }
        count
    }

    fn recycle(&mut self, record: Record) {
        drop(record);
    }

    fn name(&self, slot: Slot) -> &TopicPartition {
        &self.names[slot as usize]
    }

    fn assign(&mut self, slots: &[Slot]) -> Result<Vec<Start>, ClientError> {
        let mut world = self.world.lock();
        let mut starts = Vec::new();
        for slot in slots {
            let offset = world.committed[*slot as usize];
            world.positions.insert(*slot, offset);
            world.notes.begins(*slot);
            world.filled.push(*slot);
            starts.push(Start {
                slot: *slot,
                offset: Some(offset),
                commit: false,
                metadata: None,
            });
        }
        self.signal.raise();
        Ok(starts)
    }

    fn unassign(&mut self, slots: &[Slot]) -> Result<(), ClientError> {
        let mut world = self.world.lock();
        world.notes.changes_hands();
        world.positions.retain(|slot, _| !slots.contains(slot));
        Ok(())
    }

    fn commit(&mut self, id: u64, offsets: &[CommitOffset]) -> Result<(), ClientError> {
        let mut world = self.world.lock();
        if N::TRANSACTIONAL {
            let text = format!("{offsets:?} committed outside of a transaction");
            world.broken.push(text);
        }
        for CommitOffset { slot, offset, .. } in offsets {
            let ended = &world.ended[*slot as usize];
            let open = (0..*offset).find(|record| !ended.contains(record));
            if let Some(open) = open {
                let text = format!("commit {offset} of {slot} beyond {open}");
                world.broken.push(text);
            }
            world.committed[*slot as usize] = *offset;
        }
        world
            .events
            .push(SourceEvent::Committed { id, result: Ok(()) });
        self.signal.raise();
        Ok(())
    }

    fn group_metadata(&self) -> Option<GroupMetadata> {
        self.world.lock().notes.group_is_told();
        GroupMetadata::of_group("g")
    }

    fn committed(&mut self, slots: &[Slot]) -> Result<Vec<(Slot, i64)>, ClientError> {
        let world = self.world.lock();
        let committed = slots
            .iter()
            .map(|slot| (*slot, world.committed[*slot as usize]));
        Ok(committed.collect())
    }

    fn seek(&mut self, slot: Slot, offset: i64) -> Result<(), ClientError> {
        let mut world = self.world.lock();
        world.positions.insert(slot, offset);
        world.filled.push(slot);
        // A lost record is read again without being sought.
        if world.sought.remove(&slot) {
            world.notes.begins(slot);
            let committed = &mut world.committed[slot as usize];
            *committed = offset.min(*committed);
            world.ended[slot as usize].retain(|record| *record < offset);
        }
        self.signal.raise();
        Ok(())
    }

    fn assignment_lost(&self) -> bool {
        false
    }

    fn offsets(&mut self, slots: &[Slot], _spot: Spot) -> Result<Vec<(Slot, i64)>, ClientError> {
        let world = self.world.lock();
        let ends = slots.iter().map(|slot| (*slot, world.ends[*slot as usize]));
        Ok(ends.collect())
    }

    fn known_end(&self, _slot: Slot) -> Option<i64> {
        None
    }

    fn close(&mut self) -> Result<(), ClientError> {
        self.world.lock().closed = true;
        self.signal.raise();
        Ok(())
    }

    fn is_closed(&self) -> bool {
        self.world.lock().closed
    }
}
