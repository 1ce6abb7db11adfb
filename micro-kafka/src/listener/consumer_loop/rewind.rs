//! After a transaction that was not committed: everything that is younger is dropped, and every
//! partition is read again from where the group has it committed.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use super::ConsumerLoop;
use crate::client::{RecordSource, Slot};
use crate::listener::ledger::Ledger;

/// Between two attempts of a rewind that the broker or librdkafka refuses.
const AGAIN: Duration = Duration::from_millis(500);

/// A rewind that waits for handlers to end, or for its time.
#[derive(Debug)]
pub(super) struct Rewind {
    /// Where each partition is read on at least, as far as this consumer knows.
    places: HashMap<Slot, i64>,
    not_before: Instant,
    /// Where nobody waits any more for what is in a handler.
    until: Instant,
}

impl Rewind {
    pub(super) fn deadline(&self) -> Instant {
        match self.not_before > Instant::now() {
            true => self.not_before,
            false => self.until,
        }
    }
}

impl<S: RecordSource> ConsumerLoop<'_, S> {
    /// Holds every partition, and goes back after a pause, when nothing is at work any more.
    pub(super) fn begin_rewind(&mut self, pause: Duration) {
        let mut places = HashMap::new();
        let slots = self.assigned().map(|(slot, _)| slot).collect::<Vec<_>>();
        for slot in slots {
            let base = self.transactions.as_ref().and_then(|tx| tx.base(slot));
            let Some(partition) = self.partition(slot) else {
                continue;
            };
            let read = || partition.buffer.front().map(crate::record::Record::offset);
            let begun = partition.ledger.lowest();
            if let Some(place) = base.or(begun).or_else(read) {
                places.insert(slot, place);
            }
            partition.committing = true;
            partition.keep_busy();
        }
        let now = Instant::now();
        if let Some(tx) = &mut self.transactions {
            tx.rewind = Some(Rewind {
                places,
                not_before: now + pause,
                until: now + self.seat.endpoint.revoke_drain,
            });
        }
    }

    /// Goes on with a rewind.
    pub(super) fn drive_rewind(&mut self) {
        // librdkafka holds every partition until a revocation is answered; and after a stop whoever
        // has the partitions next begins where they are committed.
        if self.revocation.is_some() || self.stop.is_some() {
            return;
        }
        let tx = self.transactions.as_mut();
        let Some(rewind) = tx.and_then(|tx| tx.rewind.take()) else {
            return;
        };
        if let Some(rewind) = self.rewound(rewind)
            && let Some(tx) = &mut self.transactions
        {
            tx.rewind = Some(rewind);
        }
    }

    /// Goes back, if nothing hinders it; else the rewind again.
    fn rewound(&mut self, mut rewind: Rewind) -> Option<Rewind> {
        let now = Instant::now();
        let slots = rewind.places.keys().copied().collect::<Vec<_>>();
        let slots = slots.into_iter().filter(|slot| self.awaits_rewind(*slot));
        let slots = slots.collect::<Vec<_>>();
        let busy = |slot: &Slot| {
            let partition = self.partitions.get(*slot as usize).and_then(Option::as_ref);
            partition.is_some_and(super::Partition::is_busy)
        };
        if now < rewind.not_before || (now < rewind.until && slots.iter().any(busy)) {
            return Some(rewind);
        }
        // Whether the failed one was committed all the same, only the broker knows.
        match self.source.committed(&slots) {
            Ok(committed) => {
                for (slot, offset) in committed {
                    let place = rewind.places.entry(slot).or_insert(offset);
                    *place = offset.max(*place);
                }
            }
            Err(error) => {
                tracing::warn!(%error, "what a transaction has committed is not known yet");
                rewind.not_before = now + AGAIN;
                return Some(rewind);
            }
        }
        for slot in slots {
            let Some(place) = rewind.places.get(&slot).copied() else {
                continue;
            };
            if let Err(error) = self.go_back(slot, place) {
                tracing::warn!(%error, "a partition cannot be read again yet");
                rewind.not_before = now + AGAIN;
                continue;
            }
            rewind.places.remove(&slot);
        }
        let left = rewind.places.keys().any(|slot| self.awaits_rewind(*slot));
        if left {
            return Some(rewind);
        }
        self.release_held();
        None
    }

    /// Whether a partition waits for the rewind.
    fn awaits_rewind(&self, slot: Slot) -> bool {
        let partition = self.partitions.get(slot as usize).and_then(Option::as_ref);
        partition.is_some_and(|partition| partition.committing && partition.seek.is_none())
    }

    fn go_back(&mut self, slot: Slot, place: i64) -> Result<(), crate::client::ClientError> {
        self.abort_lanes(slot);
        self.source.seek(slot, place)?;
        self.epoch += 1;
        let epoch = self.epoch;
        self.seat.status.set_epoch(slot, epoch);
        if let Some(tx) = &mut self.transactions {
            tx.line.outboxes.forget(slot);
            tx.staging.forget(slot);
            tx.set_base(slot, place);
        }
        if let Some(partition) = self.partition(slot) {
            partition.ledger = Ledger::new(Some(place));
            partition.epoch = epoch;
            partition.full = false;
            partition.filled = true;
            partition.committing = false;
        }
        self.enqueue(slot);
        tracing::info!(
            listener = &*self.seat.endpoint.id,
            partition = %self.source.name(slot),
            offset = place,
            "a partition is read again after an aborted transaction"
        );
        Ok(())
    }

    /// Lets the partitions go on of which nothing was read.
    fn release_held(&mut self) {
        for slot in (0..).take(self.partitions.len()) {
            if let Some(partition) = self.partition(slot) {
                partition.committing = false;
                partition.filled = true;
                self.enqueue(slot);
            }
        }
    }
}
