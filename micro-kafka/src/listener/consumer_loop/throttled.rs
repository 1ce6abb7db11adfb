//! Records that may not begin yet: the listener's rate limit, or its breaker.

use std::time::{Duration, Instant};

use super::ConsumerLoop;
use crate::client::RecordSource;
use crate::error::{ErrorKind, ListenerError};
use crate::listener::Delivery;
use crate::listener::lane::Next;
use crate::listener::throttle::Closed;

impl<S: RecordSource> ConsumerLoop<'_, S> {
    /// Whether nothing may begin now; the loop wakes when something may.
    pub(super) fn is_throttled(&mut self) -> bool {
        let throttle = self.seat.throttle.as_ref();
        let closed = throttle.and_then(|throttle| throttle.closed());
        self.timers.wake_throttled(match closed {
            Some(Closed::Until(due)) => Some(due),
            Some(Closed::UntilTold) | None => None,
        });
        closed.is_some()
    }

    /// The moment of the clock that everything waits for, if it does.
    pub(super) fn rests_until(&self) -> Option<Instant> {
        let throttle = self.seat.throttle.as_ref();
        match throttle.and_then(|throttle| throttle.closed())? {
            Closed::Until(due) => Some(due),
            Closed::UntilTold => None,
        }
    }

    /// Whether a failure does not count, because the breaker is open.
    pub(super) fn is_held(&self, error: &ListenerError) -> bool {
        let throttle = self.seat.throttle.as_ref();
        error.kind() == ErrorKind::Held
            || throttle.is_some_and(|throttle| throttle.holds_failures())
    }

    /// Whether a failed record may leave its topic: else too many have.
    pub(super) fn lets_go(&self, error: &ListenerError) -> bool {
        let throttle = self.seat.throttle.as_ref();
        throttle.is_none_or(|throttle| throttle.lets_go(error))
    }

    /// Keeps a record whose failure does not count; whether its lane is free again.
    pub(super) fn hold(&mut self, delivery: Delivery) -> bool {
        self.counts.held += 1;
        self.unstage(delivery.token);
        let (slot, offset) = (delivery.token.slot, delivery.token.offset);
        self.nacks.remove(&(slot, offset));
        self.suspend(delivery, Duration::ZERO, Next::Handle)
    }
}
