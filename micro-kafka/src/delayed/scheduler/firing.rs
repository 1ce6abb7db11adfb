//! What is due is sent, and what came of it.

use super::{Done, Scheduler, TURN};
use crate::client::{RecordSource, TransactionOffset};
use crate::delayed::forward::{Due, Fate, Membership};
use crate::delayed::index::Waiting;
use crate::template::DeliveryFuture;

/// The most records on their way.
const FLYING: usize = 10_000;
/// The waits of a record that is refused: the first, in milliseconds, and how often it doubles.
const AGAIN: i64 = 1_000;
const DOUBLINGS: u32 = 8;

impl<S: RecordSource> Scheduler<'_, S> {
    pub(super) fn can_fire(&self) -> bool {
        !self.queueing
            && self.stop.is_none()
            && self.revocation.is_none()
            && self.flying < FLYING
            && self.flying_bytes <= self.seat.memory
    }

    /// Sends what is due, in its order.
    pub(super) fn fire(&mut self) {
        if !self.can_fire() {
            return;
        }
        let now = self.now();
        let mut batch: Vec<Waiting> = Vec::new();
        let mut bytes = 0;
        let mut missing = false;
        for waiting in self.index.until(now).take(TURN) {
            if !self.cache.has(&waiting) {
                missing = true;
                break;
            }
            bytes += waiting.bytes as usize;
            batch.push(waiting);
            if bytes >= self.seat.memory {
                break;
            }
        }
        let has_more = self.index.len() > self.cache.len() + self.flying;
        if missing || has_more {
            self.fetch(now);
        }
        if batch.is_empty() {
            return;
        }
        // Told before anything is taken: what is on its way has to be read again after a crash.
        let membership = self.membership(&batch);
        if self.seat.forwarder.is_transactional() && membership.is_none() {
            self.held = true;
            return;
        }
        let mut due = Vec::with_capacity(batch.len());
        for waiting in batch {
            if let Some(record) = self.cache.take(&waiting) {
                self.index.take(&waiting);
                self.flying += 1;
                self.flying_bytes += waiting.bytes as usize;
                due.push(Due { waiting, record });
            }
        }
        self.queueing = true;
        let forwarder = self.seat.forwarder.clone();
        match membership {
            Some(membership) => self.jobs.push(Box::pin(async move {
                Done::Finished(forwarder.transact(due, membership).await)
            })),
            None => self.jobs.push(Box::pin(
                async move { Done::Queued(forwarder.queue(due).await) },
            )),
        }
    }

    /// What fences a transaction of these records; `None` without transactions, or without a group.
    fn membership(&self, batch: &[Waiting]) -> Option<Membership> {
        if !self.seat.forwarder.is_transactional() {
            return None;
        }
        let group = self.source.group_metadata()?;
        let mut slots: Vec<_> = batch.iter().map(|waiting| waiting.slot).collect();
        slots.sort_unstable();
        slots.dedup();
        let offsets = slots.into_iter().filter_map(|slot| {
            Some(TransactionOffset {
                partition: self.source.name(slot).clone(),
                offset: self.index.lowest(slot)?,
                leader_epoch: -1,
                metadata: None,
            })
        });
        Some(Membership {
            group,
            offsets: offsets.collect(),
        })
    }

    fn settle(&mut self, due: Due, fate: Fate) {
        let Due { waiting, record } = due;
        self.flying -= 1;
        self.flying_bytes -= waiting.bytes as usize;
        match fate {
            Fate::Forwarded => {
                self.index.done(&waiting);
                self.seat.gauges.forwarded(self.now() - waiting.due);
                self.seat.gauges.set_trouble(None);
            }
            Fate::Foreign => {
                tracing::error!(offset = record.offset, "no delayed send: passed over");
                self.index.forget(&waiting);
            }
            Fate::Failed(reason) => {
                let wait = AGAIN << waiting.refused.min(DOUBLINGS);
                let id = String::from_utf8_lossy(record.key.as_deref().unwrap_or_default());
                tracing::error!(
                    %id,
                    reason,
                    wait_ms = wait,
                    "a delayed record was refused and will be tried again, until it is cancelled"
                );
                self.seat.gauges.refused();
                self.index.put_back(&waiting, self.now() + wait, true);
                if self.index.is_current(waiting.slot, waiting.epoch) {
                    self.cache.put(&waiting, record);
                }
            }
        }
    }

    /// Records that are in the template's queue now, or were refused there.
    pub(super) fn take_queued(&mut self, queued: Vec<(Due, Result<DeliveryFuture, Fate>)>) {
        self.queueing = false;
        for (due, delivery) in queued {
            match delivery {
                Err(fate) => self.settle(due, fate),
                Ok(delivery) => {
                    let finishing = self.seat.forwarder.clone().finish(due, delivery);
                    self.jobs.push(Box::pin(
                        async move { Done::Finished(vec![finishing.await]) },
                    ));
                }
            }
        }
    }

    pub(super) fn take_finished(&mut self, fates: Vec<(Due, Fate)>) {
        if self.seat.forwarder.is_transactional() {
            self.queueing = false;
        }
        for (due, fate) in fates {
            self.settle(due, fate);
        }
    }
}
