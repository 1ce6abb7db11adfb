//! The source that reads from a script.

use std::collections::VecDeque;
use std::task::{Context, Poll};

use super::{Call, Script};
use crate::client::{
    ClientError, CommitOffset, GroupMetadata, RecordSource, Slot, SourceEvent, Spot, Start,
    TopicPartition,
};
use crate::record::Record;

pub(super) struct ScriptedSource {
    pub(super) script: Script,
    pub(super) names: Vec<TopicPartition>,
}

impl RecordSource for ScriptedSource {
    fn poll_filled(&self, context: &Context<'_>) -> Poll<()> {
        self.script.signal.poll_raised(context)
    }

    fn poll_events(&mut self, events: &mut Vec<SourceEvent>) {
        events.append(&mut self.script.state.lock().events);
    }

    fn take_filled(&mut self, into: &mut Vec<Slot>) {
        into.append(&mut self.script.state.lock().filled);
    }

    fn read(&mut self, slot: Slot, limit: usize, into: &mut VecDeque<Record>) -> usize {
        let mut state = self.script.state.lock();
        state.reads += 1;
        let Some(queue) = state.queues.get_mut(slot as usize) else {
            return 0;
        };
        let count = limit.min(queue.len());
        into.extend(queue.drain(..count));
        count
    }

    fn recycle(&mut self, record: Record) {
        drop(record);
    }

    fn name(&self, slot: Slot) -> &TopicPartition {
        &self.names[slot as usize]
    }

    fn assign(&mut self, slots: &[Slot]) -> Result<Vec<Start>, ClientError> {
        self.script.note([Call::Assign(slots.to_vec())]);
        let commit = self.script.with(|state| state.commit_start);
        let found = self.script.with(|state| state.found.clone());
        let start = |slot: &Slot| Start {
            slot: *slot,
            offset: Some(0),
            commit,
            metadata: found.clone(),
        };
        Ok(slots.iter().map(start).collect())
    }

    fn unassign(&mut self, slots: &[Slot]) -> Result<(), ClientError> {
        self.script.note([Call::Unassign(slots.to_vec())]);
        Ok(())
    }

    fn wake_brokers(&self) {
        self.script.with(|state| state.wakes += 1);
    }

    fn commit(&mut self, id: u64, offsets: &[CommitOffset]) -> Result<(), ClientError> {
        let calls = offsets.iter().map(|c| Call::Commit(c.slot, c.offset));
        self.script.note(calls.collect::<Vec<_>>());
        let notes = offsets.iter().filter_map(|commit| {
            let note = commit.metadata.as_ref()?;
            Some((commit.slot, commit.offset, note.to_string()))
        });
        self.script.with(|state| state.noted.extend(notes));
        let refused = self.script.with(|state| state.refuse_commits.clone());
        if self.script.with(|state| state.hold_commits) {
            let held = (id, offsets.to_vec());
            self.script.with(|state| state.held.push(held));
        } else {
            let result = refused.map_or(Ok(()), Err);
            self.script.event(SourceEvent::Committed { id, result });
        }
        Ok(())
    }

    fn group_metadata(&self) -> Option<GroupMetadata> {
        GroupMetadata::of_group("g")
    }

    fn committed(&mut self, slots: &[Slot]) -> Result<Vec<(Slot, i64)>, ClientError> {
        let committed = self.script.with(|state| state.committed.clone());
        Ok(committed
            .into_iter()
            .filter(|(slot, _)| slots.contains(slot))
            .collect())
    }

    fn seek(&mut self, slot: Slot, offset: i64) -> Result<(), ClientError> {
        if self.script.state.lock().refuse_seeks {
            return Err(ClientError::Create("not now".to_owned()));
        }
        if let Some(queue) = self.script.state.lock().queues.get_mut(slot as usize) {
            queue.clear();
        }
        self.script.note([Call::Seek(slot, offset)]);
        Ok(())
    }

    fn assignment_lost(&self) -> bool {
        false
    }

    fn end_offsets(&mut self, slots: &[Slot]) -> Result<Vec<(Slot, i64)>, ClientError> {
        Ok(slots.iter().map(|slot| (*slot, 0)).collect())
    }

    fn offsets(&mut self, slots: &[Slot], spot: Spot) -> Result<Vec<(Slot, i64)>, ClientError> {
        let offset = match spot {
            Spot::Beginning => 10,
            Spot::End => 100,
            Spot::Timestamp(millis) => millis / 1_000,
        };
        Ok(slots.iter().map(|slot| (*slot, offset)).collect())
    }

    fn known_end(&self, _slot: Slot) -> Option<i64> {
        self.script.state.lock().known_end
    }

    fn close(&mut self) -> Result<(), ClientError> {
        self.script.note([Call::Close]);
        self.script.state.lock().closed = true;
        self.script.signal.raise();
        Ok(())
    }

    fn is_closed(&self) -> bool {
        self.script.state.lock().closed
    }
}
