//! Partitions that come and go.

use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_util::StreamExt;
use tokio::time::Instant;

use super::{ConsumerLoop, Membership};
use crate::client::{CommitError, RecordSource, Slot, SourceEvent, Start};
use crate::listener::HealthReason;
use crate::listener::event::ContainerEvent;
use crate::listener::ledger::Ledger;
use crate::listener::partition::Partition;

/// How long the commit of a revocation may take.
const COMMIT: Duration = Duration::from_secs(5);
/// librdkafka's own default.
const MAX_POLL_INTERVAL: Duration = Duration::from_secs(300);

/// Partitions that are being given up. Until it is answered librdkafka holds back every partition
/// and offers no other rebalance.
#[derive(Debug)]
pub(super) struct Revocation {
    slots: Vec<Slot>,
    drain_until: Instant,
    commit: Option<CommitWait>,
}

/// A commit that has to be answered before anything else.
#[derive(Debug, Clone, Copy)]
pub(super) struct CommitWait {
    pub(super) id: u64,
    pub(super) until: Instant,
    pub(super) state: CommitState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CommitState {
    Sent,
    Answered,
    /// Refused; it may be sent again at this moment.
    Refused(Instant),
}

impl CommitWait {
    pub(super) fn new(id: u64) -> Self {
        Self {
            id,
            until: Instant::now() + COMMIT,
            state: CommitState::Sent,
        }
    }

    pub(super) fn is_over(self) -> bool {
        self.state == CommitState::Answered || Instant::now() >= self.until
    }
}

impl Revocation {
    pub(super) fn deadline(&self) -> Instant {
        self.commit.map_or(self.drain_until, |commit| commit.until)
    }
}

/// Says what to do where the broker does not know the group's protocol.
fn explained(reason: String) -> String {
    match reason.contains("ConsumerGroupHeartbeat") && reason.contains("not supported") {
        true => format!(
            "{reason}. This broker has no groups whose partitions it assigns itself (KIP-848), \
             Apache Kafka has them from 4.0 on: leave `group.protocol` out"
        ),
        false => reason,
    }
}

impl<S: RecordSource> ConsumerLoop<'_, S> {
    /// Serves callbacks, errors and filled queues.
    pub(super) fn serve_source(&mut self) {
        let mut events = std::mem::take(&mut self.inbox.events);
        self.source.poll_events(&mut events);
        for event in events.drain(..) {
            match event {
                SourceEvent::Assign(slots) => self.assign(&slots),
                SourceEvent::Revoke { slots, lost } => self.revoke(slots, lost),
                SourceEvent::Committed { id, result } => self.take_commit_answer(id, result),
                SourceEvent::Error { name, text } => self.report(name, &text),
                SourceEvent::Fatal(reason) => self.fatal = Some(explained(reason)),
            }
        }
        self.inbox.events = events;
        let mut filled = std::mem::take(&mut self.inbox.filled);
        self.source.take_filled(&mut filled);
        for slot in filled.drain(..) {
            if let Some(partition) = self.partition(slot) {
                partition.filled = true;
                self.enqueue(slot);
            }
        }
        self.inbox.filled = filled;
        if self.alarm.take_tick() {
            self.report_idleness();
            self.report_joining();
            self.report_lag();
        }
    }

    fn report(&mut self, name: &str, text: &str) {
        tracing::warn!(
            listener = &*self.seat.endpoint.id,
            consumer = self.seat.number,
            name,
            "kafka: {text}"
        );
        if is_authentication(name, text) && !std::mem::replace(&mut self.refused, true) {
            self.seat.events.tell(ContainerEvent::AuthenticationFailed {
                consumer: self.seat.number,
                reason: text.to_owned(),
            });
        }
        if self.membership != Membership::Member {
            self.membership = Membership::Refused;
            let trouble = HealthReason::NotJoined {
                consumer: self.seat.number,
                reason: text.to_owned(),
            };
            self.seat.status.set_consumer_trouble(Some(trouble));
        }
    }

