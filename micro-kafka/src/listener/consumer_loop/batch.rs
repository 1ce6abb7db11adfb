//! Batches on their way into handlers, and out of them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use super::ConsumerLoop;
use super::failure::Decided;
use crate::client::{RecordSource, Slot};
use crate::error::{ErrorKind, ListenerError};
use crate::listener::batch::{BatchSpec, Companions, Left};
use crate::listener::lane::{Next, Try};
use crate::listener::partition::{Limits, Linger, Partition};
use crate::listener::{AckToken, Delivery, LaneKey};
use crate::record::Record;
use crate::replay::is_for_another;

/// What a partition that collects a batch may do.
enum Collected {
    /// These records are one.
    Batch(Vec<Record>),
    /// It waits until then, unless more records come.
    Until(Instant),
    /// It waits for records, or for room.
    Nothing,
}

impl<S: RecordSource> ConsumerLoop<'_, S> {
    /// Begins a batch, if enough was collected or has waited long enough; `false` if not.
    pub(super) fn begin_batch(&mut self, slot: Slot, mut spec: BatchSpec) -> bool {
        if let Some(tx) = &self.transactions {
            spec.max = spec.max.min(tx.max());
        }
        let (limits, now) = (self.limits(), self.timers.now());
        let Some(partition) = self
            .partitions
            .get_mut(slot as usize)
            .and_then(Option::as_mut)
        else {
            return false;
        };
        let epoch = partition.epoch;
        match collect(partition, spec, limits, now) {
            Collected::Batch(records) => {
                if let (Some(tx), [first, .., last] | [first @ last]) =
                    (&mut self.transactions, &*records)
                {
                    tx.staging.open_batch(slot, first.offset(), last.offset());
                }
                let kept = records.into_iter().filter_map(|record| {
                    let record = self.filtered(slot, record)?;
                    Some(self.delivery(slot, epoch, LaneKey::MIN, record))
                });
                let mut kept = kept.collect::<Vec<_>>();
                if let Some((delivery, error)) = self.take_blame_of_one(&mut kept) {
                    self.settle_blamed(delivery, error);
                } else if let Some(head) = Delivery::of_batch(kept) {
                    self.seat.status.pulse.at(head.token.offset);
                    // No lane was made for it yet, so there is none to release.
                    self.deliver(head);
                }
                true
            }
            Collected::Until(due) => {
                let before = std::mem::replace(&mut partition.linger, Linger::Until(due));
                if before == Linger::None {
                    self.timers.wake_lane(due, slot, epoch, LaneKey::MIN);
                }
                false
            }
            Collected::Nothing => {
                if partition.full && !std::mem::replace(&mut partition.full_told, true) {
                    self.tell_full(slot);
                }
                false
            }
        }
    }

    /// Asks the listener's filter; a record that it does not want is done, and so is one that was
    /// replayed for another group.
    pub(super) fn filtered(&mut self, slot: Slot, record: Record) -> Option<Record> {
        if is_for_another(&record, &self.seat.endpoint.group_id) {
            self.counts.foreign_replays += 1;
            self.finish(slot, record.offset());
            self.source.recycle(record);
            return None;
        }
        let Some(filter) = &self.seat.endpoint.filter else {
            return Some(record);
        };
        let kept = catch_unwind(AssertUnwindSafe(|| filter.keeps(&record)));
        if kept.is_err() {
            let record = self.seat.status.place(slot, record.offset());
            tracing::error!(
                listener = &*self.seat.endpoint.id, %record,
                "the filter panicked: its record is handled"
            );
        }
        if kept.unwrap_or(true) {
            return Some(record);
        }
        self.counts.filtered += 1;
        self.finish(slot, record.offset());
        self.source.recycle(record);
        None
    }

    /// Decides about each record of a batch; whether its lane is free again.
    pub(super) fn settle_batch(&mut self, batch: Delivery) -> bool {
        let token = batch.token;
        self.take_nacks();
        let batch = match self.pass_batch(batch) {
            Ok(free) => return free,
            Err(batch) => batch,
        };
        let mut left = Left::default();
        let mut stop = None;
        let outcomes = batch.outcomes();
        if self.transactions.is_some() {
            self.stage_batch(token, outcomes.iter().any(|(_, failure)| failure.is_none()));
        }
        for (delivery, failure) in outcomes {
            match failure {
                None => self.succeed_in_batch(delivery, &mut left),
                // Nothing is known of it: this was no attempt.
                Some(error) if error.kind() == ErrorKind::NotReached => left.retry.push(delivery),
                Some(error) => self.fail_in_batch(delivery, error, &mut left, &mut stop),
            }
        }
        match stop {
            Some((delivery, error)) => self.stop_by_record(&delivery, &error),
            None => self.go_on_with_batch(token, left),
        }
    }

    /// Ends a batch that succeeded as a whole, where nothing has to be decided about its records:
    /// whether its lane is free again. Others are given back.
    fn pass_batch(&mut self, mut batch: Delivery) -> Result<bool, Delivery> {
        let decided = self.transactions.is_none()
            && self.nacks.is_empty()
            && !self.seat.endpoint.ack_mode.is_manual();
        let Some(rest) = decided.then(|| batch.take_rest_of_success()).flatten() else {
            return Err(batch);
        };
        let token = batch.token;
        for delivery in std::iter::once(batch).chain(rest) {
            self.counts.handled += 1;
            self.finish(delivery.token.slot, delivery.token.offset);
            self.retire(delivery);
        }
        Ok(self.lane_after_finish(token))
    }

    /// A batch of one whose transaction failed: the error handler decides before it is tried again.
    fn settle_blamed(&mut self, delivery: Delivery, error: ListenerError) {
        let token = delivery.token;
        let (mut left, mut stop) = (Left::default(), None);
        self.fail_in_batch(delivery, error, &mut left, &mut stop);
        match stop {
            Some((delivery, error)) => self.stop_by_record(&delivery, &error),
            None => self.go_on_with_batch(token, left),
        };
    }

    fn succeed_in_batch(&mut self, mut delivery: Delivery, left: &mut Left) {
        let AckToken { slot, offset, .. } = delivery.token;
        if let Some(due) = self.nacks.remove(&(slot, offset)) {
            self.counts.retried += 1;
            delivery.attempt = delivery.attempt.saturating_add(1);
            let delay = due.saturating_duration_since(self.timers.now());
            left.delay = left.delay.max(delay);
            left.retry.push(delivery);
            return;
        }
        self.counts.handled += 1;
        if !self.seat.endpoint.ack_mode.is_manual() {
            self.finish(slot, offset);
        }
        self.retire(delivery);
    }

    fn fail_in_batch(
        &mut self,
        mut delivery: Delivery,
        error: ListenerError,
        left: &mut Left,
        stop: &mut Option<(Delivery, ListenerError)>,
    ) {
        if self.is_held(&error) {
            self.counts.held += 1;
            self.unstage(delivery.token);
            let AckToken { slot, offset, .. } = delivery.token;
            self.nacks.remove(&(slot, offset));
            left.retry.push(delivery);
            return;
        }
        match self.decide(&mut delivery, &error) {
            Decided::Again(delay) => {
                self.counts.retried += 1;
                delivery.attempt = delivery.attempt.saturating_add(1);
                left.delay = left.delay.max(delay);
                left.retry.push(delivery);
            }
            Decided::Recover(_) if !self.lets_go(&error) => {
                self.counts.held += 1;
                left.retry.push(delivery);
            }
            Decided::Recover(way) => left.recover.push_back((delivery, error, way)),
            Decided::Skip => self.skipped(&delivery, &error),
            Decided::Park => {
                self.tell_parked(&delivery, &error);
                delivery.attempt = 1;
                left.parked = true;
                left.retry.push(delivery);
            }
            Decided::Stop => {
                stop.get_or_insert((delivery, error));
            }
        }
    }

    /// Recovers the next failed record of a batch, or tries the rest again; whether its lane is free
    /// again.
    pub(super) fn go_on_with_batch(&mut self, token: AckToken, mut left: Left) -> bool {
        if let Some((mut delivery, error, way)) = left.recover.pop_front() {
            delivery.companions = Some(Box::new(Companions::Left(left)));
            return self.recover(delivery, error, Try::first(way));
        }
        match Delivery::of_batch(left.retry) {
            Some(parked) if left.parked => self.park(parked),
            Some(again) => self.suspend(again, left.delay, Next::Handle),
            None => self.lane_after_finish(token),
        }
    }
}

/// Takes what is one batch out of a partition's buffer.
fn collect(partition: &mut Partition, spec: BatchSpec, limits: Limits, now: Instant) -> Collected {
    let waiting = partition.buffer.len();
    if waiting == 0 || partition.is_full(limits) {
        partition.full = waiting > 0;
        return Collected::Nothing;
    }
    if waiting < spec.max {
        let due = match partition.linger {
            Linger::None => now + spec.linger,
            Linger::Until(due) => due,
            Linger::Over => now,
        };
        if due > now {
            return Collected::Until(due);
        }
    }
    partition.linger = Linger::None;
    let records = partition.buffer.drain(..waiting.min(spec.max));
    let records = records.collect::<Vec<_>>();
    for record in &records {
        partition
            .ledger
            .begin(record.offset(), record.leader_epoch(), 0);
    }
    Collected::Batch(records)
}
