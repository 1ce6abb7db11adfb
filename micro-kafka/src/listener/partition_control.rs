//! What a handler may ask for the partition of its record.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::command::Command;
use super::deps::ContainerDeps;
use super::event::{ContainerEvent, Events};
use super::pauses::Pauses;
use super::seek::{SeekRequest, SeekTo};
use super::target::Target;

/// A way from a handler to its own consumer.
#[derive(Debug, Clone)]
pub(crate) struct ConsumerLine {
    pauses: Arc<Pauses>,
    events: Events,
    /// Weak: the consumer ends with its container, whoever holds this.
    commands: mpsc::WeakUnboundedSender<Command>,
    deps: ContainerDeps,
}

/// Pauses, resumes and rewinds the partition of a record, from its handler or later; owned, and
/// cheap to clone. Without effect in a handler that has no consumer, as in a test.
///
/// The container does the same for any partition: see `ListenerContainer::pause`.
#[derive(Debug, Clone)]
pub struct PartitionControl {
    line: Option<ConsumerLine>,
    target: Target,
}

impl ConsumerLine {
    pub(super) fn new(
        pauses: &Arc<Pauses>,
        events: &Events,
        commands: &mpsc::UnboundedSender<Command>,
        deps: &ContainerDeps,
    ) -> Self {
        Self {
            pauses: Arc::clone(pauses),
            events: events.clone(),
            commands: commands.downgrade(),
            deps: deps.clone(),
        }
    }

    fn send(&self, command: Command) {
        if let Some(commands) = self.commands.upgrade() {
            let _ = commands.send(command);
        }
    }

    fn resumed(&self, target: Target) {
        self.send(Command::Paused);
        self.events.tell(ContainerEvent::Resumed(target));
    }
}

impl ConsumerLine {
    /// The way to the loop.
    pub(super) fn commands(&self) -> mpsc::WeakUnboundedSender<Command> {
        self.commands.clone()
    }
}

impl PartitionControl {
    pub(crate) fn new(line: Option<ConsumerLine>, topic: &str, partition: i32) -> Self {
        Self {
            line,
            target: Target::Partition(topic.to_owned(), partition),
        }
    }

    /// Begins no other record of the partition until it is resumed; the membership stays.
    pub fn pause(&self) {
        self.paused();
    }

    /// The same for a time of the framework's clock.
    pub fn pause_for(&self, time: Duration) {
        let (Some(line), Some(call)) = (self.line.clone(), self.paused()) else {
            return;
        };
        let (clock, target) = (&line.deps.clock, self.target.clone());
        let wake = clock.sleep_until(clock.now() + time);
        line.deps.runtime.clone().spawn(async move {
            wake.await;
            if line.pauses.resume_call(&target, call) {
                line.resumed(target);
            }
        });
    }

    fn paused(&self) -> Option<u64> {
        let line = self.line.as_ref()?;
        let call = line.pauses.pause(&self.target);
        line.send(Command::Paused);
        line.events
            .tell(ContainerEvent::Paused(self.target.clone()));
        Some(call)
    }

    /// Takes the pause back.
    pub fn resume(&self) {
        if let Some(line) = &self.line
            && line.pauses.resume(&self.target)
        {
            line.resumed(self.target.clone());
        }
    }

    /// Reads on from elsewhere once the handlers of the partition have ended; does not wait for it.
    pub fn seek(&self, to: SeekTo) {
        if let Some(line) = &self.line {
            let (answer, _) = oneshot::channel();
            line.send(Command::Seek(SeekRequest {
                target: self.target.clone(),
                to,
                answer,
            }));
        }
    }
}
