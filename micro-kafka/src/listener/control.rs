//! What a program asks of a listener while it runs; everything here may be called from any task.

use std::sync::Arc;
use std::time::Duration;

use super::command::Command;
use super::container::ListenerContainer;
use super::event::{ContainerEvent, EventStream};
use super::seek::{SeekError, SeekRequest, SeekTo, Sought};
use super::target::Target;

impl ListenerContainer {
    /// Reads nothing more of this, and begins nothing: what is in a handler goes on. The membership
    /// stays, a pause outlives rebalances and restarts, and nothing is fetched twice for it.
    pub fn pause(&self, target: Target) {
        self.paused(target);
    }

    /// The same for a time of the framework's clock.
    pub fn pause_for(&self, target: Target, time: Duration) {
        let call = self.paused(target.clone());
        let (clock, pauses) = (self.deps.clock.clone(), Arc::clone(&self.pauses));
        let (events, commands) = (self.events.clone(), self.commands());
        let wake = clock.sleep_until(clock.now() + time);
        self.deps.runtime.spawn(async move {
            wake.await;
            if pauses.resume_call(&target, call) {
                for commands in commands {
                    let _ = commands.send(Command::Paused);
                }
                events.tell(ContainerEvent::Resumed(target));
            }
        });
    }

    fn paused(&self, target: Target) -> u64 {
        let call = self.pauses.pause(&target);
        self.tell(|| Command::Paused);
        self.events.tell(ContainerEvent::Paused(target));
        call
    }

    /// Takes a pause of the same target back. [`Target::All`] takes back every pause.
    pub fn resume(&self, target: Target) {
        if self.pauses.resume(&target) {
            self.tell(|| Command::Paused);
            self.events.tell(ContainerEvent::Resumed(target));
        }
    }

    /// Whether exactly this was paused, and not resumed since.
    #[must_use]
    pub fn is_paused(&self, target: &Target) -> bool {
        self.pauses.holds(target)
    }

    /// Delivers the records once more, as if for the first time, that an error handler had parked.
    pub fn unpark(&self) {
        self.tell(|| Command::Unpark);
    }

    /// Reads on from elsewhere, and commits that place, so that it holds beyond a rebalance or a
    /// restart. What is in a handler comes to its end first, at most within `revoke-drain`; what
    /// waited for a retry is let go of.
    ///
    /// # Errors
    /// If no consumer of this listener has such a partition now, or the broker does not say where
    /// the place is.
    ///
    /// # Cancel safety
    /// The seek goes on if this future is dropped.
    pub async fn seek(&self, target: Target, to: SeekTo) -> Result<Vec<Sought>, SeekError> {
        let listener = || self.endpoint.id.to_string();
        let answers = self.ask(|answer| {
            Command::Seek(SeekRequest {
                target: target.clone(),
                to: to.clone(),
                answer,
            })
        });
        let mut all = Vec::new();
        for answer in answers {
            match answer.await {
                Ok(Ok(sought)) => all.extend(sought),
                Ok(Err(reason)) => {
                    return Err(SeekError::Refused {
                        listener: listener(),
                        reason,
                    });
                }
                // Its consumer is gone, and its partitions with it.
                Err(_) => {}
            }
        }
        if all.is_empty() {
            return Err(SeekError::NotAssigned {
                listener: listener(),
                target,
            });
        }
        Ok(all)
    }

    /// What happens to this listener from now on.
    #[must_use]
    pub fn events(&self) -> EventStream {
        self.events.subscribe()
    }
}
