//! A record that runs alone: from its mark to its end.

use std::time::{Duration, Instant};

use super::{Held, Stage};
use crate::client::{RecordSource, Slot};
use crate::error::{ListenerError, Way};
use crate::listener::CrashedConsumer;
use crate::listener::batch::BatchSpec;
use crate::listener::consumer_loop::ConsumerLoop;
use crate::listener::lane::{Step, Try};
use crate::listener::partition::Start;

impl<S: RecordSource> ConsumerLoop<'_, S> {
    /// Begins a marked record, unless its partition was given up meanwhile.
    pub(super) fn begin_alone(&mut self, held: Held) -> bool {
        let Held {
            slot,
            epoch,
            record,
            start,
        } = held;
        let stopping = self.stop.is_some();
        let partition = self.current(slot, epoch);
        if stopping || partition.is_none_or(|p| p.revoking || p.seek.is_some()) {
            self.drop_start(slot, start.as_ref());
            self.yield_alone();
            return true;
        }
        self.set_stage(Stage::Running(slot, epoch));
        let began = Instant::now();
        self.seat.status.pulse.begin(slot, record, began);
        let evidence = self
            .watch_of(slot)
            .and_then(|it| it.evidence(record).cloned());
        match (start, evidence) {
            (start, Some(evidence)) if is_fresh(start.as_ref()) => {
                self.quarantine(slot, epoch, start, evidence);
            }
            (Some(start), _) => self.begin_start(slot, epoch, start),
            (None, _) => {
                let (max, linger) = (1, Duration::ZERO);
                self.begin_batch(slot, BatchSpec { max, linger });
            }
        }
        self.time(began.elapsed(), 1);
        self.seat.status.pulse.end();
        true
    }

    /// Sends a record to the dead letters that its process died of.
    pub(super) fn quarantine(
        &mut self,
        slot: Slot,
        epoch: u32,
        start: Option<Start>,
        evidence: CrashedConsumer,
    ) {
        let (lane, record) = match start {
            Some(Start::Fresh(lane, record) | Start::Lane(lane, Step::Record(record))) => {
                (lane, record)
            }
            Some(start) => return self.begin_start(slot, epoch, start),
            None => {
                let Some(partition) = self.partition(slot) else {
                    return;
                };
                let Some(record) = partition.buffer.pop_front() else {
                    return;
                };
                let ledger = &mut partition.ledger;
                ledger.begin(record.offset(), record.leader_epoch(), 0);
                (crate::listener::LaneKey::MIN, record)
            }
        };
        tracing::error!(
            listener = &*self.seat.endpoint.id,
            record = %self.seat.status.place(slot, record.offset()),
            deaths = evidence.deaths,
            process = evidence.process,
            "a record is quarantined: its process died while it was handled alone"
        );
        let mut delivery = self.delivery(slot, epoch, lane, record);
        let error = ListenerError::crashed(evidence);
        delivery.failed(&error);
        if self.recover(delivery, error, Try::first(Way::DeadLetter)) {
            self.release(slot, lane);
        }
    }

    /// The record has ended, if it has: the next one of its partition is marked, or the mark taken
    /// away.
    pub(super) fn end_alone(&mut self, slot: Slot, epoch: u32) -> bool {
        let Some(partition) = self.current(slot, epoch) else {
            self.yield_alone();
            return true;
        };
        if partition.is_busy() || !self.is_transaction_settled() {
            self.set_stage(Stage::Running(slot, epoch));
            return false;
        }
        let Some(place) = self.place_of_notes(slot) else {
            self.yield_alone();
            return true;
        };
        let Some(watch) = self.watch_of(slot) else {
            self.yield_alone();
            return true;
        };
        if watch.condemned().is_some_and(|condemned| condemned < place) {
            watch.acquit();
        }
        if watch.passed(place) {
            let record = self.seat.status.place(slot, place);
            tracing::info!(
                listener = &*self.seat.endpoint.id, %record,
                "nothing was found that kills its process: records run as before"
            );
        } else if let Some(held) = self.follow(slot) {
            self.mark(held);
            return true;
        }
        let Some(watch) = self.watch_of(slot) else {
            return true;
        };
        let before = watch.noted();
        let metadata = watch.note_at(place);
        if metadata == before {
            // It went without a mark, or its transaction has taken that away.
            self.yield_alone();
            self.enqueue(slot);
            return true;
        }
        let commit = self.send_note(slot, epoch, place, metadata);
        self.set_stage(Stage::Ending(commit));
        false
    }
}

/// Whether it is no record that was tried before.
fn is_fresh(start: Option<&Start>) -> bool {
    !matches!(start, Some(Start::Lane(_, Step::Next(_))))
}
