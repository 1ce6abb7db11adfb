//! The end of a loop: drain, commit, leave the group.

use std::time::Duration;

use tokio::time::Instant;

use super::commit_wait::{CommitState, CommitWait};
use super::patience::Drain;
use super::{ConsumerLoop, Membership};
use crate::client::{CommitError, RecordSource, Slot};
use crate::listener::StopReport;
use crate::listener::event::ContainerEvent;

/// How long a consumer that has just asked to join may wait for its partitions before it leaves.
const JOIN: Duration = Duration::from_secs(3);
/// How long leaving the group may take.
const CLOSE: Duration = Duration::from_secs(5);
/// How often a close is looked at: that a rebalance is over is told by nobody.
const LOOK: Duration = Duration::from_millis(20);
/// The wait before a refused last commit is sent again.
const COMMIT_AGAIN: Duration = Duration::from_millis(100);

/// A loop that is stopping. It drains before the close begins: from then on a classic group gets no
/// heartbeats.
#[derive(Debug)]
pub(super) struct Stop {
    pub(super) in_flight: usize,
    pub(super) abandoned: usize,
    join_until: Instant,
    drain: Drain,
    phase: Phase,
}

#[derive(Debug)]
enum Phase {
    Drain,
    Commit(CommitWait),
    Close { until: Instant },
}

impl Stop {
    pub(super) fn is_closing(&self) -> bool {
        matches!(self.phase, Phase::Close { .. })
    }

    pub(super) fn deadline(&self) -> Instant {
        match &self.phase {
            // Once that is over, only a join can still be waited for.
            Phase::Drain if self.drain.is_over() => self.join_until,
            Phase::Drain => self.drain.deadline(),
            Phase::Commit(CommitWait {
                state: CommitState::Refused(again),
                until,
                ..
            }) => (*again).min(*until),
            Phase::Commit(commit) => commit.until,
            Phase::Close { until } => (*until).min(Instant::now() + LOOK),
        }
    }

    pub(super) fn report(&self) -> StopReport {
        StopReport {
            drained: self.in_flight.saturating_sub(self.abandoned),
            abandoned: self.abandoned,
        }
    }
}

