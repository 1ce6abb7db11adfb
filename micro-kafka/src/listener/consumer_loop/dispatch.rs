//! Records on their way into handlers, and out of them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::Abortable;
use tokio::task::{coop, yield_now};

use super::ConsumerLoop;
use crate::client::{RecordSource, Slot};
use crate::listener::in_flight::{InFlight, Landed, Outcome, Work};
use crate::listener::lane::Lane;
use crate::listener::{AckMode, AckToken, Delivery, Finished};
use crate::record::Record;

/// How long one partition may run before the others, and commands, have their turn.
const RUN: Duration = Duration::from_millis(10);
/// The most records between two looks at the clock.
const BURST: u32 = 64;
/// The time per record above which the clock is looked at after each.
const SLOW: Duration = Duration::from_micros(50);

/// The records between two looks at the clock.
struct Burst {
    since: Instant,
    records: u32,
    limit: u32,
}

impl Burst {
    fn new(since: Instant) -> Self {
        Self {
            since,
            records: 0,
            limit: 8,
        }
    }

    /// Looks at the clock: the time now, and how long how many records took.
    fn next(&mut self) -> (Instant, Duration, u32) {
        let now = Instant::now();
        let (spent, records) = (now - self.since, self.records);
        let slow = spent > SLOW * records;
        self.limit = if slow { 1 } else { (self.limit * 2).min(BURST) };
        (self.since, self.records) = (now, 0);
        (now, spent, records)
    }
}

