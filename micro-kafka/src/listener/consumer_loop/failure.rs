//! Records whose handler failed: retries in place, the recoverer, and the way to a stop.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use super::ConsumerLoop;
use crate::client::{RecordSource, Slot};
use crate::error::{Action, BoxError, ListenerError, Recovered, Way};
use crate::listener::batch::Companions;
use crate::listener::health::HealthReason;
use crate::listener::in_flight::{Work, panic_text};
use crate::listener::lane::{Next, Try};
use crate::listener::partition::Partition;
use crate::listener::{AckToken, Delivery, LaneKey};
use crate::observe::AttemptTrace;

/// The first wait before a failed recovery is tried again; it doubles from there.
const RECOVER_WAIT: Duration = Duration::from_secs(1);
const MAX_RECOVER_WAIT: Duration = Duration::from_secs(30);
/// The wait before a record that its handler lost is read again.
const REWIND_WAIT: Duration = Duration::from_secs(1);

/// What the error handler answered, as far as it concerns the loop.
#[derive(Debug, Clone, Copy)]
pub(super) enum Decided {
    Again(Duration),
    Recover(Way),
    Skip,
    Park,
    Stop,
}

impl<S: RecordSource> ConsumerLoop<'_, S> {
    /// Asks the error handler what to do with a failed delivery; whether the lane is free again.
    pub(super) fn failed(&mut self, mut delivery: Delivery, error: ListenerError) -> bool {
        if self.is_held(&error) {
            return self.hold(delivery);
        }
        match self.decide(&mut delivery, &error) {
            Decided::Again(delay) => self.again(delivery, delay),
            Decided::Recover(_) if !self.lets_go(&error) => self.hold(delivery),
            Decided::Recover(way) => self.recover(delivery, error, Try::first(way)),
            Decided::Skip if self.is_fenced_copy(&delivery) => {
                self.tell_skipped(&delivery, &error);
                self.lift(delivery)
            }
            Decided::Skip => {
                self.skipped(&delivery, &error);
                self.lane_after_finish(delivery.token)
            }
            Decided::Park => {
                self.tell_parked(&delivery, &error);
                self.park(delivery)
            }
            Decided::Stop => self.stop_by_record(&delivery, &error),
        }
    }

    /// Asks the error handler.
    pub(super) fn decide(&mut self, delivery: &mut Delivery, error: &ListenerError) -> Decided {
        self.counts.failed += 1;
        delivery.failed(error);
        self.unstage(delivery.token);
        // An error says more.
        self.nacks
            .remove(&(delivery.token.slot, delivery.token.offset));
        let handler = &self.seat.deps.error_handler;
        let decided = catch_unwind(AssertUnwindSafe(|| handler.handle(delivery, error)));
        let action = decided.unwrap_or_else(|panic| {
            let text = panic_text(&*panic);
            tracing::error!(
                listener = &*self.seat.endpoint.id,
                text,
                "the error handler panicked"
            );
            Action::Recover
        });
        let decided = match action {
            Action::RetryAfter(delay) => Decided::Again(delay),
            Action::RetryTopic(delay) if !self.seat.deps.recoverer.has_retry_topics() => {
                Decided::Again(delay)
            }
            Action::RetryTopic(delay) => Decided::Recover(Way::RetryTopic(delay)),
            Action::Recover => Decided::Recover(Way::Any),
            Action::DeadLetter => Decided::Recover(Way::DeadLetter),
            Action::Skip => Decided::Skip,
            Action::Park => Decided::Park,
            Action::Stop => Decided::Stop,
        };
        self.tell_decided(delivery, error, action, decided);
        if matches!(decided, Decided::Again(_) | Decided::Park) {
            // The wait is no part of the attempt.
            delivery.trace = None;
        }
        decided
    }

    pub(super) fn skipped(&mut self, delivery: &Delivery, error: &ListenerError) {
        self.tell_skipped(delivery, error);
        self.finish(delivery.token.slot, delivery.token.offset);
    }

    fn tell_skipped(&mut self, delivery: &Delivery, error: &ListenerError) {
        self.counts.skipped += 1;
        let AckToken { slot, offset, .. } = delivery.token;
        let record = self.seat.status.place(slot, offset);
        tracing::warn!(
            listener = &*self.seat.endpoint.id, %record, %error,
            "a failed record is skipped"
        );
    }

    /// Delivers a record once more after a time.
    pub(super) fn again(&mut self, mut delivery: Delivery, delay: Duration) -> bool {
        self.counts.retried += 1;
        delivery.attempt = delivery.attempt.saturating_add(1);
        self.suspend(delivery, delay, Next::Handle)
    }

    /// Hands a record to the recoverer; whether the lane is free again.
    pub(super) fn recover(&mut self, delivery: Delivery, error: ListenerError, this: Try) -> bool {
        let token = delivery.token;
        let recoverer = Arc::clone(&self.seat.deps.recoverer);
        let trace = delivery.trace.clone();
        let start = || recoverer.recover_by(this.way, delivery, error);
        let recovery = || AttemptTrace::of_recovery(trace, start);
        match Work::recover(recovery, this) {
            Ok(outcome) => self.settle(token, outcome),
            Err(work) => self.launch(token, work),
        }
    }

    pub(super) fn recovered(
        &mut self,
        mut delivery: Delivery,
        error: ListenerError,
        result: Result<Recovered, BoxError>,
        this: Try,
    ) -> bool {
        let slot = delivery.token.slot;
        let tries = this.number;
        let trouble = match result {
            Err(trouble) => trouble,
            Ok(went) => {
                self.count_recovered(went);
                self.tell_recovered(&delivery, &error, went);
                if tries > 1 {
                    self.seat.status.clear_recover_trouble(slot);
                }
                if self.ordering.is_some() {
                    self.look_at_fences(slot);
                }
                if went == Recovered::Waits {
                    return self.wait_in_line(delivery);
                }
                let token = delivery.token;
                self.finish(token.slot, token.offset);
                if let Some(Companions::Left(left)) = delivery.companions.take().map(|left| *left) {
                    return self.go_on_with_batch(token, left);
                }
                return self.lane_after_finish(token);
            }
        };
        self.unstage(delivery.token);
        let delay = RECOVER_WAIT
            .saturating_mul(1 << (tries - 1).min(5))
            .min(MAX_RECOVER_WAIT);
        let record = self.seat.status.place(slot, delivery.token.offset);
        tracing::warn!(
            listener = &*self.seat.endpoint.id, %record, tries, error = %trouble, ?delay,
            "a record cannot be recovered yet: it is tried again"
        );
        self.tell_recovery_failed(&delivery, &error, &trouble, tries);
        let reason = HealthReason::RecoverFailing {
            record,
            error: trouble.to_string(),
            tries,
        };
        self.seat.status.set_recover_trouble(slot, reason);
        self.suspend(delivery, delay, |delivery| Next::Recover {
            delivery,
            error,
            this: this.next(),
        })
    }

    fn count_recovered(&mut self, went: Recovered) {
        match went {
            Recovered::DeadLettered => self.counts.dead_lettered += 1,
            Recovered::SentToRetryTopic | Recovered::Waits => self.counts.retried += 1,
            Recovered::GivenUp => self.counts.skipped += 1,
            Recovered::Parked | Recovered::Lifted => {}
        }
    }

    /// Lets a lane wait; a lane that is being given up lets go of its record instead.
    pub(super) fn suspend(
        &mut self,
        delivery: Delivery,
        delay: Duration,
        next: impl FnOnce(Delivery) -> Next,
    ) -> bool {
        let AckToken { slot, lane, .. } = delivery.token;
        let due = self.timers.now() + delay;
        let partition = self
            .partitions
            .get_mut(slot as usize)
            .and_then(Option::as_mut);
        let drained = |partition: &Partition| self.stop.is_some() || partition.revoking;
        let offset = delivery.token.offset;
        let Some(partition) = partition.filter(|it| !drained(it) || it.awaits(offset, due)) else {
            if let Some(stop) = &mut self.stop {
                stop.abandoned += 1;
            }
            return true;
        };
        partition.lanes.set_waiting(lane, due, next(delivery));
        self.timers.wake_lane(due, slot, partition.epoch, lane);
        false
    }

    pub(super) fn tell_parked(&mut self, delivery: &Delivery, error: &ListenerError) {
        let AckToken { slot, offset, .. } = delivery.token;
        let record = self.seat.status.place(slot, offset);
        tracing::error!(
            listener = &*self.seat.endpoint.id, %record, %error,
            "a record is parked: its lane waits until it is asked to go on"
        );
        let error = error.to_string();
        let reason = HealthReason::Parked { record, error };
        self.seat.status.set_parked(slot, reason);
    }

    /// Lets a lane wait until somebody asks for it.
    pub(super) fn park(&mut self, mut delivery: Delivery) -> bool {
        let AckToken { slot, lane, .. } = delivery.token;
        if let Some(stop) = &mut self.stop {
            stop.abandoned += 1;
            return true;
        }
        match self.partition(slot).filter(|partition| !partition.revoking) {
            Some(partition) => {
                delivery.attempt = 1;
                partition.lanes.set_parked(lane, Next::Handle(delivery));
                false
            }
            None => true,
        }
    }

    /// Goes on with whatever is parked.
    pub(super) fn unpark(&mut self) {
        let slots = self.assigned().map(|(slot, _)| slot).collect::<Vec<_>>();
        for slot in slots {
            self.seat.status.clear_parked(slot);
            if self.partition(slot).is_some_and(|p| p.lanes.unpark() > 0) {
                self.enqueue(slot);
            }
        }
    }

    /// Goes on with the lanes whose time has come. Handlers stand in line for room.
    pub(super) fn wake_due_lanes(&mut self) {
        while let Some((slot, epoch, lane)) = self.timers.due_lane() {
            let now = self.timers.now();
            let Some(partition) = self.current(slot, epoch) else {
                continue;
            };
            let Some(next) = partition.lanes.take_due(lane, now) else {
                if partition.end_linger(now) {
                    self.enqueue(slot);
                }
                continue;
            };
            let drained = partition.patience.is_some();
            if drained {
                self.attempt_while_drained(slot, lane, next);
            } else if matches!(next, Next::Handle(_) | Next::Due(_)) {
                partition.lanes.set_ready(lane, next);
            } else if self.go_on(slot, lane, next) {
                self.release(slot, lane);
            }
            self.enqueue(slot);
        }
    }

    /// Does what a lane waited for; whether it is free again.
    pub(super) fn go_on(&mut self, slot: Slot, lane: LaneKey, next: Next) -> bool {
        match next {
            Next::Handle(delivery) => {
                self.seat.status.pulse.at(delivery.token.offset);
                self.deliver(delivery)
            }
            Next::Due(delivery) => self.deliver_when_due(delivery),
            Next::Recover {
                delivery,
                error,
                this,
            } => self.recover(delivery, error, this),
            Next::Rewind(offset) => self.rewind(slot, lane, offset),
        }
    }

    /// A handler or recoverer panicked and took the record with it: it has to be read again.
    pub(super) fn lost_delivery(&mut self, token: AckToken, text: &str) -> bool {
        self.counts.failed += 1;
        self.unstage(token);
        let record = self.seat.status.place(token.slot, token.offset);
        if self.seat.endpoint.batch.is_some() {
            // Nobody knows which records were in it: all that is not committed is read again.
            let reason = format!("a panic took the batch from {record} with it: {text}");
            self.fatal.get_or_insert(reason);
            return true;
        }
        tracing::error!(
            listener = &*self.seat.endpoint.id, %record, text,
            "a panic took a record with it: it will be read again"
        );
        self.read_later(token.slot, token.lane, token.offset)
    }

    fn read_later(&mut self, slot: Slot, lane: LaneKey, offset: i64) -> bool {
        let due = self.timers.now() + REWIND_WAIT;
        let stopping = self.stop.is_some();
        let partition = self
            .partitions
            .get_mut(slot as usize)
            .and_then(Option::as_mut);
        let Some(partition) = partition.filter(|p| !stopping && !p.revoking) else {
            return true;
        };
        partition.lanes.set_waiting(lane, due, Next::Rewind(offset));
        self.timers.wake_lane(due, slot, partition.epoch, lane);
        false
    }

    fn rewind(&mut self, slot: Slot, lane: LaneKey, offset: i64) -> bool {
        let Some(partition) = self.partition(slot) else {
            return true;
        };
        let from = partition.await_again(lane, offset);
        if let Err(error) = self.source.seek(slot, from) {
            tracing::warn!(%error, "a partition cannot be rewound yet");
            return self.read_later(slot, lane, offset);
        }
        false
    }

    pub(super) fn stop_by_record(&mut self, delivery: &Delivery, error: &ListenerError) -> bool {
        let record = self
            .seat
            .status
            .place(delivery.token.slot, delivery.token.offset);
        tracing::error!(
            listener = &*self.seat.endpoint.id, %record, %error,
            "a record stops its listener; it stays uncommitted"
        );
        let reason = HealthReason::StoppedByRecord {
            record,
            error: error.to_string(),
        };
        let _ = self.seat.stop_all.send(reason);
        let counted = self.stop.is_some();
        self.begin_stop(self.seat.endpoint.shutdown_timeout);
        if let Some(stop) = &mut self.stop {
            stop.in_flight += usize::from(!counted);
            stop.abandoned += 1;
        }
        true
    }
}
