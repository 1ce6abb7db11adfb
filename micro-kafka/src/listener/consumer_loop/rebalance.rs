//! Partitions that come and go.

use std::time::Duration;

use tokio::time::Instant;

use super::commit_wait::{CommitState, CommitWait};
use super::patience::Drain;
use super::{ConsumerLoop, Membership};
use crate::client::{CommitError, RecordSource, Slot, Start};
use crate::listener::event::ContainerEvent;
use crate::listener::ledger::Ledger;
use crate::listener::partition::Partition;

/// librdkafka's own default.
const MAX_POLL_INTERVAL: Duration = Duration::from_secs(300);

/// Partitions that are being given up. Until it is answered librdkafka holds back every partition
/// and offers no other rebalance.
#[derive(Debug)]
pub(super) struct Revocation {
    slots: Vec<Slot>,
    drain: Drain,
    commit: Option<CommitWait>,
}

impl Revocation {
    pub(super) fn deadline(&self) -> Instant {
        let drain = || self.drain.deadline();
        self.commit.map_or_else(drain, |commit| commit.until)
    }
}

impl<S: RecordSource> ConsumerLoop<'_, S> {
    pub(super) fn assign(&mut self, slots: &[Slot]) {
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
            metadata,
        } in starts
        {
            self.watch(slot, offset, metadata.as_deref());
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
            self.await_fences(slot, self.epoch);
            self.enqueue(slot);
        }
        self.forget_denied(slots);
        self.others_go_on(slots);
        self.call_hook(|listener, id, all| listener.assigned(id, all), slots);
        self.tell_partitions(ContainerEvent::Assigned, slots);
        self.watch_orphans();
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

    pub(super) fn revoke(&mut self, slots: Vec<Slot>, lost: bool) {
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
        let limit = self.drain_limit();
        for slot in &slots {
            let Some(partition) = self.partition(*slot) else {
                continue;
            };
            partition.revoking = true;
            let epoch = partition.epoch;
            self.drain(*slot, limit);
            self.consumer.cancel.revoke(*slot, epoch);
        }
        self.revocation = Some(Revocation {
            slots,
            drain: Drain::new(limit),
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
            let slots = revocation.slots.clone();
            if commit.is_over() {
                match self.commit_clean_ends(commit, slots) {
                    Some(next) => self.revocation_waits_for(next),
                    None => self.finish_revocation(),
                }
            }
            return;
        }
        let slots = revocation.slots.clone();
        let drain = revocation.drain;
        let is_busy = |slot: &Slot| {
            let partition = self.partitions.get(*slot as usize).and_then(Option::as_ref);
            partition.is_some_and(|it| drain.waits_for(it))
        };
        if slots.iter().any(is_busy) {
            if !drain.is_over() {
                return;
            }
            self.abandon(&slots);
        }
        for slot in &slots {
            // An attempt that did not come in time must not begin behind the commit.
            self.partition(*slot).map(Partition::keep_busy);
            // A seek that was under way holds for whoever reads on.
            if let Some(offset) = self.partition(*slot).and_then(|p| p.seek.take()) {
                self.read_from(*slot, offset);
            }
        }
        self.call_hook(|it, id, all| it.revoked_before_commit(id, all), &slots);
        match self.commit_now(slots.into_iter()) {
            Ok(Some(id)) => self.revocation_waits_for(CommitWait::new(id)),
            Ok(None) => self.finish_revocation(),
            Err(error) => {
                self.report("commit", &error.to_string());
                self.finish_revocation();
            }
        }
    }

    fn revocation_waits_for(&mut self, commit: CommitWait) {
        if let Some(revocation) = &mut self.revocation {
            revocation.commit = Some(commit);
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
        self.forget_denied(slots);
        for slot in slots {
            self.end_epoch(*slot);
        }
        if let Err(error) = self.source.unassign(slots) {
            self.report("unassign", &error.to_string());
        }
        self.others_go_on(slots);
        tracing::info!(
            listener = &*self.seat.endpoint.id,
            consumer = self.seat.number,
            partitions = names,
            "partitions revoked"
        );
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
}
