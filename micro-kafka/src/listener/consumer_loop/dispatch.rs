//! Records on their way into handlers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::{AbortHandle, Abortable};
use tokio::task::{coop, yield_now};

use super::ConsumerLoop;
use crate::client::{RecordSource, Slot};
use crate::listener::in_flight::{InFlight, Outcome, Work};
use crate::listener::lane::{Abort, Step};
use crate::listener::partition::{Limits, Start};
use crate::listener::{AckToken, Delivery, Dispatch, Finished, LaneKey};
use crate::record::Record;

/// How long one partition may run before the others, and commands, have their turn.
const RUN: Duration = Duration::from_millis(10);
/// The most records between two looks at the clock.
const BURST: u32 = 64;
/// The time per record above which the clock is looked at after each.
const SLOW: Duration = Duration::from_micros(50);

/// The most deliveries whose memory waits for others: as many as a batch has by default.
const SPARE: usize = 500;

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
    /// Runs every partition that was in line once, or a record by itself.
    pub(super) async fn dispatch(&mut self) {
        if self.quarantine.is_some() {
            return self.dispatch_watched().await;
        }
        self.dispatch_all().await;
    }

    /// Runs every partition that was in line once.
    pub(super) async fn dispatch_all(&mut self) {
        for _ in 0..self.runnable.len() {
            if !self.has_room() {
                return;
            }
            let Some(slot) = self.runnable.pop_front() else {
                return;
            };
            self.run_partition(slot).await;
        }
    }

    /// Whether one more handler may be at work.
    pub(super) fn has_room(&mut self) -> bool {
        if self.transactions.as_ref().is_some_and(|tx| tx.is_full()) {
            return false;
        }
        if self.quarantine.as_ref().is_some_and(|it| it.alone) {
            return false;
        }
        let most = self.seat.endpoint.parallelism;
        most.is_none_or(|most| self.running < most)
            && (self.seat.throttle.is_none() || !self.is_throttled())
    }

    /// Runs a partition until nothing of it can begin, its batch is used up, or its time is over.
    async fn run_partition(&mut self, slot: Slot) {
        if !self.fill(slot) || (self.quarantine.is_some() && !self.is_open(slot)) {
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
            // A handler may have paused its own partition, or asked for a seek.
            if !self.commands.is_empty() || !self.has_room() {
                break;
            }
            let begun = match self.plain {
                true => self.run_plain(slot, burst.limit - burst.records),
                false => 0,
            };
            if begun == 0 && !self.begin_next(slot) {
                break;
            }
            burst.records += begun.max(1);
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

    /// Takes a partition out of the line and reads it, if it has room; `false` if it has nothing to
    /// begin.
    pub(super) fn fill(&mut self, slot: Slot) -> bool {
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
        let batch = self.seat.endpoint.batch.map_or(0, |batch| batch.max);
        if partition.wants_records() || partition.wants_more_than(batch) {
            let limit = partition.read_limit(self.seat.endpoint.read_bytes);
            let count = self.source.read(slot, limit, &mut partition.buffer);
            partition.filled = count >= limit;
            partition.learn_size();
            partition.end_linger_of(batch);
            if count > 0 {
                self.had_records(slot);
            }
        }
        let Some(partition) = self.partition(slot) else {
            return false;
        };
        partition.lanes.has_ready() || !partition.buffer.is_empty()
    }

    /// Begins the next thing on a partition; `false` if there is none.
    fn begin_next(&mut self, slot: Slot) -> bool {
        let limits = self.limits();
        let Some(partition) = self
            .partitions
            .get_mut(slot as usize)
            .and_then(Option::as_mut)
        else {
            return false;
        };
        if let Some(batch) = self.seat.endpoint.batch.filter(|_| partition.collects()) {
            return self.begin_batch(slot, batch);
        }
        match partition.next_start(limits) {
            Some(start) => {
                let epoch = partition.epoch;
                self.begin_start(slot, epoch, start);
            }
            None => {
                let tell = partition.full && !std::mem::replace(&mut partition.full_told, true);
                if tell {
                    self.tell_full(slot);
                }
                return false;
            }
        }
        true
    }

    /// Begins what a partition has come to.
    pub(super) fn begin_start(&mut self, slot: Slot, epoch: u32, start: Start) {
        match start {
            Start::Fresh(lane, record) => {
                // No lane was made for it yet, so there is none to release.
                self.begin(slot, epoch, lane, record);
            }
            Start::Lane(lane, step) => {
                let free = match step {
                    Step::Record(record) => self.begin(slot, epoch, lane, record),
                    Step::Next(next) => self.go_on(slot, lane, next),
                };
                if free {
                    self.release(slot, lane);
                }
            }
        }
    }

    pub(super) fn limits(&self) -> Limits {
        Limits {
            records: self.seat.endpoint.max_uncommitted,
            bytes: self.seat.endpoint.max_uncommitted_bytes,
        }
    }

    pub(super) fn tell_full(&mut self, slot: Slot) {
        let Some(partition) = self.partition(slot) else {
            return;
        };
        let (unfinished, bytes) = (partition.ledger.len(), partition.ledger.bytes());
        let record = self.seat.status.place(slot, -1);
        tracing::warn!(
            listener = &*self.seat.endpoint.id,
            topic = &*record.topic,
            partition = record.partition,
            unfinished,
            bytes,
            "too many records lie beyond one that is not finished: the partition is not read"
        );
    }

    /// Delivers a record for the first time, if it is wanted; whether its lane is free again.
    fn begin(&mut self, slot: Slot, epoch: u32, lane: LaneKey, record: Record) -> bool {
        let Some(record) = self.filtered(slot, record) else {
            return true;
        };
        let delivery = self.delivery(slot, epoch, lane, record);
        if self.seat.endpoint.reads_retries {
            return self.deliver_when_due(delivery);
        }
        if self.transactions.is_some() {
            return self.begin_in_transaction(delivery);
        }
        if self.ordering.is_some() {
            return self.begin_in_order(delivery);
        }
        self.seat.status.pulse.at(delivery.token.offset);
        self.deliver(delivery)
    }

    /// The first delivery of a record.
    pub(super) fn delivery(
        &mut self,
        slot: Slot,
        epoch: u32,
        lane: LaneKey,
        record: Record,
    ) -> Delivery {
        let token = AckToken {
            slot,
            epoch,
            offset: record.offset(),
            lane,
        };
        let Some(mut delivery) = self.spare.pop() else {
            return Delivery::new(record, Arc::clone(&self.consumer), token);
        };
        drop(delivery.renew(record, token));
        delivery
    }

    /// A delivery is done with: its record goes, and its memory waits for another one.
    pub(super) fn retire(&mut self, mut delivery: Delivery) {
        self.source.recycle(delivery.release());
        if self.spare.len() < SPARE {
            self.spare.push(delivery);
        }
    }

    /// The record in front of a lane is done with.
    pub(super) fn release(&mut self, slot: Slot, lane: LaneKey) {
        if let Some(partition) = self.partition(slot) {
            partition.lanes.release(lane);
        }
    }

    /// Gives a delivery to the handler; whether its lane is free again.
    pub(super) fn deliver(&mut self, delivery: Delivery) -> bool {
        let token = delivery.token;
        let endpoint = &self.seat.endpoint;
        self.seat.deps.interceptors.before(&delivery);
        let begun = match endpoint.dispatch {
            Dispatch::Inline => Work::handle(&endpoint.handler, delivery, &mut self.slot),
            Dispatch::Spawn | Dispatch::Blocking => {
                let runtime = &self.seat.deps.runtime;
                Work::spawn(&endpoint.handler, delivery, runtime, endpoint.dispatch)
            }
        };
        if let Ok(Outcome::Finished(finished)) = &begun {
            self.seat.deps.interceptors.after(finished);
        }
        match begun {
            Ok(Outcome::Finished(Finished {
                delivery,
                result: Ok(()),
            })) if delivery.companions.is_none() => self.succeeded(delivery),
            Ok(outcome) => self.settle(token, outcome),
            Err(work) => self.launch(token, work),
        }
    }

    /// Leaves something to the loop's waiting; its lane is taken until then.
    pub(super) fn launch(&mut self, token: AckToken, work: Work) -> bool {
        // It is timed when it lands.
        let is_handler = !matches!(work, Work::Recover { .. });
        self.counts.launched += usize::from(is_handler);
        self.running += usize::from(is_handler);
        let (handle, registration) = AbortHandle::new_pair();
        let abort = match &work {
            Work::Task(task) => Abort::Task(task.abort_handle()),
            Work::Handler(_) | Work::Recover { .. } => Abort::Inline(handle),
        };
        let in_flight = InFlight {
            token,
            started: Instant::now(),
            pulse: Arc::clone(&self.seat.status.pulse),
            work,
        };
        self.in_flight.push(Abortable::new(in_flight, registration));
        if let Some(partition) = self.partition(token.slot) {
            partition
                .lanes
                .set_busy(token.lane, token.offset, is_handler, abort);
        }
        false
    }
}
