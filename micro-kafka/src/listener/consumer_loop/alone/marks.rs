//! The marks of a record that runs alone: commits that say so, and that it has ended.

use std::time::Duration;

use super::{Held, Stage};
use crate::client::{CommitError, CommitOffset, RecordSource, Slot};
use crate::listener::consumer_loop::ConsumerLoop;
use crate::listener::quarantine::now;

/// The wait before a mark that was refused is sent again.
const HOLD: Duration = Duration::from_secs(1);
/// A commit that is waited for.
#[derive(Debug, Clone, Copy)]
pub(in crate::listener::consumer_loop) struct Commit {
    /// `None`: it was refused, and is sent again at that moment.
    id: Result<u64, tokio::time::Instant>,
    pub(super) slot: Slot,
    pub(super) epoch: u32,
    offset: i64,
}

impl<S: RecordSource> ConsumerLoop<'_, S> {
    /// Commits that this record is at work, if that has to be told.
    pub(super) fn mark(&mut self, held: Held) {
        let (slot, record) = (held.slot, held.record);
        let place = self.place_of_notes(slot).unwrap_or(record);
        let condemned = self.watch_of(slot).and_then(|watch| watch.condemned());
        if let Some(condemned) = condemned {
            let partition = self.partition(slot);
            let waits = partition.is_some_and(|it| it.ledger.waits_for(condemned));
            if record <= condemned || waits {
                // The mark of that one is not to be lost.
                return self.set_stage(Stage::Marked(held));
            }
        }
        let Some(watch) = self.watch_of(slot) else {
            return self.set_stage(Stage::Marked(held));
        };
        if condemned.is_some() {
            // It is gone from the log.
            watch.acquit();
        }
        let metadata = watch.mark(place, record, now());
        let commit = self.send_note(slot, held.epoch, place, metadata);
        self.set_stage(Stage::Marking(commit, held));
    }

    pub(super) fn send_note(
        &mut self,
        slot: Slot,
        epoch: u32,
        offset: i64,
        metadata: Option<std::sync::Arc<str>>,
    ) -> Commit {
        let id = self.commits.new_id();
        let leader_epoch = self.partition(slot).and_then(|p| p.ledger.to_commit());
        let note = CommitOffset {
            slot,
            offset,
            leader_epoch: leader_epoch
                .filter(|position| position.offset == offset)
                .map_or(-1, |position| position.leader_epoch),
            metadata,
        };
        self.counts.commits += 1;
        let sent = self.source.commit(id, &[note]);
        Commit {
            id: sent
                .map(|()| id)
                .map_err(|_| tokio::time::Instant::now() + HOLD),
            slot,
            epoch,
            offset,
        }
    }

    pub(super) fn mark_again(&mut self, commit: Commit, held: Held) -> bool {
        let due = commit.is_due();
        match due {
            true => self.mark(held),
            false => self.set_stage(Stage::Marking(commit, held)),
        }
        due
    }

    pub(super) fn end_again(&mut self, commit: Commit) -> bool {
        if commit.is_due() {
            self.set_stage(Stage::Running(commit.slot, commit.epoch));
            return true;
        }
        self.set_stage(Stage::Ending(commit));
        false
    }

    /// Takes the answer, if it is about the record that runs alone.
    pub(in crate::listener::consumer_loop) fn take_stage_answer(
        &mut self,
        id: u64,
        result: &Result<(), CommitError>,
    ) -> bool {
        let Some(quarantine) = &mut self.quarantine else {
            return false;
        };
        let commit = match &mut quarantine.stage {
            Stage::Marking(commit, _) | Stage::Ending(commit) => commit,
            Stage::Idle | Stage::Marked(_) | Stage::Running(..) => return false,
        };
        if commit.id != Ok(id) {
            return false;
        }
        if let Err(error) = result {
            tracing::warn!(
                error = error.name,
                "a record's mark was refused: it is sent again"
            );
            commit.id = Err(tokio::time::Instant::now() + HOLD);
            return true;
        }
        let commit = *commit;
        match std::mem::replace(&mut quarantine.stage, Stage::Idle) {
            Stage::Marking(_, held) => quarantine.stage = Stage::Marked(held),
            Stage::Ending(_) => quarantine.seat.end_alone(),
            Stage::Idle | Stage::Marked(_) | Stage::Running(..) => {}
        }
        self.note_is_committed(commit);
        true
    }

    pub(super) fn note_is_committed(&mut self, commit: Commit) {
        let Commit {
            slot,
            epoch,
            offset,
            ..
        } = commit;
        if let Some(partition) = self.current(slot, epoch) {
            partition.committed = Some(offset);
            partition.sent = Some(offset);
            partition.dirty = false;
            self.commits.dirty.retain(|of| *of != slot);
        }
        self.resume_committing();
        self.enqueue(slot);
    }
}

impl Commit {
    fn is_due(&self) -> bool {
        self.id
            .is_err_and(|again| again <= tokio::time::Instant::now())
    }
}
