//! A group's reader of the world's topics.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::task::{Context, Poll};

use super::{LoopId, Shared, Tp};
use crate::client::{
    ClientError, CommitOffset, GroupMetadata, RecordSource, Signal, Slot, SourceEvent, Spot, Start,
    TopicPartition,
};
use crate::record::Record;

/// Few at once, so that there are many turns.
const READ: usize = 5;

pub(super) struct ChainSource {
    pub(super) world: Shared,
    pub(super) id: LoopId,
    pub(super) signal: Arc<Signal>,
    pub(super) names: Vec<TopicPartition>,
    pub(super) positions: BTreeMap<Slot, i64>,
}

impl ChainSource {
    fn tp(&self, slot: Slot) -> Tp {
        let name = &self.names[slot as usize];
        (name.topic.to_string(), name.partition)
    }
}

impl RecordSource for ChainSource {
    fn poll_filled(&self, context: &Context<'_>) -> Poll<()> {
        self.signal.poll_raised(context)
    }

    fn poll_events(&mut self, events: &mut Vec<SourceEvent>) {
        let mut world = self.world.lock();
        events.append(&mut world.ears.entry(self.id).or_default().events);
    }

    fn take_filled(&mut self, into: &mut Vec<Slot>) {
        let mut world = self.world.lock();
        into.append(&mut world.ears.entry(self.id).or_default().filled);
    }

    fn read(&mut self, slot: Slot, limit: usize, into: &mut VecDeque<Record>) -> usize {
        let tp = self.tp(slot);
        let mut world = self.world.lock();
        let end = world.end(&tp);
        let Some(position) = self.positions.get_mut(&slot) else {
            return 0;
        };
        let mut count = 0;
        while count < limit.min(READ) && *position < end {
            let record = world.logs[&tp][usize::try_from(*position).unwrap()].clone();
            into.push_back(record.into());
            *position += 1;
            count += 1;
        }
        if *position < end {
            world.ears.entry(self.id).or_default().filled.push(slot);
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
        let mut starts = Vec::new();
        for slot in slots {
            let tp = self.tp(*slot);
            let mut world = self.world.lock();
            let offset = world.committed.get(&tp).copied().unwrap_or(0);
            world.owners.insert(tp, self.id);
            world.ears.entry(self.id).or_default().filled.push(*slot);
            self.positions.insert(*slot, offset);
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
        for slot in slots {
            let tp = self.tp(*slot);
            self.positions.remove(slot);
            self.world.lock().owners.remove(&tp);
        }
        Ok(())
    }

    fn commit(&mut self, id: u64, offsets: &[CommitOffset]) -> Result<(), ClientError> {
        let all: Vec<_> = offsets
            .iter()
            .map(|it| (self.tp(it.slot), it.offset))
            .collect();
        let mut world = self.world.lock();
        world.committed.extend(all);
        let ears = world.ears.entry(self.id).or_default();
        ears.events
            .push(SourceEvent::Committed { id, result: Ok(()) });
        self.signal.raise();
        Ok(())
    }

    fn group_metadata(&self) -> Option<GroupMetadata> {
        GroupMetadata::of_group("g")
    }

    fn committed(&mut self, _slots: &[Slot]) -> Result<Vec<(Slot, i64)>, ClientError> {
        Ok(Vec::new())
    }

    fn seek(&mut self, slot: Slot, offset: i64) -> Result<(), ClientError> {
        self.positions.insert(slot, offset);
        let mut world = self.world.lock();
        world.ears.entry(self.id).or_default().filled.push(slot);
        self.signal.raise();
        Ok(())
    }

    fn assignment_lost(&self) -> bool {
        false
    }

    fn offsets(&mut self, slots: &[Slot], _spot: Spot) -> Result<Vec<(Slot, i64)>, ClientError> {
        let world = self.world.lock();
        let all = slots.iter().map(|slot| (*slot, world.end(&self.tp(*slot))));
        Ok(all.collect())
    }

    fn known_end(&self, _slot: Slot) -> Option<i64> {
        None
    }

    fn close(&mut self) -> Result<(), ClientError> {
        self.world.lock().ears.entry(self.id).or_default().closed = true;
        self.signal.raise();
        Ok(())
    }

    fn is_closed(&self) -> bool {
        let world = self.world.lock();
        world.ears.get(&self.id).is_some_and(|ears| ears.closed)
    }
}