impl<S: RecordSource> ConsumerLoop<'_, S> {
    /// Takes nothing new from now on; what is in flight has `grace` to come to an end. Asked again,
    /// the shorter grace counts.
    pub(super) fn begin_stop(&mut self, grace: Duration) {
        let drain = Drain::new(grace);
        if let Some(stop) = &mut self.stop {
            stop.drain.cut(drain.until);
            if let (Phase::Commit(commit), true) = (&mut stop.phase, grace.is_zero()) {
                commit.until = drain.until;
            }
            return;
        }
        self.consumer.cancel.stop();
        let consumer = self.seat.number;
        let event = ContainerEvent::ConsumerStopping { consumer };
        self.seat.events.tell(event);
        let (mut in_flight, mut abandoned) = (0, 0);
        for slot in self.assigned_slots() {
            let given_up = self.drain(slot, grace);
            let kept = self.partition(slot).map_or(0, |it| it.drained());
            in_flight += kept + given_up;
            abandoned += given_up;
        }
        self.runnable.clear();
        self.stop = Some(Stop {
            in_flight,
            abandoned,
            join_until: Instant::now() + JOIN,
            drain,
            phase: Phase::Drain,
        });
    }

    /// Goes on with a stop; the report when it is over.
    pub(super) fn drive_stop(&mut self) -> Option<StopReport> {
        let stop = self.stop.as_ref()?;
        match &stop.phase {
            Phase::Drain => {
                let (joins, over) = (Instant::now() < stop.join_until, stop.drain.is_over());
                // A consumer that goes away between asking and being told leaves a member behind,
                // and its group waits for that one until its session times out.
                if !(joins && self.membership == Membership::Joining) {
                    self.end_drain(over);
                }
            }
            Phase::Commit(commit) => self.drive_last_commit(*commit),
            Phase::Close { .. } => {}
        }
        let stop = self.stop.as_ref()?;
        let Phase::Close { until } = &stop.phase else {
            return None;
        };
        let closed = self.source.is_closed();
        if !closed && Instant::now() < *until {
            return None;
        }
        if !closed {
            tracing::warn!(
                listener = &*self.seat.endpoint.id,
                consumer = self.seat.number,
                "the group could not be left in time"
            );
        }
        let report = stop.report();
        self.end_all_epochs();
        Some(report)
    }

    fn end_drain(&mut self, over: bool) {
        let drain = self.stop.as_ref().map(|stop| stop.drain);
        let mut partitions = self.partitions.iter().flatten();
        let busy = partitions.any(|it| drain.is_some_and(|drain| drain.waits_for(it)));
        if (busy || self.revocation.is_some()) && !over {
            return;
        }
        let slots = (0..).take(self.partitions.len());
        let aborted = slots.map(|slot| self.abort_lanes(slot)).sum::<usize>();
        if let Some(stop) = &mut self.stop {
            stop.abandoned += aborted;
        }
        self.finish_revocation();
        // Acknowledgements of the last handlers may still be on their way through the channel.
        while let Ok(token) = self.acks.try_recv() {
            self.inbox.acks.push(token);
        }
        self.take_acks();
        if !self.source.assignment_lost() {
            self.call_hook(
                |it, id, all| it.revoked_before_commit(id, all),
                &self.assigned_slots(),
            );
        }
        self.send_last_commit(self.last_commit());
    }

    /// The group takes no commits while it waits for a member, and that may be a dead one: they are
    /// refused, or stand unanswered behind the request to join again, and are refused then.
    fn last_commit(&self) -> CommitWait {
        let commit = CommitWait::new(0);
        let drain_until = self.stop.as_ref().map(|stop| stop.drain.until);
        CommitWait {
            until: drain_until.map_or(commit.until, |until| until.max(commit.until)),
            ..commit
        }
    }

    /// A commit is refused while the group rebalances: then it is sent again, for a while.
    fn drive_last_commit(&mut self, commit: CommitWait) {
        if commit.is_over() {
            if commit.state != CommitState::Answered {
                tracing::warn!(
                    listener = &*self.seat.endpoint.id,
                    consumer = self.seat.number,
                    "the last commit failed: records since the one before may be delivered twice"
                );
            }
            if let Some(next) = self.commit_clean_ends(commit, self.assigned_slots()) {
                return self.set_phase(Phase::Commit(next));
            }
            return self.begin_close();
        }
        if matches!(commit.state, CommitState::Refused(again) if Instant::now() >= again) {
            self.send_last_commit(commit);
        }
    }

    fn send_last_commit(&mut self, commit: CommitWait) {
        match self.commit_now(self.assigned_slots().into_iter()) {
            Ok(Some(id)) => self.set_phase(Phase::Commit(CommitWait {
                id,
                state: CommitState::Sent,
                ..commit
            })),
            Ok(None) => self.begin_close(),
            Err(error) => {
                tracing::warn!(%error, "the last commit failed: possible duplicates");
                self.begin_close();
            }
        }
    }

    fn assigned_slots(&self) -> Vec<Slot> {
        self.assigned().map(|(slot, _)| slot).collect()
    }

    fn begin_close(&mut self) {
        let until = Instant::now() + CLOSE;
        if let Err(error) = self.source.close() {
            tracing::debug!(%error, "the consumer is closed already");
            self.set_phase(Phase::Close {
                until: Instant::now(),
            });
            return;
        }
        self.set_phase(Phase::Close { until });
    }

    fn set_phase(&mut self, phase: Phase) {
        if let Some(stop) = &mut self.stop {
            stop.phase = phase;
        }
    }

    /// Takes the answer if it is the stop's.
    pub(super) fn take_stop_answer(&mut self, id: u64, result: &Result<(), CommitError>) -> bool {
        let Some(Stop {
            phase: Phase::Commit(commit),
            ..
        }) = &mut self.stop
        else {
            return false;
        };
        if commit.id != id {
            return false;
        }
        let now = Instant::now();
        commit.state = match result {
            Err(error) => {
                if error.fenced {
                    commit.until = now;
                }
                CommitState::Refused(now + COMMIT_AGAIN)
            }
            Ok(()) => CommitState::Answered,
        };
        if let Err(error) = result {
            tracing::debug!(
                listener = &*self.seat.endpoint.id,
                consumer = self.seat.number,
                error = error.name,
                again = !error.fenced,
                "the last commit was refused"
            );
        }
        true
    }
}
