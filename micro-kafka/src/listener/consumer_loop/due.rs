//! Records of retry topics, which wait until they are due.

use super::ConsumerLoop;
use crate::client::RecordSource;
use crate::listener::Delivery;
use crate::listener::lane::Next;

impl<S: RecordSource> ConsumerLoop<'_, S> {
    /// Delivers a retry topic's record once its time has come; whether its lane is free again.
    ///
    /// Until then it waits in a lane of its own, so that it holds back no other: the loop's timers
    /// are the heap by due time. The clock of the header is looked at again after the wait, since it
    /// may have been set meanwhile.
    pub(super) fn deliver_when_due(&mut self, mut delivery: Delivery) -> bool {
        if self.ordering.is_some() && self.is_over(&mut delivery) {
            return self.skip_copy(&delivery);
        }
        let now = self.seat.deps.clock.since_epoch();
        let topics = self.seat.endpoint.retry_topics.as_ref();
        let due = topics.and_then(|topics| topics.due(delivery.record(), now));
        match due {
            Some(due) => self.suspend(delivery, due.saturating_sub(now), Next::Due),
            None if self.transactions.is_some() => self.begin_in_transaction(delivery),
            None => {
                self.seat.status.pulse.at(delivery.token.offset);
                self.deliver(delivery)
            }
        }
    }
}
