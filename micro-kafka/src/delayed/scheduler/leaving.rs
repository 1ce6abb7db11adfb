//! Partitions and the group that are given up, and the commits before.

use std::time::{Duration, Instant};

use super::Scheduler;
use crate::client::{CommitOffset, RecordSource, Slot};

const COMMIT: Duration = Duration::from_secs(5);
/// How long a revocation waits for what is on its way.
pub(super) const REVOKE: Duration = Duration::from_secs(5);
/// How long it may take to leave the group.
const LEAVE: Duration = Duration::from_secs(5);

/// Partitions that somebody else shall have.
pub(super) struct Revocation {
    pub(super) slots: Vec<Slot>,
    pub(super) deadline: Instant,
}

impl<S: RecordSource> Scheduler<'_, S> {
    /// Gives partitions up once nothing of them is on its way.
    pub(super) fn drive_revocation(&mut self) {
        let idle = self.is_idle();
        let closing = self.closing.is_some();
        let over =
            |revocation: &mut Revocation| idle || closing || Instant::now() >= revocation.deadline;
        let Some(revocation) = self.revocation.take_if(over) else {
            return;
        };
        self.commit(&revocation.slots);
        for slot in &revocation.slots {
            self.index.revoke(*slot);
            self.cache.revoke(*slot);
        }
        self.readable
            .retain(|slot| !revocation.slots.contains(slot));
        if let Err(error) = self.source.unassign(&revocation.slots) {
            self.fatal = Some(error.to_string());
        }
    }

    pub(super) fn commit_if_due(&mut self) {
        if self.last_commit.elapsed() >= COMMIT {
            self.last_commit = Instant::now();
            let slots: Vec<_> = self.index.assigned().map(|(slot, _)| slot).collect();
            self.commit(&slots);
        }
    }

    /// Commits where a restart has to read from. What is lost of it costs only time.
    fn commit(&mut self, slots: &[Slot]) {
        let mut offsets = Vec::new();
        for slot in slots {
            let Some(offset) = self.index.lowest(*slot) else {
                continue;
            };
            if self.committed.insert(*slot, offset) != Some(offset) {
                offsets.push(CommitOffset {
                    slot: *slot,
                    offset,
                    leader_epoch: -1,
                    metadata: None,
                });
            }
        }
        if offsets.is_empty() {
            return;
        }
        self.commits += 1;
        if let Err(error) = self.source.commit(self.commits, &offsets) {
            tracing::debug!(%error, "a scheduler's commit was not sent");
        }
    }

    /// Whether it has left its group.
    pub(super) fn drive_stop(&mut self) -> bool {
        let Some(deadline) = self.stop else {
            return false;
        };
        if let Some(leave) = self.closing {
            return self.source.is_closed() || Instant::now() >= leave;
        }
        let idle = self.is_idle();
        if idle || Instant::now() >= deadline {
            self.closing = Some(Instant::now() + LEAVE);
            if let Err(error) = self.source.close() {
                tracing::warn!(%error, "the scheduler of delayed sends cannot leave its group");
                return true;
            }
        }
        false
    }
}
