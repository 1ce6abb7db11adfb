//! Ordered retries: records that wait behind another of their key.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::ConsumerLoop;
use crate::client::{RecordSource, Slot};
use crate::error::{CopyState, FenceSignal, FencedCopy, Fences, ListenerError, RetryTopics, Way};
use crate::listener::event::ContainerEvent;
use crate::listener::lane::Try;
use crate::listener::{AssignedPartition, Delivery};
use crate::observe::catalog;

/// What a loop needs of the fences of its listener.
#[derive(Debug)]
pub(super) struct Ordering {
    fences: Arc<Fences>,
    tell: mpsc::UnboundedSender<FenceSignal>,
    pub(super) signals: mpsc::UnboundedReceiver<FenceSignal>,
    pub(super) inbox: Vec<FenceSignal>,
}

impl Ordering {
    pub(super) fn new(fences: &Arc<Fences>) -> Self {
        let (tell, signals) = mpsc::unbounded_channel();
        fences.watch(tell.clone());
        Self {
            fences: Arc::clone(fences),
            tell,
            signals,
            inbox: Vec::new(),
        }
    }
}

impl<S: RecordSource> ConsumerLoop<'_, S> {
    /// What it needs of the fences, if it reads their source.
    fn fences_of_source(&self) -> Option<&Arc<Fences>> {
        let of_source = !self.seat.endpoint.reads_retries;
        let ordering = self.ordering.as_ref().filter(|_| of_source);
        ordering.map(|ordering| &ordering.fences)
    }

    /// Holds a new partition until all is known of its fences.
    pub(super) fn await_fences(&mut self, slot: Slot, epoch: u32) {
        let Some(ordering) = &self.ordering else {
            return;
        };
        let (fences, tell) = (Arc::clone(&ordering.fences), ordering.tell.clone());
        self.seat.deps.runtime.spawn(async move {
            fences.restored().await;
            // Gone only if the loop is.
            let _ = tell.send(FenceSignal::Restored { slot, epoch });
        });
        if let Some(partition) = self.partition(slot) {
            partition.fencing = true;
        }
    }

    /// All is known of the fences of a partition: it may begin.
    fn fences_restored(&mut self, slot: Slot, epoch: u32) {
        let place = self.seat.status.place(slot, -1);
        let fences = self.fences_of_source().map(Arc::clone);
        let Some(partition) = self.current(slot, epoch) else {
            return;
        };
        partition.fencing = false;
        if let Some(fences) = fences {
            fences.own(&place.topic, place.partition);
            partition.announced_up_to = fences.frontier(&place.topic, place.partition);
            self.look_at_fences(slot);
        }
        self.enqueue(slot);
    }

    /// A partition is given up.
    pub(super) fn leave_fences(&self, slot: Slot) {
        if let Some(fences) = self.fences_of_source() {
            let place = self.seat.status.place(slot, -1);
            fences.disown(&place.topic, place.partition);
        }
    }

    /// Delivers a source's record for the first time, unless it has to wait behind another of its
    /// key; whether its lane is free again.
    pub(super) fn begin_in_order(&mut self, delivery: Delivery) -> bool {
        let fences = self.ordering.as_ref().map(|it| &it.fences);
        let fences = fences.filter(|fences| !fences.is_none_up());
        let waits = fences.is_some_and(|fences| {
            let topics = self.seat.endpoint.retry_topics.as_ref();
            let place = topics.and_then(|topics| topics.fence_place(delivery.record()));
            place.is_some_and(|place| fences.is_up(&place))
        });
        if waits {
            let error = ListenerError::fenced();
            return self.recover(delivery, error, Try::first(Way::Behind));
        }
        self.seat.status.pulse.at(delivery.token.offset);
        self.deliver(delivery)
    }

    /// The copy of a fenced key's record that is delivered, if it is one.
    fn fenced_copy(&self, delivery: &Delivery) -> Option<FencedCopy> {
        let topics = self.seat.endpoint.retry_topics.as_ref();
        let topics = topics.filter(|_| self.ordering.is_some() && self.seat.endpoint.reads_retries);
        topics?.fenced_copy(delivery.record())
    }

    /// Whether a copy has to be told finished before its offset may be committed.
    pub(super) fn is_fenced_copy(&self, delivery: &Delivery) -> bool {
        self.ordering.is_some() && self.fenced_copy(delivery).is_some()
    }

    /// Tells a copy finished; whether its lane is free again.
    pub(super) fn lift(&mut self, delivery: Delivery) -> bool {
        let error = ListenerError::fenced();
        self.recover(delivery, error, Try::first(Way::Lift))
    }

    /// Whether a copy is finished, and here a second time. One that was tried by another process goes
    /// on where that has left it.
    pub(super) fn is_over(&self, delivery: &mut Delivery) -> bool {
        let (Some(ordering), Some(copy)) = (&self.ordering, self.fenced_copy(delivery)) else {
            return false;
        };
        match ordering.fences.copy(&copy) {
            CopyState::Finished => true,
            CopyState::AsItSays => false,
            CopyState::Tried { attempts, due } => {
                if let Some(record) = RetryTopics::tried(delivery.record(), attempts, due) {
                    delivery.record = record;
                }
                false
            }
        }
    }

    pub(super) fn skip_copy(&mut self, delivery: &Delivery) -> bool {
        self.counts.filtered += 1;
        let token = delivery.token;
        self.finish(token.slot, token.offset);
        self.lane_after_finish(token)
    }

    /// Lets a copy wait in its place for its next attempt; whether its lane is free again.
    pub(super) fn wait_in_line(&mut self, mut delivery: Delivery) -> bool {
        delivery.attempt = 1;
        delivery.history = None;
        delivery.trace = None;
        self.deliver_when_due(delivery)
    }

    fn slot_of(&self, topic: &str, partition: i32) -> Option<Slot> {
        let mut slots = self.assigned().map(|(slot, _)| slot);
        slots.find(|slot| {
            let place = self.seat.status.place(*slot, -1);
            *place.topic == *topic && place.partition == partition
        })
    }

    /// Goes on where fences have changed.
    pub(super) fn take_fences(&mut self) {
        let Some(ordering) = &mut self.ordering else {
            return;
        };
        for signal in std::mem::take(&mut ordering.inbox) {
            match signal {
                FenceSignal::Restored { slot, epoch } => self.fences_restored(slot, epoch),
                FenceSignal::Count { topic, partition } => {
                    if let Some(slot) = self.slot_of(&topic, partition) {
                        self.look_at_fences(slot);
                    }
                }
            }
        }
    }

    /// Shows how many keys are fenced, and since when the oldest is; forgets those that are not.
    pub(super) fn report_fences(&self) {
        let Some(fences) = self.fences_of_source() else {
            return;
        };
        fences.tend(&self.seat.deps.runtime);
        let fenced = fences.fenced_keys();
        let now = self.seat.deps.clock.since_epoch();
        let oldest = fenced.oldest.map(|oldest| now.saturating_sub(oldest.since));
        let (tags, listener) = (&self.seat.endpoint.metric_tags, &*self.seat.endpoint.id);
        #[allow(
            clippy::cast_precision_loss,
            reason = "a gauge is a float, and keys are far below 2^52"
        )]
        catalog::FENCED_KEYS
            .gauge(tags, &[listener])
            .set(fenced.count as f64);
        catalog::OLDEST_FENCE
            .gauge(tags, &[listener])
            .set(oldest.unwrap_or_default().as_secs_f64());
    }

    /// Reads a partition, or does not, by how many of its keys are fenced.
    pub(super) fn look_at_fences(&mut self, slot: Slot) {
        let Some(fences) = self.fences_of_source() else {
            return;
        };
        let place = self.seat.status.place(slot, -1);
        let keys = fences.too_many(&place.topic, place.partition);
        let Some(partition) = self.partition(slot) else {
            return;
        };
        if std::mem::replace(&mut partition.fenced_in, keys.is_some()) == keys.is_some() {
            return;
        }
        let partition = AssignedPartition {
            topic: place.topic,
            partition: place.partition,
            consumer: self.seat.number,
        };
        match keys {
            Some(keys) => {
                tracing::warn!(
                    listener = &*self.seat.endpoint.id,
                    topic = &*partition.topic,
                    partition = partition.partition,
                    keys,
                    "too many keys are in retry: the partition is not read before one of them is done"
                );
                let event = || ContainerEvent::FencedIn { partition, keys };
                self.seat.events.tell_of(event);
            }
            None => {
                let event = || ContainerEvent::NoLongerFencedIn { partition };
                self.seat.events.tell_of(event);
                self.enqueue(slot);
            }
        }
    }
}