    fn assign(&mut self, slots: &[Slot]) {
        if let Some(older) = self.revocation.take() {
            // A late unassignment would throw the new assignment away.
            self.report(
                "rebalance",
                "an assignment came before a revocation was answered",
            );
            older.slots.iter().for_each(|slot| self.end_epoch(*slot));
        }
        let starts = match self.source.assign(slots) {
            Ok(starts) => starts,
            Err(error) => {
                self.fatal = Some(format!("an assignment was refused: {error}"));
                return;
            }
        };
        for Start {
            slot,
            offset,
            commit,
        } in starts
        {
            self.seat.status.name(slot, self.source.name(slot));
            self.epoch += 1;
            self.seat.status.set_epoch(slot, self.epoch);
            let order = self.seat.endpoint.order;
            let mut partition =
                Partition::new(self.epoch, order, Ledger::new(offset), self.timers.now());
            partition.ghosts = self.ghosts.get(&slot).copied().unwrap_or(0);
            partition.paused = self.is_paused(slot);
            let index = slot as usize;
            if self.partitions.len() <= index {
                self.partitions.resize_with(index + 1, || None);
            }
            self.partitions[index] = Some(partition);
            if let Some(offset) = offset.filter(|_| commit) {
                self.commit_start(slot, offset);
            }
            self.enqueue(slot);
        }
        self.call_hook(|listener, id, all| listener.assigned(id, all), slots);
        self.tell_partitions(ContainerEvent::Assigned, slots);
        self.membership = Membership::Member;
        if std::mem::take(&mut self.refused) {
            let consumer = self.seat.number;
            let event = ContainerEvent::AuthenticationSucceeded { consumer };
            self.seat.events.tell(event);
        }
        self.seat.status.set_consumer_trouble(None);
        tracing::info!(
            listener = &*self.seat.endpoint.id,
            consumer = self.seat.number,
            partitions = self.names(slots),
            "partitions assigned"
        );
        self.publish_assignment();
    }

    fn revoke(&mut self, slots: Vec<Slot>, lost: bool) {
        // librdkafka waits for the answer to one rebalance before it offers the next; should it ever
        // not, the older one is answered as it is.
        self.finish_revocation();
        let closing = self.stop.as_ref().is_some_and(super::Stop::is_closing);
        if lost || closing || self.source.assignment_lost() {
            if lost {
                self.membership = Membership::Joining;
                tracing::warn!(
                    listener = &*self.seat.endpoint.id,
                    consumer = self.seat.number,
                    partitions = self.names(&slots),
                    "partitions lost: what is unfinished may be handled twice"
                );
            }
            return self.give_up(&slots, lost);
        }
        for slot in &slots {
            let Some(partition) = self.partition(*slot) else {
                continue;
            };
            partition.revoking = true;
            let epoch = partition.epoch;
            // A wait is not worth holding up the group for.
            partition.keep_busy();
            self.consumer.cancel.revoke(*slot, epoch);
        }
        self.revocation = Some(Revocation {
            slots,
            drain_until: Instant::now() + self.drain_limit(),
            commit: None,
        });
    }

    /// However long handlers take, the group must not throw the member out meanwhile.
    fn drain_limit(&self) -> Duration {
        let properties = &self.seat.endpoint.properties;
        let limit = properties
            .iter()
            .rev()
            .find(|(key, _)| key == "max.poll.interval.ms")
            .and_then(|(_, value)| value.parse().ok())
            .map_or(MAX_POLL_INTERVAL, Duration::from_millis);
        self.seat.endpoint.revoke_drain.min(limit / 2)
    }

    /// Goes on with a revocation: drain, commit, unassign.
    pub(super) fn drive_revocation(&mut self) {
        let Some(revocation) = &self.revocation else {
            return;
        };
        if self.source.assignment_lost() {
            return self.finish_revocation();
        }
        if let Some(commit) = revocation.commit {
            if commit.is_over() {
                self.finish_revocation();
            }
            return;
        }
        let slots = revocation.slots.clone();
        let over = Instant::now() >= revocation.drain_until;
        let is_busy = |slot: &Slot| {
            let partition = self.partitions.get(*slot as usize).and_then(Option::as_ref);
            partition.is_some_and(Partition::is_busy)
        };
        if slots.iter().any(is_busy) {
            if !over {
                return;
            }
            self.abandon(&slots);
        }
        for slot in &slots {
            // A seek that was under way holds for whoever reads on.
            if let Some(offset) = self.partition(*slot).and_then(|p| p.seek.take()) {
                self.read_from(*slot, offset);
            }
        }
        self.call_hook(|it, id, all| it.revoked_before_commit(id, all), &slots);
        match self.commit_now(slots.into_iter()) {
            Ok(Some(id)) => {
                if let Some(revocation) = &mut self.revocation {
                    revocation.commit = Some(CommitWait::new(id));
                }
            }
            Ok(None) => self.finish_revocation(),
            Err(error) => {
                self.report("commit", &error.to_string());
                self.finish_revocation();
            }
        }
    }

