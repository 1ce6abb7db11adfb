//! A loop at work, and who makes things happen to it.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::source::LogSource;
use super::{Move, Notes, PARTITION_COUNT, PARTITIONS, Shared};
use crate::client::{Signal, Slot, SourceEvent, TopicPartition};
use crate::clock::Clock;
use crate::listener::command::Command;
use crate::listener::consumer_loop::{ConsumerLoop, Exit, LoopSeat};

pub(super) struct Driver<N> {
    pub(super) world: Shared<N>,
    pub(super) clock: Clock,
    pub(super) commands: mpsc::UnboundedSender<Command>,
    pub(super) running: JoinHandle<Exit>,
    pub(super) assigned: [bool; PARTITION_COUNT],
    signal: Arc<Signal>,
}

impl<N: Notes> Driver<N> {
    /// A loop that sits there, whose timers go by its seat's clock.
    pub(super) fn start(world: &Shared<N>, seat: LoopSeat) -> Self {
        let signal = Arc::<Signal>::default();
        let source = LogSource {
            world: Arc::clone(world),
            signal: Arc::clone(&signal),
            names: (0..PARTITIONS)
                .map(|partition| TopicPartition::new("t", partition.cast_signed()))
                .collect(),
        };
        let (commands, mut receiver) = mpsc::unbounded_channel();
        let clock = seat.deps.clock.clone();
        let running =
            tokio::spawn(
                async move { ConsumerLoop::new(&seat, source, &mut receiver).run().await },
            );
        Self {
            world: Arc::clone(world),
            clock,
            commands,
            running,
            assigned: [false; PARTITION_COUNT],
            signal,
        }
    }

    fn event(&self, event: SourceEvent) {
        self.world.lock().events.push(event);
        self.signal.raise();
    }

    pub(super) fn tell(&self, command: Command) {
        let _ = self.commands.send(command);
    }

    pub(super) async fn turns(&self, count: u8) {
        for _ in 0..count {
            let (answer, answered) = oneshot::channel();
            if self.commands.send(Command::Progress(answer)).is_err() {
                return;
            }
            let _ = answered.await;
        }
    }

    pub(super) fn later(&self) {
        if let Some(due) = self.clock.next_due() {
            self.clock.advance_to(due);
        }
    }

    pub(super) async fn assign(&mut self, slot: Slot) {
        if !std::mem::replace(&mut self.assigned[slot as usize], true) {
            self.event(SourceEvent::Assign(vec![slot]));
            while !self.has(slot) && !self.running.is_finished() {
                self.turns(1).await;
            }
        }
    }

    async fn revoke(&mut self, slot: Slot, lost: bool) {
        if !std::mem::take(&mut self.assigned[slot as usize]) {
            return;
        }
        if lost {
            self.world.lock().notes.changes_hands();
        }
        let slots = vec![slot];
        self.event(SourceEvent::Revoke { slots, lost });
        // librdkafka offers nothing else before the answer.
        while self.has(slot) && !self.running.is_finished() {
            self.turns(1).await;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn has(&self, slot: Slot) -> bool {
        self.world.lock().positions.contains_key(&slot)
    }

    pub(super) async fn make(&mut self, what: &Move) {
        match what {
            Move::Produce(slot, count) => {
                let mut world = self.world.lock();
                world.ends[*slot as usize] += count;
                world.filled.push(*slot);
                drop(world);
                self.signal.raise();
            }
            Move::Revoke(slot, lost) => self.revoke(*slot, *lost).await,
            Move::Assign(slot) => self.assign(*slot).await,
            Move::Later => self.later(),
            Move::Turn(count) => self.turns(*count).await,
        }
    }

    /// Lets everything come to its end, with `help` at each turn.
    pub(super) async fn finish(&mut self, mut help: impl FnMut(&mut Self)) {
        for slot in 0..PARTITIONS {
            self.assign(slot).await;
        }
        for _ in 0..5_000 {
            help(self);
            self.turns(2).await;
            let (ends, committed) = {
                let world = self.world.lock();
                (world.ends, world.committed)
            };
            if committed == ends {
                return;
            }
            self.later();
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Stops the loop, and looks at what it did; `all` says that nothing may be left.
    pub(super) async fn stop(self, all: bool) -> Result<Shared<N>, TestCaseError> {
        self.tell(Command::Stop);
        let exit = tokio::time::timeout(Duration::from_secs(600), self.running).await;
        prop_assert!(matches!(exit, Ok(Ok(Exit::Stopped(_)))), "{exit:?}");
        {
            let world = self.world.lock();
            prop_assert!(world.broken.is_empty(), "{:?}", world.broken);
            if all {
                prop_assert_eq!(world.committed, world.ends, "not all came to an end");
            }
        }
        Ok(self.world)
    }
}

/// Runs one case in a time that passes when nothing else does.
pub(super) fn in_virtual_time<T>(case: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(case)
}
