//! What handlers say of their records by hand.

use std::time::Duration;

use super::ConsumerLoop;
use crate::client::RecordSource;
use crate::listener::lane::Next;
use crate::listener::{AckToken, Delivery, Verdict};

impl<S: RecordSource> ConsumerLoop<'_, S> {
    /// Takes the acknowledgements that came; those of an older assignment are void.
    pub(super) fn take_acks(&mut self) {
        let mut acks = std::mem::take(&mut self.inbox.acks);
        for (token, verdict) in acks.drain(..) {
            let manual = self.seat.endpoint.ack_mode.is_manual();
            if manual && self.current(token.slot, token.epoch).is_some() {
                match verdict {
                    Verdict::Done => {
                        self.finish(token.slot, token.offset);
                        self.enqueue(token.slot);
                    }
                    Verdict::Again(delay) => self.repeat(token, delay),
                }
            }
        }
        self.inbox.acks = acks;
    }

    /// Has a record delivered again: the one in the handler once that has ended, another one by
    /// reading it again.
    fn repeat(&mut self, token: AckToken, delay: Duration) {
        let due = self.timers.now() + delay;
        let batches = self.seat.endpoint.batch.is_some();
        let Some(partition) = self.current(token.slot, token.epoch) else {
            return;
        };
        let in_batch = batches && partition.is_busy();
        if in_batch || partition.lanes.is_at_work(token.lane, token.offset) {
            self.nacks.insert((token.slot, token.offset), due);
        } else if !partition.revoking && partition.ledger.waits_for(token.offset) {
            let lane = partition.lanes.vacant(token.lane);
            partition
                .lanes
                .set_waiting(lane, due, Next::Rewind(token.offset));
            self.timers.wake_lane(due, token.slot, token.epoch, lane);
        }
    }

    /// A handler has ended well: whether it asked for its record again before, and the lane waits.
    pub(super) fn repeats(&mut self, delivery: Delivery) -> Option<Delivery> {
        let token = delivery.token;
        // What it said is in the channel by now.
        while let Ok((of, verdict)) = self.acks.try_recv() {
            match verdict {
                Verdict::Again(delay) if of == token => {
                    let due = self.timers.now() + delay;
                    self.nacks.insert((token.slot, token.offset), due);
                }
                _ => self.inbox.acks.push((of, verdict)),
            }
        }
        let due = match self.nacks.is_empty() {
            true => None,
            false => self.nacks.remove(&(token.slot, token.offset)),
        };
        let Some(due) = due else {
            return Some(delivery);
        };
        let delay = due.saturating_duration_since(self.timers.now());
        self.again(delivery, delay);
        None
    }

    /// Notes all wishes for another delivery that are in the channel by now: those of a batch whose
    /// handler has just ended.
    pub(super) fn take_nacks(&mut self) {
        if !self.seat.endpoint.ack_mode.is_manual() {
            return;
        }
        while let Ok((token, verdict)) = self.acks.try_recv() {
            match verdict {
                Verdict::Again(delay) if self.current(token.slot, token.epoch).is_some() => {
                    let due = self.timers.now() + delay;
                    self.nacks.insert((token.slot, token.offset), due);
                }
                _ => self.inbox.acks.push((token, verdict)),
            }
        }
    }
}
