//! What is noted beside the offsets of a listener that quarantines.
//!
//! A note rides on commits that are sent anyway, with two exceptions: the first record of an
//! assignment waits until its process is noted, and a clean end takes the note away.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::WeakUnboundedSender;
use tokio::time::Instant;

use super::ConsumerLoop;
use super::alone::Stage;
use super::commit_wait::{CommitState, CommitWait};
use crate::client::{CommitError, CommitOffset, RecordSource, Slot};
use crate::listener::command::Command;
use crate::listener::quarantine::{Opened, Process, QuarantineSpec, Seat, Warden, Watch, now};

/// What a loop knows of those who had its partitions before.
#[derive(Debug)]
pub(super) struct Quarantine {
    spec: QuarantineSpec,
    pub(super) seat: Seat,
    pub(super) watches: HashMap<Slot, Watch>,
    /// Whether records of this process run one at a time now.
    pub(super) alone: bool,
    pub(super) stage: Stage,
    /// Records of one partition that ran in a row while others waited.
    pub(super) streak: u32,
    /// Commits that the first records of partitions wait for.
    openings: Vec<Opening>,
}

/// The wait before a refused opening is sent again: the group may just be taking others in.
const AGAIN: Duration = Duration::from_millis(50);
/// How long the first record of a partition waits for it.
const OPENING: Duration = Duration::from_secs(10);

/// A commit that the first record of a partition waits for.
#[derive(Debug)]
struct Opening {
    /// The moment to send it again, if it was refused.
    id: Result<u64, Instant>,
    until: Instant,
    slot: Slot,
    epoch: u32,
    offset: i64,
    note: Arc<str>,
}

impl Quarantine {
    pub(super) fn new(
        spec: QuarantineSpec,
        warden: &Arc<Warden>,
        wake: Option<WeakUnboundedSender<Command>>,
    ) -> Self {
        Self {
            spec,
            seat: Seat::before(warden, wake),
            watches: HashMap::new(),
            alone: false,
            stage: Stage::Idle,
            streak: 0,
            openings: Vec::new(),
        }
    }

    /// Whether a record runs alone, so that nothing else is to be committed.
    pub(super) fn is_marking(&self) -> bool {
        !matches!(self.stage, Stage::Idle)
    }

    /// When a refused opening is to be sent again.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.openings.iter().filter_map(|it| it.id.err()).min()
    }

    pub(super) fn is_suspicious(&self) -> bool {
        self.watches.values().any(Watch::is_suspicious)
    }
}

