//! The consumers of a container while it runs, and how they end.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};
use tokio::task::AbortHandle;

use super::StopReport;
use super::command::Command;
use super::health::ConsumerStatus;

/// How long a container that is dropped while it runs may take to leave its group.
const DROP_WAIT: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct Running {
    pub(super) consumers: Vec<Consumer>,
    guards: Vec<AbortHandle>,
    stopping: bool,
}

#[derive(Debug)]
pub(super) struct Consumer {
    pub(super) commands: mpsc::UnboundedSender<Command>,
    pub(super) status: Arc<ConsumerStatus>,
    /// `None` until the loop ended; closed without a value if its thread died.
    pub(super) done: watch::Receiver<Option<StopReport>>,
    pub(super) ended: std::sync::mpsc::Receiver<()>,
    pub(super) thread: JoinHandle<()>,
}

/// The ends of all consumers, to be waited for.
#[derive(Debug)]
pub(super) struct Ends(Vec<watch::Receiver<Option<StopReport>>>);

impl Running {
    pub(super) fn new(consumers: Vec<Consumer>, guards: Vec<AbortHandle>) -> Self {
        Self {
            consumers,
            guards,
            stopping: false,
        }
    }

    pub(super) fn tell(&self, mut command: impl FnMut() -> Command) {
        for consumer in &self.consumers {
            let _ = consumer.commands.send(command());
        }
    }

    /// Tells all to stop, and at the second time not to wait for handlers; what they were told.
    pub(super) fn stop(&mut self) -> Command {
        let again = std::mem::replace(&mut self.stopping, true);
        let command = || match again {
            true => Command::Abandon,
            false => Command::Stop,
        };
        self.tell(command);
        command()
    }

    /// Tells all to stop without waiting for handlers.
    pub(super) fn cut_short(&mut self) {
        self.stopping = true;
        self.tell(|| Command::Abandon);
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping
    }

    pub(super) fn ends(&self) -> Ends {
        Ends(self.consumers.iter().map(|c| c.done.clone()).collect())
    }

    pub(super) fn is_alive(&self) -> bool {
        self.consumers.iter().any(Consumer::is_alive)
    }

    /// Ends the guards, and the threads that are done; one that is held by its handler is left
    /// behind.
    pub(super) fn join(self) {
        self.guards.iter().for_each(AbortHandle::abort);
        for consumer in self.consumers {
            if !consumer.is_alive() {
                let _ = consumer.thread.join();
            }
        }
    }

    /// Ends the threads without a word, waiting a while.
    pub(super) fn abandon(self) {
        self.tell(|| Command::Abandon);
        let deadline = Instant::now() + DROP_WAIT;
        let left = || deadline.saturating_duration_since(Instant::now());
        self.guards.iter().for_each(AbortHandle::abort);
        for consumer in self.consumers {
            let ended = consumer.ended.recv_timeout(left());
            if ended != Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                let _ = consumer.thread.join();
            }
        }
    }
}

impl Consumer {
    fn is_alive(&self) -> bool {
        self.done.borrow().is_none() && self.done.has_changed().is_ok()
    }

    pub(super) fn is_dead(&self) -> bool {
        self.done.borrow().is_none() && self.done.has_changed().is_err()
    }
}

impl Ends {
    /// Waits for all of them, but no longer than `patience`: a handler that never gives its thread
    /// back must not keep the process from ending.
    pub(super) async fn within(self, listener: &str, patience: Duration) -> StopReport {
        let until = tokio::time::Instant::now() + patience;
        let mut report = StopReport::default();
        for (consumer, mut done) in self.0.into_iter().enumerate() {
            let told = tokio::time::timeout_at(until, done.wait_for(Option::is_some));
            match told.await {
                Ok(Ok(told)) => report += told.unwrap_or_default(),
                // Its thread died.
                Ok(Err(_)) => {}
                Err(_elapsed) => {
                    tracing::error!(
                        listener,
                        consumer,
                        ?patience,
                        "a consumer has not ended in time and is left behind: its handler holds \
                         the thread; its record will be delivered again"
                    );
                    report.abandoned += 1;
                }
            }
        }
        report
    }
}
