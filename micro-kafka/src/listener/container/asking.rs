//! What its consumers are told and asked while they run.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use super::ListenerContainer;
use crate::listener::command::Command;
use crate::listener::{AssignedPartition, PartitionProgress};

impl ListenerContainer {
    /// What is assigned to its consumers, as it changes.
    #[must_use]
    pub fn assignment(&self) -> watch::Receiver<Vec<AssignedPartition>> {
        self.assignment.subscribe()
    }

    /// Waits until at least this many partitions are assigned to its consumers.
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn assigned(&self, partitions: usize) -> Vec<AssignedPartition> {
        let mut assignment = self.assignment();
        // The sender is ours and lives as long as `self`.
        match assignment.wait_for(|all| all.len() >= partitions).await {
            Ok(all) => all.clone(),
            Err(_) => Vec::new(),
        }
    }

    /// How far every assigned partition has come.
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn progress(&self) -> Vec<PartitionProgress> {
        let mut all = Vec::new();
        for answer in self.ask(Command::Progress) {
            all.extend(answer.await.unwrap_or_default());
        }
        all
    }

    /// Waits until every assigned partition is read up to the end that the broker tells now, and
    /// every record of it is finished and committed, or waits for a moment of the framework's
    /// clock, or for an acknowledgement that keeps its partition from being read; how far each
    /// partition was at that moment. Returns at once if the container is not running.
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn quiet(&self) -> Vec<PartitionProgress> {
        loop {
            let (mut quiet, mut all) = (Vec::new(), true);
            for answer in self.ask(Command::Quiet) {
                match answer.await {
                    Ok(progress) => quiet.extend(progress),
                    Err(_) => all = false,
                }
            }
            if all || !self.is_running() {
                return quiet;
            }
            // A consumer is being replaced, or the broker did not tell the ends in time.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(in crate::listener) fn tell(&self, command: impl FnMut() -> Command) {
        if let Some(running) = self.running.lock().as_ref() {
            running.tell(command);
        }
    }

    /// Where its consumers take commands.
    pub(in crate::listener) fn commands(&self) -> Vec<mpsc::UnboundedSender<Command>> {
        let running = self.running.lock();
        let consumers = running.iter().flat_map(|running| &running.consumers);
        consumers
            .map(|consumer| consumer.commands.clone())
            .collect()
    }

    pub(in crate::listener) fn ask<T>(
        &self,
        command: impl Fn(oneshot::Sender<T>) -> Command,
    ) -> Vec<oneshot::Receiver<T>> {
        let mut answers = Vec::new();
        if let Some(running) = self.running.lock().as_ref() {
            running.tell(|| {
                let (sender, receiver) = oneshot::channel();
                answers.push(receiver);
                command(sender)
            });
        }
        answers
    }
}