impl<S: RecordSource> ConsumerLoop<'_, S> {
    /// Runs every partition that was in line once.
    pub(super) async fn dispatch(&mut self) {
        for _ in 0..self.runnable.len() {
            let Some(slot) = self.runnable.pop_front() else {
                return;
            };
            self.run_lane(slot).await;
        }
    }

    /// Runs a partition until its lane is taken, its batch is used up, or its time is over.
    async fn run_lane(&mut self, slot: Slot) {
        if !self.fill(slot) {
            return;
        }
        let started = Instant::now();
        let mut burst = Burst::new(started);
        self.seat.status.pulse.begin(slot, -1, started);
        loop {
            // Beyond the budget every tokio resource in a handler would look pending.
            if !coop::has_budget_remaining() {
                yield_now().await;
            }
            let Some(record) = self.next_record(slot) else {
                break;
            };
            self.seat.status.pulse.at(record.offset());
            let idle = self.begin(slot, record);
            burst.records += 1;
            if !idle {
                break;
            }
            if burst.records >= burst.limit {
                let (now, spent, records) = burst.next();
                self.time(spent, records);
                if now - started > RUN {
                    break;
                }
                self.seat.status.pulse.begin(slot, -1, now);
            }
        }
        if burst.records > 0 {
            let (_, spent, records) = burst.next();
            self.time(spent, records);
        }
        self.seat.status.pulse.end();
        self.enqueue(slot);
    }

    pub(super) fn time(&mut self, spent: Duration, records: u32) {
        self.counts.busy += spent;
        self.counts.timed += records as usize;
    }

    /// Takes a partition out of the line and sees that it has records; `false` if it has none.
    fn fill(&mut self, slot: Slot) -> bool {
        let stopping = self.stop.is_some();
        let Some(partition) = self
            .partitions
            .get_mut(slot as usize)
            .and_then(Option::as_mut)
        else {
            return false;
        };
        partition.queued = false;
        if stopping || !partition.can_run() {
            return false;
        }
        if partition.buffer.is_empty() {
            let limit = partition.read_limit();
            let count = self.source.read(slot, limit, &mut partition.buffer);
            partition.filled = count >= limit;
            partition.learn_size();
        }
        !partition.buffer.is_empty()
    }

    /// The next record to begin; `None` also where too many are unfinished.
    fn next_record(&mut self, slot: Slot) -> Option<Record> {
        let limit = self.seat.endpoint.max_uncommitted;
        let partition = self.partition(slot)?;
        if partition.ledger.len() < limit {
            return partition.buffer.pop_front();
        }
        if partition.buffer.is_empty() {
            return None;
        }
        partition.full = true;
        if !std::mem::replace(&mut partition.full_told, true) {
            let unfinished = partition.ledger.len();
            let record = self.seat.status.place(slot, -1);
            tracing::warn!(
                listener = &*self.seat.endpoint.id,
                topic = &*record.topic,
                partition = record.partition,
                unfinished,
                "too many records are unacknowledged: the partition is not read"
            );
        }
        None
    }

    /// Delivers a record for the first time; whether its lane is free again.
    fn begin(&mut self, slot: Slot, record: Record) -> bool {
        let Some(partition) = self
            .partitions
            .get_mut(slot as usize)
            .and_then(Option::as_mut)
        else {
            return false;
        };
        let offset = record.offset();
        partition.ledger.begin(offset, record.leader_epoch());
        let token = AckToken {
            slot,
            epoch: partition.epoch,
            offset,
        };
        let spare = self.spare.take();
        let consumer = spare.unwrap_or_else(|| Arc::clone(&self.consumer));
        self.deliver(Delivery {
            record,
            consumer,
            token,
            attempt: 1,
        })
    }

    /// Gives a delivery to the handler; whether its lane is free again.
    pub(super) fn deliver(&mut self, delivery: Delivery) -> bool {
        let token = delivery.token;
        match Work::handle(&self.seat.endpoint.handler, delivery, &mut self.slot) {
            Ok(Outcome::Finished(Finished {
                delivery,
                result: Ok(()),
            })) => {
                let Delivery {
                    record, consumer, ..
                } = delivery;
                self.source.recycle(record);
                self.spare = Some(consumer);
                self.handled(token.slot, token.offset)
            }
            Ok(outcome) => self.settle(token.slot, token.offset, outcome),
            Err(work) => self.launch(token, work),
        }
    }

    /// Leaves something to the loop's waiting; its lane is taken until then.
    pub(super) fn launch(&mut self, token: AckToken, work: Work) -> bool {
        let AckToken {
            slot,
            epoch,
            offset,
        } = token;
        // It is timed when it lands.
        self.counts.launched += usize::from(matches!(work, Work::Handler(_)));
        let (handle, registration) = futures_util::future::AbortHandle::new_pair();
        let in_flight = InFlight {
            slot,
            epoch,
            offset,
            started: Instant::now(),
            pulse: Arc::clone(&self.seat.status.pulse),
            work,
        };
        self.in_flight.push(Abortable::new(in_flight, registration));
        if let Some(partition) = self.partition(slot) {
            partition.lane = Lane::Busy(handle);
        }
        false
    }

    /// Takes what handlers and recoverers that had to wait came to.
    pub(super) fn take_landed(&mut self) {
        let mut landed = std::mem::take(&mut self.inbox.landed);
        for Landed {
            slot,
            epoch,
            offset,
            elapsed,
            outcome,
        } in landed.drain(..)
        {
            let Some(partition) = self.current(slot, epoch) else {
                self.counts.voided += 1;
                continue;
            };
            partition.lane = Lane::Idle;
            if !matches!(outcome, Outcome::Recovered { .. }) {
                self.time(elapsed, 1);
            }
            if self.settle(slot, offset, outcome) {
                self.enqueue(slot);
            }
        }
        self.inbox.landed = landed;
    }

    /// Decides what becomes of a record; whether its lane is free again.
    pub(super) fn settle(&mut self, slot: Slot, offset: i64, outcome: Outcome) -> bool {
        match outcome {
            Outcome::Finished(Finished { delivery, result }) => match result {
                Ok(()) => self.handled(slot, offset),
                Err(error) => self.failed(delivery, error),
            },
            Outcome::Recovered {
                delivery,
                error,
                result,
                tries,
            } => self.recovered(delivery, error, result, tries),
            Outcome::Panicked(text) => self.lost_delivery(slot, offset, &text),
        }
    }

    fn handled(&mut self, slot: Slot, offset: i64) -> bool {
        self.counts.handled += 1;
        if self.seat.endpoint.ack_mode == AckMode::Manual {
            return true;
        }
        self.finish(slot, offset);
        self.lane_after_finish(slot)
    }

    /// With a commit per record the lane waits for it, so that a crash repeats one record at most.
    pub(super) fn lane_after_finish(&mut self, slot: Slot) -> bool {
        let waits = self.seat.endpoint.ack_mode == AckMode::Record;
        let Some(partition) = self.partition(slot) else {
            return false;
        };
        if waits {
            partition.lane = Lane::Committing;
        }
        !waits
    }
}
