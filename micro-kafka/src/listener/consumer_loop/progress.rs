//! Telling how far the loop is.

use std::time::Instant;

use tokio::sync::oneshot;

use super::ConsumerLoop;
use crate::client::{RecordSource, Slot};
use crate::listener::PartitionProgress;
use crate::listener::partition::Partition;

/// Somebody waits until everything is finished that was on the broker when they asked.
#[derive(Debug)]
pub(super) struct QuietRequest {
    ends: Vec<(Slot, i64)>,
    answer: oneshot::Sender<Vec<PartitionProgress>>,
}

impl<S: RecordSource> ConsumerLoop<'_, S> {
    pub(super) fn progress(&self) -> Vec<PartitionProgress> {
        let rests = self.rests_until();
        let progress = |(slot, partition): (Slot, &Partition)| {
            let lag = self.lag(slot, partition);
            let left = usize::try_from(lag.unwrap_or(0)).unwrap_or(0);
            let rests = rests.filter(|_| left > 0);
            PartitionProgress {
                partition: self.assigned_name(slot),
                position: partition.ledger.read_up_to(),
                to_commit: partition.ledger.to_commit().map(|p| p.offset),
                committed: partition.committed,
                in_flight: partition.is_busy(),
                waits_until: partition.waits_until().into_iter().chain(rests).min(),
                unfinished: match self.seat.throttle {
                    Some(_) => partition.unfinished().max(left),
                    None => partition.unfinished(),
                },
                lag,
            }
        };
        self.assigned().map(progress).collect()
    }

    /// Records between what is finished and the end that the last fetch told.
    pub(super) fn lag(&self, slot: Slot, partition: &Partition) -> Option<i64> {
        let finished = partition.ledger.to_commit().map(|p| p.offset);
        let mut from = finished.or_else(|| partition.ledger.read_up_to())?;
        let end = self.source.known_end(slot)?;
        let all_finished = partition.ledger.len() == 0 && partition.buffer.is_empty();
        if from < end && all_finished {
            // What is left may be the markers of transactions, which are for nobody.
            from = self.source.position(slot).map_or(from, |at| at.max(from));
        }
        Some((end - from).max(0))
    }

    pub(super) fn await_quiet(&mut self, answer: oneshot::Sender<Vec<PartitionProgress>>) {
        let slots = self.assigned().map(|(slot, _)| slot).collect::<Vec<_>>();
        let ends = if slots.is_empty() {
            Ok(Vec::new())
        } else {
            self.source.end_offsets(&slots)
        };
        match ends {
            Ok(ends) => self.quiet.push(QuietRequest { ends, answer }),
            // The asker hears that the answer was dropped, and asks again.
            Err(error) => tracing::debug!(%error, "the partitions' ends are unknown"),
        }
    }

    /// Answers those whose records are all finished, or wait for a time that is still to come.
    pub(super) fn answer_quiet(&mut self) {
        if self.quiet.is_empty() || self.revocation.is_some() || !self.commits.is_settled() {
            return;
        }
        let now = self.timers.now();
        if self
            .transactions
            .as_ref()
            .is_some_and(|tx| !tx.is_settled(now))
        {
            return;
        }
        if self.quarantine.as_ref().is_some_and(|it| it.is_marking()) {
            return;
        }
        for request in std::mem::take(&mut self.quiet) {
            if self.is_quiet(&request.ends, now) {
                let _ = request.answer.send(self.progress());
            } else {
                self.quiet.push(request);
            }
        }
    }

    fn is_quiet(&self, ends: &[(Slot, i64)], now: Instant) -> bool {
        let rests = self.rests_until().is_some();
        ends.iter().all(|(slot, end)| {
            let partition = self.partitions.get(*slot as usize).and_then(Option::as_ref);
            partition.is_none_or(|partition| {
                let known = self
                    .source
                    .known_end(*slot)
                    .is_some_and(|known| known >= *end);
                let idle = partition.seek.is_none() && !partition.is_busy();
                let ends_in_marker = || self.source.position(*slot).is_some_and(|at| at >= *end);
                (rests && known && idle) || is_quiet(partition, *end, now, ends_in_marker)
            })
        })
    }
}

/// `ends_in_marker` tells whether all up to the end was taken, where its last records are for nobody.
fn is_quiet(
    partition: &Partition,
    end: i64,
    now: Instant,
    ends_in_marker: impl FnOnce() -> bool,
) -> bool {
    if partition.seek.is_some() || partition.is_busy() {
        return false;
    }
    if partition.paused {
        return true;
    }
    if !partition.lanes.all_wait_beyond(now) {
        return false;
    }
    if partition.lingers_beyond(now, end) {
        return true;
    }
    let stuck = !partition.order.overtakes() && !partition.lanes.is_empty();
    let read = partition.ledger.read_up_to().unwrap_or(0);
    stuck
        || partition.full
        || partition.is_fenced_in()
        || (partition.buffer.is_empty() && (read >= end || ends_in_marker()))
}