impl<S: RecordSource> ConsumerLoop<'_, S> {
    /// A partition was assigned; `found` is noted beside its offset.
    pub(super) fn watch(&mut self, slot: Slot, start: Option<i64>, found: Option<&str>) {
        if let Some(quarantine) = &mut self.quarantine {
            let watch = Watch::new(Process::own(), quarantine.spec, now(), start, found);
            quarantine.watches.insert(slot, watch);
        }
    }

    /// A partition is given up.
    pub(super) fn unwatch(&mut self, slot: Slot) {
        self.leave_stage(slot);
        if let Some(quarantine) = &mut self.quarantine {
            quarantine.watches.remove(&slot);
            quarantine.openings.retain(|it| it.slot != slot);
            quarantine.seat.suspect(quarantine.is_suspicious());
        }
    }

    /// A partition is read from another place: what is known of this one says nothing of it.
    pub(super) fn watch_elsewhere(&mut self, slot: Slot) {
        self.leave_stage(slot);
        if let Some(watch) = self.watch_of(slot) {
            watch.acquit();
        }
    }

    pub(super) fn watch_of(&mut self, slot: Slot) -> Option<&mut Watch> {
        self.quarantine.as_mut()?.watches.get_mut(&slot)
    }

    /// Whether records of a partition that was just read may begin. If not, it is in line again once
    /// they may.
    pub(super) fn is_open(&mut self, slot: Slot) -> bool {
        self.find_note(slot);
        let reach = self.reach();
        let end = self.source.known_end(slot);
        let Some(watch) = self.watch_of(slot).filter(|watch| !watch.is_opened()) else {
            return true;
        };
        let start = watch.start();
        let Some((first, epoch)) = self.partition(slot).and_then(|partition| {
            let first = partition.buffer.front()?.offset();
            Some((first, partition.epoch))
        }) else {
            return true;
        };
        debug_assert!(start.is_none_or(|start| start <= first), "read from before");
        let Some(quarantine) = &mut self.quarantine else {
            return true;
        };
        let Some(watch) = quarantine.watches.get_mut(&slot) else {
            return true;
        };
        match watch.open(first, end, reach) {
            Opened::Free => true,
            Opened::Noted(offset, note) => {
                quarantine.openings.push(Opening {
                    id: Err(Instant::now()),
                    until: Instant::now() + OPENING,
                    slot,
                    epoch,
                    offset,
                    note,
                });
                if let Some(partition) = self.partition(slot) {
                    partition.committing = true;
                }
                self.send_openings();
                false
            }
            Opened::Suspicious => {
                let deaths = watch.deaths();
                quarantine.seat.suspect(true);
                quarantine.alone = true;
                tracing::warn!(
                    listener = &*self.seat.endpoint.id,
                    record = %self.seat.status.place(slot, first),
                    deaths,
                    "processes died here without any progress: records run one at a time"
                );
                self.enqueue(slot);
                false
            }
        }
    }

    /// Asks once more what is noted where that could not be found out at the assignment: while a
    /// transaction of somebody dead was open.
    fn find_note(&mut self, slot: Slot) {
        let unknown = |watch: &&mut Watch| watch.start().is_none() && !watch.is_opened();
        if self.watch_of(slot).filter(unknown).is_none() {
            return;
        }
        match self.source.found(slot) {
            Ok(Some((offset, note))) => self.watch(slot, Some(offset), note.as_deref()),
            Ok(None) => {}
            Err(error) => tracing::debug!(%error, "deaths at a partition are not counted"),
        }
    }

    /// Ends suspicion where all records are read, though the last offsets are nobody's. Only right
    /// after the source told what it has: later it may hold records that it has counted already.
    pub(super) fn acquit_at_ends(&mut self) {
        for slot in (0..).take(self.partitions.len()) {
            if !self.watch_of(slot).is_some_and(|it| it.is_suspicious()) {
                continue;
            }
            let partition = self.partition(slot);
            let done = partition
                .is_some_and(|it| !it.filled && it.buffer.is_empty() && it.ledger.len() == 0);
            let position = self.source.position(slot).filter(|_| done);
            if let (Some(position), Some(watch)) = (position, self.watch_of(slot)) {
                watch.passed(position);
            }
        }
    }

    /// How many records a dead process can have begun beyond what it had committed.
    fn reach(&self) -> i64 {
        let endpoint = &self.seat.endpoint;
        let most = endpoint
            .max_uncommitted
            .saturating_add(endpoint.commit_count);
        i64::try_from(most).unwrap_or(i64::MAX)
    }

    /// Sends the openings that are due.
    pub(super) fn send_openings(&mut self) {
        let Some(quarantine) = &mut self.quarantine else {
            return;
        };
        let now = Instant::now();
        for opening in &mut quarantine.openings {
            if opening.id.is_ok() || opening.id.is_err_and(|due| due > now) {
                continue;
            }
            let id = self.commits.new_id();
            let commit = CommitOffset {
                slot: opening.slot,
                offset: opening.offset,
                leader_epoch: -1,
                metadata: Some(Arc::clone(&opening.note)),
            };
            self.counts.commits += 1;
            let sent = self.source.commit(id, &[commit]);
            opening.id = sent.map(|()| id).map_err(|_| now + AGAIN);
        }
    }

    /// Takes the answer, if it is about a note.
    pub(super) fn take_quarantine_answer(
        &mut self,
        id: u64,
        result: &Result<(), CommitError>,
    ) -> bool {
        let Some(quarantine) = &mut self.quarantine else {
            return false;
        };
        let found = quarantine.openings.iter().position(|it| it.id == Ok(id));
        let Some(at) = found else {
            return self.take_stage_answer(id, result);
        };
        if let Err(error) = result {
            let (now, opening) = (Instant::now(), &mut quarantine.openings[at]);
            if !error.fenced && now < opening.until {
                opening.id = Err(now + AGAIN);
                return true;
            }
            let error = error.name;
            tracing::warn!(error, "a death of this process would not be counted");
        }
        let Opening { slot, epoch, .. } = quarantine.openings.swap_remove(at);
        let rewinds = self.transactions.as_ref();
        let rewinds = rewinds.is_some_and(|tx| tx.rewind.is_some());
        if let Some(partition) = self.current(slot, epoch).filter(|_| !rewinds) {
            partition.committing = false;
            self.enqueue(slot);
        }
        true
    }

    /// What goes beside an offset in a commit.
    pub(super) fn note_at(&mut self, slot: Slot, offset: i64) -> Option<Arc<str>> {
        self.watch_of(slot)?.note_at(offset)
    }

    /// The same in a transaction, after which there may be no other commit.
    pub(super) fn note_of_transaction(&mut self, slot: Slot, offset: i64) -> Option<Arc<str>> {
        let stopping = self.stop.is_some();
        let ends = stopping || self.partition(slot).is_none_or(|p| p.revoking);
        let watch = self.watch_of(slot)?;
        match ends {
            true => Some(watch.end_cleanly(offset)),
            false => watch.note_at(offset),
        }
    }

    /// The offset and the note of a partition that is cleanly given up, if there is anything to say.
    pub(super) fn note_of_clean_end(&mut self, slot: Slot) -> Option<(i64, Arc<str>)> {
        self.quarantine.as_ref()?;
        let offset = self.place_of_notes(slot)?;
        let text = self.watch_of(slot)?.note_of_clean_end(offset)?;
        Some((offset, text))
    }

    /// The offset that the group has committed, or may commit now; `None` if it is not known.
    pub(super) fn place_of_notes(&mut self, slot: Slot) -> Option<i64> {
        let start = self.watch_of(slot)?.start();
        if let Some(tx) = &self.transactions {
            // What became of a transaction may be known to the broker alone.
            return match tx.rewind {
                Some(_) => None,
                None => tx.base(slot).or(start),
            };
        }
        let partition = self.partition(slot)?;
        let finished = partition.ledger.to_commit().map(|position| position.offset);
        finished.or(partition.committed).or(start)
    }

    /// A transaction was the last of these partitions: takes away the notes that are still there.
    pub(super) fn commit_clean_ends(
        &mut self,
        before: CommitWait,
        slots: Vec<Slot>,
    ) -> Option<CommitWait> {
        let by_transactions = self.transactions.is_some() && self.quarantine.is_some();
        if !by_transactions || before.state != CommitState::Answered {
            return None;
        }
        let id = self.commit_now(slots.into_iter()).ok().flatten()?;
        for slot in (0..).take(self.partitions.len()) {
            let offset = self.place_of_notes(slot);
            if let (Some(watch), Some(offset)) = (self.watch_of(slot), offset) {
                watch.end_cleanly(offset);
            }
        }
        Some(CommitWait {
            id,
            state: CommitState::Sent,
            ..before
        })
    }
}
