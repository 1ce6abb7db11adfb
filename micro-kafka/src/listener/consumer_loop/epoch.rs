//! The end of a partition's assignment: whatever goes on with it is void.

use std::task::{Context, Poll, Waker};

use futures_util::StreamExt;

use super::ConsumerLoop;
use crate::client::{RecordSource, Slot};
use crate::idempotent::Assignment;

impl<S: RecordSource> ConsumerLoop<'_, S> {
    pub(super) fn end_epoch(&mut self, slot: Slot) {
        self.seat.status.clear_recover_trouble(slot);
        self.seat.status.clear_parked(slot);
        self.abort_lanes(slot);
        self.seat.status.set_epoch(slot, 0);
        self.nacks.retain(|(of, _), _| *of != slot);
        self.unwatch(slot);
        self.forget_keys(slot);
        if let Some(tx) = &mut self.transactions {
            tx.forget(slot);
        }
        self.leave_fences(slot);
        if let Some(partition) = self.partitions.get_mut(slot as usize) {
            *partition = None;
        }
    }

    /// What was handled of it is for whoever has it next to know.
    fn forget_keys(&mut self, slot: Slot) {
        let Some(epoch) = self.partition(slot).map(|partition| partition.epoch) else {
            return;
        };
        if let Some(idempotent) = &self.seat.endpoint.idempotent {
            let name = self.source.name(slot);
            idempotent.store.given_up(Assignment {
                group: &self.seat.endpoint.group_id,
                topic: &name.topic,
                partition: name.partition,
                epoch: self.consumer.epoch_of(epoch),
            });
        }
    }

    /// Gives up all that goes on with a partition; how many records.
    pub(super) fn abort_lanes(&mut self, slot: Slot) -> usize {
        let Some(partition) = self.partition(slot) else {
            return 0;
        };
        let epoch = partition.epoch;
        let aborted = partition.abort();
        self.consumer.cancel.revoke(slot, epoch);
        self.running -= aborted.handlers;
        if aborted.ghosts > 0 {
            *self.ghosts.entry(slot).or_default() += aborted.ghosts;
        }
        self.reap(aborted.busy - aborted.ghosts);
        let given_up = aborted.busy + aborted.waiting;
        self.counts.voided += given_up as u64;
        given_up
    }

    /// Drops futures that were just given up, so that nothing of them is left when their records
    /// are begun again.
    fn reap(&mut self, mut aborted: usize) {
        let context = &mut Context::from_waker(Waker::noop());
        // It pauses by itself once all have been polled, so twice as often is more than enough.
        let mut polls = 2 * self.in_flight.len() + 2;
        while aborted > 0 && polls > 0 {
            polls -= 1;
            match self.in_flight.poll_next_unpin(context) {
                Poll::Ready(Some(Ok(landed))) => self.inbox.landed.push(landed),
                Poll::Ready(Some(Err(_aborted))) => aborted -= 1,
                Poll::Ready(None) => return,
                Poll::Pending => {}
            }
        }
    }

    /// A task of an older assignment has ended at last: its partition may go on.
    pub(super) fn lay_ghost(&mut self, slot: Slot) {
        let Some(left) = self.ghosts.get_mut(&slot) else {
            return;
        };
        *left -= 1;
        let left = *left;
        if left == 0 {
            self.ghosts.remove(&slot);
        }
        if let Some(partition) = self.partition(slot) {
            partition.ghosts = left;
            self.enqueue(slot);
        }
    }

    /// Makes everything void: the consumer is beyond help.
    pub(super) fn end_all_epochs(&mut self) {
        for slot in (0..).take(self.partitions.len()) {
            self.end_epoch(slot);
        }
        self.meters.flush(&self.seat.stats, &mut self.counts);
        self.publish_assignment();
    }
}
