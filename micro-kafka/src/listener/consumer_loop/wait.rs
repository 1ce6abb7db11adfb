//! What wakes the loop.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::StreamExt;
use tokio::time::{Instant, Sleep};

use super::ConsumerLoop;
use crate::client::RecordSource;
use crate::listener::command::Command;

/// The most results and acknowledgements taken in one turn, so that commands are not kept waiting.
const TURN: usize = 512;

impl<S: RecordSource> ConsumerLoop<'_, S> {
    /// Waits for work, collecting it; commands come first.
    pub(super) async fn wait(&mut self) {
        poll_fn(|context| self.poll_work(context)).await;
    }

    fn poll_work(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.timers.wake_throttled(None);
        let mut work = !self.runnable.is_empty() && self.has_room();
        while let Poll::Ready(Some(command)) = self.commands.poll_recv(context) {
            let ends = matches!(command, Command::RuntimeEnds);
            self.inbox.commands.push(command);
            work = true;
            if ends {
                return Poll::Ready(());
            }
        }
        work |= self.source.poll_filled(context).is_ready();
        while self.inbox.landed.len() < TURN {
            match self.in_flight.poll_next_unpin(context) {
                Poll::Ready(Some(Ok(landed))) => self.inbox.landed.push(landed),
                Poll::Ready(Some(Err(_aborted))) => {}
                Poll::Ready(None) | Poll::Pending => break,
            }
        }
        let acks = self
            .acks
            .poll_recv_many(context, &mut self.inbox.acks, TURN);
        work |= acks.is_ready() || !self.inbox.acks.is_empty() || !self.inbox.landed.is_empty();
        if let Some(tx) = &mut self.transactions {
            work |= tx.poll(context);
        }
        if let Some(ordering) = &mut self.ordering {
            while let Poll::Ready(Some(signal)) = ordering.signals.poll_recv(context) {
                ordering.inbox.push(signal);
                work = true;
            }
        }
        // Timers end with the runtime, and a command tells of its end before it comes.
        if !self.commands.is_empty() {
            return Poll::Ready(());
        }
        work |= self.timers.poll_due(context).is_ready();
        if let Some(watch) = &mut self.orphans {
            work |= watch.poll(context).is_ready();
        }
        let deadline = self.next_deadline();
        work |= self.alarm.poll(context, deadline).is_ready();
        if work {
            return Poll::Ready(());
        }
        // Only here is everything registered that a test's clock has to know about.
        self.answer_quiet();
        Poll::Pending
    }

    /// The next moment, in real time, at which a drain or a close has to be looked at.
    fn next_deadline(&self) -> Option<Instant> {
        let revocation = self.revocation.as_ref().map(|r| r.deadline());
        let stop = self.stop.as_ref().map(|stop| stop.deadline());
        let seek = self.seeks.iter().map(|seeking| seeking.deadline()).min();
        let rewind = self.transactions.as_ref().and_then(|tx| tx.rewind.as_ref());
        let rewind = rewind.filter(|_| revocation.is_none() && stop.is_none());
        let rewind = rewind.map(|rewind| rewind.deadline());
        let opening = self.quarantine.as_ref().and_then(|it| it.deadline());
        let all = revocation
            .into_iter()
            .chain(stop)
            .chain(seek)
            .chain(opening);
        all.chain(rewind).chain(self.going_on.deadline()).min()
    }
}

/// Wakes the loop at intervals, and at a deadline if there is one. Memberships and deadlines are
/// the broker's, so this is real time, not the framework's clock.
#[derive(Debug)]
pub(super) struct Alarm {
    interval: Duration,
    tick: Instant,
    ticked: bool,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Alarm {
    pub(super) fn new(interval: Duration) -> Self {
        Self {
            interval,
            tick: Instant::now() + interval,
            ticked: false,
            sleep: None,
        }
    }

    fn poll(&mut self, context: &mut Context<'_>, deadline: Option<Instant>) -> Poll<()> {
        let target = deadline.map_or(self.tick, |deadline| deadline.min(self.tick));
        let sleep = self
            .sleep
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(target)));
        if sleep.deadline() != target {
            sleep.as_mut().reset(target);
        }
        if sleep.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        let now = Instant::now();
        if now >= self.tick {
            self.tick = now + self.interval;
            self.ticked = true;
        }
        Poll::Ready(())
    }

    /// Whether an interval has passed since the last call.
    pub(super) fn take_tick(&mut self) -> bool {
        std::mem::take(&mut self.ticked)
    }
}
