//! Consumers whose runtime ends before they do: an application that is kept in a `static`, or is
//! dropped while its broker is away, when `main` returns.
//!
//! Their threads outlive the runtime, and the next timer that one of them asks for would panic. A
//! task of the runtime, which drops it before its timers end, tells them to go and holds the
//! runtime's end up until they are gone.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};

use super::StopReport;
use super::command::Command;

/// How long a runtime's end may be held up for consumers that leave their group.
const LEAVE: Duration = Duration::from_secs(5);
/// How long for those that have not left by then, and go as they are.
const GO: Duration = Duration::from_secs(1);
/// How often a loop is woken meanwhile: no timer does so any more.
const WAKE: Duration = Duration::from_millis(20);

/// Ends threads that run on a runtime when it ends.
#[derive(Debug)]
pub(super) struct RuntimeEnd {
    guests: Vec<Guest>,
}

/// One thread.
#[derive(Debug)]
pub(super) struct Guest {
    pub(super) commands: mpsc::UnboundedSender<Command>,
    pub(super) done: watch::Receiver<Option<StopReport>>,
    /// Disconnected by the thread's end.
    pub(super) ended: Receiver<()>,
}

impl RuntimeEnd {
    pub(super) fn of(guests: Vec<Guest>) -> Self {
        Self { guests }
    }

    /// Lives as long as the threads, or the runtime.
    pub(super) async fn watch(mut self) {
        for guest in &mut self.guests {
            // Closed without a value: it panicked.
            let _ = guest.done.wait_for(Option::is_some).await;
        }
        self.guests.clear();
    }

    /// Asks all threads, and goes on with those that have not ended in time.
    fn ask(&mut self, command: fn() -> Command, within: Duration) {
        let until = Instant::now() + within;
        for guest in &self.guests {
            let _ = guest.commands.send(command());
        }
        self.guests.retain(|guest| guest.lives(command, until));
    }
}

impl Guest {
    /// Asks it again until it ends, or the time is over; whether it goes on.
    fn lives(&self, command: fn() -> Command, until: Instant) -> bool {
        loop {
            match self.ended.recv_timeout(WAKE) {
                Err(RecvTimeoutError::Timeout) if Instant::now() < until => {
                    let _ = self.commands.send(command());
                }
                Err(RecvTimeoutError::Timeout) => return true,
                Ok(()) | Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
    }
}

impl Drop for RuntimeEnd {
    fn drop(&mut self) {
        if self.guests.is_empty() {
            return;
        }
        tracing::warn!(
            "the runtime ends while listeners run: what they have in hand is abandoned; stop the \
             application before that"
        );
        self.ask(|| Command::Abandon, LEAVE);
        // A handler may hold its thread for longer: it finds this when it comes back.
        self.ask(|| Command::RuntimeEnds, GO);
    }
}
