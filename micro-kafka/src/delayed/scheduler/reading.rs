//! What the topic says, and who reads it.

use std::future::Future;
use std::time::{Duration, Instant};

use super::leaving::{REVOKE, Revocation};
use super::{Done, Scheduler, TICK, TURN};
use crate::client::{RecordSource, Slot, SourceEvent};
use crate::delayed::cache::weight;
use crate::delayed::envelope::{Said, said};
use crate::record::Record;
use crate::template::SendError;

impl<S: RecordSource> Scheduler<'_, S> {
    pub(super) fn serve_source(&mut self) {
        let mut events = Vec::new();
        self.source.poll_events(&mut events);
        for event in events {
            match event {
                SourceEvent::Assign(slots) => self.take_assignment(&slots),
                SourceEvent::Revoke { slots, lost } => {
                    let wait = if lost { Duration::ZERO } else { REVOKE };
                    self.revocation = Some(Revocation {
                        slots,
                        deadline: Instant::now() + wait,
                    });
                }
                SourceEvent::Committed { result, .. } => {
                    if let Err(error) = result {
                        tracing::debug!(%error, "a scheduler's commit failed");
                    }
                }
                SourceEvent::Error { name, text, .. } => {
                    tracing::warn!(name, text, "the scheduler of delayed sends");
                }
                SourceEvent::Fatal(reason) => self.fatal = Some(reason),
            }
        }
        let mut filled = Vec::new();
        self.source.take_filled(&mut filled);
        for slot in filled {
            if !self.readable.contains(&slot) {
                self.readable.push_back(slot);
            }
        }
    }

    fn take_assignment(&mut self, slots: &[Slot]) {
        let starts = match self.source.assign(slots) {
            Ok(starts) => starts,
            Err(error) => {
                self.fatal = Some(error.to_string());
                return;
            }
        };
        for start in starts {
            let epoch = self.index.assign(start.slot, start.offset.unwrap_or(0));
            self.committed.remove(&start.slot);
            self.restore(start.slot, epoch, Duration::ZERO);
            // A partition is only told to be filled once it was seen empty.
            self.readable.push_back(start.slot);
            tracing::info!(
                partition = %self.source.name(start.slot),
                from = start.offset,
                "delayed sends of a partition are ours"
            );
        }
        self.member = true;
        for answer in std::mem::take(&mut self.unasked) {
            self.ask_for_quiet(answer);
        }
    }

    /// Reads a turn of each partition that has something.
    pub(super) fn read(&mut self) {
        for _ in 0..self.readable.len() {
            let Some(slot) = self.readable.pop_front() else {
                return;
            };
            let mut batch = std::mem::take(&mut self.batch);
            let count = self.source.read(slot, TURN, &mut batch);
            for record in batch.drain(..) {
                self.take_record(slot, &record);
                self.source.recycle(record);
            }
            self.batch = batch;
            if count == TURN {
                self.readable.push_back(slot);
            }
        }
    }

    fn take_record(&mut self, slot: Slot, record: &Record) {
        let offset = record.offset();
        match said(record) {
            Said::Waits { id, due } => {
                let bytes = weight(record);
                if let Some(waiting) = self.index.insert(slot, offset, id, due, bytes)
                    && self.cache.takes(due, bytes)
                {
                    self.cache.put(&waiting, record.to_owned_record());
                }
            }
            Said::Over { id } => {
                if let Some(waiting) = self.index.over(id) {
                    drop(self.cache.take(&waiting));
                    if self.index.lowest(slot).is_some() {
                        self.seat.gauges.cancelled();
                    }
                }
            }
            Said::Mark => {}
            Said::Foreign => {
                tracing::warn!(slot, offset, "no delayed send: passed over");
            }
        }
        self.index.pass(slot, offset);
    }

    pub(super) fn mark(
        &self,
        slot: Slot,
    ) -> impl Future<Output = Result<i64, SendError>> + Send + 'static {
        let partition = self.source.name(slot).partition;
        self.seat.forwarder.clone().mark(partition)
    }

    /// Writes the mark behind all that a partition holds.
    fn restore(&mut self, slot: Slot, epoch: u64, wait: Duration) {
        let marking = self.mark(slot);
        self.jobs.push(Box::pin(async move {
            if !wait.is_zero() {
                tokio::time::sleep(wait).await;
            }
            let mark = marking.await;
            Done::Marked { slot, epoch, mark }
        }));
    }

    pub(super) fn take_mark(&mut self, slot: Slot, epoch: u64, mark: Result<i64, SendError>) {
        match mark {
            Ok(mark) => self.index.set_mark(slot, epoch, mark),
            Err(error) if self.index.is_current(slot, epoch) => {
                let topic = self.source.name(slot);
                tracing::warn!(%topic, %error, "delayed sends wait: the topic takes no record");
                self.seat.gauges.set_trouble(Some(error.to_string()));
                self.restore(slot, epoch, TICK);
            }
            Err(_) => {}
        }
    }
}
