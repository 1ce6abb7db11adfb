//! The short way of records that need nothing but their handler: most records of most listeners.
//!
//! What a record costs beside its handler is paid once for a run of them: the ledger, the counters,
//! the guard against panics. A record whose handler is not ready, or fails, goes on along the way of
//! all others.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tokio::task::coop;

use super::ConsumerLoop;
use crate::client::{RecordSource, Slot};
use crate::listener::in_flight::{Outcome, Work, panic_text};
use crate::listener::ledger::Position;
use crate::listener::order::PARTITION_LANE;
use crate::listener::{
    AckMode, AckToken, Delivery, Dispatch, Finished, Interceptors, ListenerEndpoint, Order,
};
use crate::record::Record;
use crate::replay::is_for_another;

/// Whether the records of a listener need nothing but their handler. Whatever `deliver`, `succeeded`
/// or `begin_next` do for some listeners has to be ruled out here.
pub(super) fn is_plain(endpoint: &ListenerEndpoint, interceptors: &Interceptors) -> bool {
    let by_record = endpoint.ack_mode == AckMode::Record && endpoint.waits_for_commits();
    endpoint.order == Order::Partition
        && endpoint.dispatch == Dispatch::Inline
        && endpoint.batch.is_none()
        && endpoint.transaction.is_none()
        && endpoint.filter.is_none()
        && !endpoint
            .retry_topics
            .as_ref()
            .is_some_and(|topics| topics.is_ordered())
        && !endpoint.reads_retries
        && endpoint.rate_limit.is_none()
        && endpoint.breaker.is_none()
        && endpoint.retry_budget.is_none()
        && !endpoint.spans
        && !endpoint.ack_mode.is_manual()
        && !by_record
        && interceptors.is_empty()
}

/// A run of records of one partition.
#[derive(Debug)]
struct Run {
    begun: u32,
    /// How many of them were handled well at once: all, or all but the last.
    handled: u32,
    /// After the last of those, if there is any.
    last: Position,
    /// The last that was begun, and the position after it.
    token: AckToken,
    at: Position,
}

impl Run {
    fn on(slot: Slot, epoch: u32) -> Self {
        let nowhere = Position {
            offset: -1,
            leader_epoch: -1,
        };
        Self {
            begun: 0,
            handled: 0,
            last: nowhere,
            token: AckToken {
                slot,
                epoch,
                offset: -1,
                lane: PARTITION_LANE,
            },
            at: nowhere,
        }
    }

    #[inline]
    fn begin(&mut self, record: &Record) {
        self.at = Position::after(record);
        self.token.offset = record.offset();
        self.begun += 1;
    }
}

impl<S: RecordSource> ConsumerLoop<'_, S> {
    /// Hands up to `most` records to their handler, as long as each is ready at once; how many were
    /// begun. None, if something of the partition is not finished.
    pub(super) fn run_plain(&mut self, slot: Slot, most: u32) -> u32 {
        let limits = self.limits();
        let Self {
            seat,
            source,
            commands,
            consumer,
            spare,
            slot: memory,
            partitions,
            ..
        } = self;
        let partition = partitions.get_mut(slot as usize).and_then(Option::as_mut);
        let Some(partition) = partition.filter(|it| it.is_plain() && !it.is_full(limits)) else {
            return 0;
        };
        let mut run = Run::on(slot, partition.epoch);
        let group = &*seat.endpoint.group_id;
        // Its record is let go of with the next one.
        let mut done = spare.pop();
        let ended = catch_unwind(AssertUnwindSafe(|| {
            // Beyond the budget every tokio resource in a handler would look pending; a handler may
            // have paused its own partition, or asked for a seek.
            while run.begun < most && coop::has_budget_remaining() && commands.is_empty() {
                let record = partition.buffer.pop_front()?;
                if is_for_another(&record, group) {
                    partition.buffer.push_front(record);
                    return None;
                }
                run.begin(&record);
                seat.status.pulse.at(run.token.offset);
                let delivery = match done.take() {
                    Some(mut delivery) => {
                        source.recycle(delivery.renew(record, run.token));
                        delivery
                    }
                    None => Delivery::new(record, Arc::clone(consumer), run.token),
                };
                match seat.endpoint.handler.start(delivery, memory) {
                    Ok(Finished {
                        delivery,
                        result: Ok(()),
                    }) => {
                        done = Some(delivery);
                        run.handled += 1;
                        run.last = run.at;
                    }
                    other => return Some(other),
                }
            }
            None
        }));
        if let Some(delivery) = done {
            self.retire(delivery);
        }
        let ended = match ended {
            Ok(None) => None,
            Ok(Some(Ok(finished))) => Some(Ok(Outcome::Finished(finished))),
            Ok(Some(Err(future))) => Some(Err(Work::Handler(future))),
            Err(panic) => Some(Ok(Outcome::Panicked(panic_text(&*panic)))),
        };
        self.end_run(slot, &run, ended);
        run.begun
    }

    /// Notes what a run came to, and leaves what is still open to the way of all records.
    fn end_run(&mut self, slot: Slot, run: &Run, ended: Option<Result<Outcome, Work>>) {
        self.counts.handled += u64::from(run.handled);
        if run.handled > 0 {
            self.pass(slot, run.last, run.handled as usize);
        }
        let (true, Some(ended)) = (run.begun > run.handled, ended) else {
            return;
        };
        let token = run.token;
        if let Some(partition) = self.partition(slot) {
            partition.ledger.begin(token.offset, run.at.leader_epoch, 0);
        }
        let free = match ended {
            Ok(outcome) => self.settle(token, outcome),
            Err(work) => self.launch(token, work),
        };
        if free {
            self.release(slot, token.lane);
        }
    }
}
