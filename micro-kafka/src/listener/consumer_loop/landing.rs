//! Records on their way out of handlers.

use super::ConsumerLoop;
use crate::client::RecordSource;
use crate::listener::in_flight::{Landed, Outcome};
use crate::listener::{AckMode, AckToken, Delivery, Finished};

impl<S: RecordSource> ConsumerLoop<'_, S> {
    /// Takes what handlers and recoverers that had to wait came to.
    pub(super) fn take_landed(&mut self) {
        let mut landed = std::mem::take(&mut self.inbox.landed);
        for Landed {
            token,
            elapsed,
            outcome,
            was_task,
        } in landed.drain(..)
        {
            let current = self.current(token.slot, token.epoch);
            let ours = current.is_some_and(|p| p.lanes.end_work(token.lane, token.offset));
            if !ours {
                if was_task {
                    self.lay_ghost(token.slot);
                }
                continue;
            }
            if !matches!(outcome, Outcome::Recovered { .. }) {
                self.running -= 1;
                self.time(elapsed, 1);
            }
            if let Outcome::Finished(finished) = &outcome {
                self.seat.deps.interceptors.after(finished);
            }
            if self.settle(token, outcome) {
                self.release(token.slot, token.lane);
            }
            self.enqueue(token.slot);
        }
        self.inbox.landed = landed;
    }

    /// Decides what becomes of a record; whether its lane is free again.
    pub(super) fn settle(&mut self, token: AckToken, outcome: Outcome) -> bool {
        match outcome {
            Outcome::Finished(Finished { delivery, .. }) if delivery.companions.is_some() => {
                self.settle_batch(delivery)
            }
            Outcome::Finished(Finished { delivery, result }) => match result {
                Ok(()) => self.succeeded(delivery),
                Err(error) => self.failed(delivery, error),
            },
            Outcome::Recovered {
                delivery,
                error,
                result,
                this,
            } => self.recovered(delivery, error, result, this),
            Outcome::Panicked(text) => self.lost_delivery(token, &text),
        }
    }

    /// A handler has ended well; whether its lane is free again.
    pub(super) fn succeeded(&mut self, delivery: Delivery) -> bool {
        self.counts.handled += 1;
        let token = delivery.token;
        if self.is_fenced_copy(&delivery) {
            return self.lift(delivery);
        }
        let manual = self.seat.endpoint.ack_mode.is_manual();
        let delivery = match manual {
            true => self.repeats(delivery),
            false => Some(delivery),
        };
        let Some(delivery) = delivery else {
            return false;
        };
        self.retire(delivery);
        if manual {
            return true;
        }
        self.finish(token.slot, token.offset);
        self.lane_after_finish(token)
    }

    /// With a commit per record the lane waits for it, so that a crash repeats one record at most.
    pub(super) fn lane_after_finish(&mut self, token: AckToken) -> bool {
        let waits = self.seat.endpoint.ack_mode == AckMode::Record
            && self.seat.endpoint.waits_for_commits();
        let Some(partition) = self.partition(token.slot) else {
            return true;
        };
        if waits {
            partition.lanes.set_committing(token.lane);
        }
        !waits
    }
}
