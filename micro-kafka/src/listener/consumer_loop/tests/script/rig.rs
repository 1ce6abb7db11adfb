//! A loop on a script, and what it may be told and asked.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;

use super::Script;
use crate::client::{Slot, SourceEvent};
use crate::clock::Clock;
use crate::listener::command::Command;
use crate::listener::consumer_loop::Exit;
use crate::listener::event::EventStream;
use crate::listener::pauses::Pauses;
use crate::listener::tests::support::{Kept, Log};
use crate::listener::{
    AckToken, ConsumerContext, HealthReason, LateAcknowledgment, PartitionProgress, Verdict,
};

/// Where each delivery would be acknowledged.
pub(crate) type Tokens = Arc<Mutex<Vec<(Arc<ConsumerContext>, AckToken)>>>;

/// A loop on a script.
pub(crate) struct Rig {
    pub(crate) script: Script,
    pub(crate) clock: Clock,
    pub(crate) log: Log,
    pub(crate) gate: Arc<Semaphore>,
    pub(crate) kept: Arc<Kept>,
    pub(crate) tokens: Tokens,
    pub(crate) status: Arc<crate::listener::health::ConsumerStatus>,
    pub(crate) pauses: Arc<Pauses>,
    pub(crate) events: EventStream,
    pub(super) commands: mpsc::UnboundedSender<Command>,
    pub(super) stop_requests: mpsc::UnboundedReceiver<HealthReason>,
    pub(super) running: JoinHandle<Exit>,
}

impl Rig {
    /// Gives the loop these partitions, filled with records from offset 0.
    pub(crate) fn assign(&self, partitions: &[(Slot, i64)]) {
        let slots = partitions.iter().map(|(slot, _)| *slot).collect();
        self.script.event(SourceEvent::Assign(slots));
        for (slot, count) in partitions {
            self.script.fill(*slot, 0..*count);
        }
    }

    pub(crate) fn revoke(&self, slot: Slot, lost: bool) {
        let slots = vec![slot];
        self.script.event(SourceEvent::Revoke { slots, lost });
    }

    pub(crate) fn command(&self, command: Command) {
        self.commands.send(command).unwrap();
    }

    /// Acknowledges the `n`th delivery.
    pub(crate) fn acknowledge(&self, n: usize) {
        self.settle(n, Verdict::Done).unwrap();
    }

    /// Says something of the `n`th delivery.
    pub(crate) fn settle(&self, n: usize, verdict: Verdict) -> Result<(), LateAcknowledgment> {
        let (consumer, token) = self.tokens.lock()[n].clone();
        consumer.settle(token, verdict)
    }

    /// Waits until everything is finished or waits for the clock, and its timers are known.
    pub(crate) async fn quiet(&self) -> Vec<PartitionProgress> {
        let (sender, receiver) = oneshot::channel();
        self.command(Command::Quiet(sender));
        let quiet = tokio::time::timeout(Duration::from_secs(60), receiver).await;
        quiet.expect("the loop does not come to rest").unwrap()
    }

    pub(crate) async fn progress(&self) -> Vec<PartitionProgress> {
        let (sender, receiver) = oneshot::channel();
        self.command(Command::Progress(sender));
        receiver.await.unwrap()
    }

    /// Moves the clock by this much once nothing but the clock is waited for, handlers apart.
    pub(crate) async fn advance_by(&self, by: Duration) {
        let target = self.clock.now() + by;
        while self.clock.next_due() != Some(target) {
            tokio::task::yield_now().await;
        }
        self.clock.advance_to(target);
    }

    /// Moves the clock by this much, to the loop's next timer at the furthest, which must be there.
    pub(crate) async fn advance(&self, by: Duration) {
        self.quiet().await;
        let target = self.clock.now() + by;
        assert_eq!(self.clock.next_due(), Some(target), "the next timer");
        self.clock.advance_to(target);
        self.quiet().await;
    }

    pub(crate) async fn exit(self) -> Exit {
        let exit = tokio::time::timeout(Duration::from_secs(60), self.running).await;
        exit.expect("the loop does not end").unwrap()
    }

    pub(crate) fn stop_request(&mut self) -> Option<HealthReason> {
        self.stop_requests.try_recv().ok()
    }
}