    fn abandon(&mut self, slots: &[Slot]) {
        for slot in slots {
            let given_up = self.abort_lanes(*slot);
            if let Some(stop) = &mut self.stop {
                stop.abandoned += given_up;
            }
        }
        tracing::warn!(
            listener = &*self.seat.endpoint.id,
            consumer = self.seat.number,
            "handlers of revoked partitions did not end in time and were dropped"
        );
    }

    /// Takes the answer if it is the revocation's.
    pub(super) fn take_revocation_answer(
        &mut self,
        id: u64,
        result: &Result<(), CommitError>,
    ) -> bool {
        let commit = self.revocation.as_mut().and_then(|r| r.commit.as_mut());
        let Some(commit) = commit.filter(|commit| commit.id == id) else {
            return false;
        };
        commit.state = CommitState::Answered;
        if let Err(error) = result {
            self.report(
                error.name,
                "the commit of revoked partitions failed: possible duplicates",
            );
        }
        true
    }

    pub(super) fn finish_revocation(&mut self) {
        if let Some(revocation) = self.revocation.take() {
            let lost = self.source.assignment_lost();
            self.give_up(&revocation.slots, lost);
        }
    }

    /// Ends the epochs of partitions and lets librdkafka have them.
    fn give_up(&mut self, slots: &[Slot], lost: bool) {
        let names = self.names(slots);
        if lost {
            self.call_hook(|listener, id, all| listener.lost(id, all), slots);
            self.tell_partitions(ContainerEvent::Lost, slots);
        } else {
            self.call_hook(|it, id, all| it.revoked_after_commit(id, all), slots);
            self.tell_partitions(ContainerEvent::Revoked, slots);
        }
        for slot in slots {
            self.end_epoch(*slot);
        }
        if let Err(error) = self.source.unassign(slots) {
            self.report("unassign", &error.to_string());
        }
        tracing::info!(
            listener = &*self.seat.endpoint.id,
            consumer = self.seat.number,
            partitions = names,
            "partitions revoked"
        );
        self.publish_assignment();
    }

    fn end_epoch(&mut self, slot: Slot) {
        self.seat.status.clear_recover_trouble(slot);
        self.seat.status.clear_parked(slot);
        self.abort_lanes(slot);
        self.seat.status.set_epoch(slot, 0);
        self.nacks.retain(|(of, _), _| *of != slot);
        if let Some(tx) = &mut self.transactions {
            tx.forget(slot);
        }
        if let Some(partition) = self.partitions.get_mut(slot as usize) {
            *partition = None;
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

    fn names(&self, slots: &[Slot]) -> String {
        let names = slots.iter().map(|slot| self.source.name(*slot).to_string());
        names.collect::<Vec<_>>().join(", ")
    }

    pub(super) fn publish_assignment(&self) {
        let consumer = self.seat.number;
        let own = self.assigned().map(|(slot, _)| self.assigned_name(slot));
        let own = own.collect::<Vec<_>>();
        self.seat.assignment.send_modify(|all| {
            all.retain(|partition| partition.consumer != consumer);
            all.extend(own);
        });
    }

    fn report_lag(&self) {
        for (slot, partition) in self.assigned() {
            let Some(lag) = self.lag(slot, partition) else {
                continue;
            };
            let name = self.source.name(slot);
            #[allow(
                clippy::cast_precision_loss,
                reason = "a gauge is a float, and lags are far below 2^52"
            )]
            metrics::gauge!(
                "micro_kafka_listener_lag_records",
                "listener" => self.seat.endpoint.id.to_string(),
                "topic" => name.topic.to_string(),
                "partition" => name.partition.to_string(),
            )
            .set(lag as f64);
        }
    }
}

/// Whether the broker refuses the client for who it is.
fn is_authentication(name: &str, text: &str) -> bool {
    let named = ["SASL_AUTHENTICATION_FAILED", "_AUTHENTICATION"].contains(&name);
    named
        || name.ends_with("AUTHORIZATION_FAILED")
        || text.contains("authentication fail")
        || text.contains("Authentication fail")
}
