//! The state that the listeners share: what became of the flights of this run.

use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use tokio::sync::watch;

use crate::airlines::Airlines;
use crate::flight::Flight;
use crate::journal::{Journal, JournalError};
use crate::summary::{Progress, Step, Summary};

/// Counts the flights of one run; cheap to clone.
///
/// A topic may hold the records of other runs as well: they are handled, but not counted.
#[derive(Debug, Clone)]
pub struct Tally(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    run: String,
    summary: Mutex<Summary>,
    progress: watch::Sender<Progress>,
    journal: Option<Journal>,
}

impl Tally {
    /// Begins a run, whose name no other run has.
    #[must_use]
    pub fn new() -> Self {
        Self::with(new_run(), Summary::default(), None)
    }

    /// Goes on with the run that a journal tells of, or begins a run and its journal.
    ///
    /// # Errors
    /// When the file cannot be read or written, is in use, or is no journal.
    pub fn with_journal(file: &Path, flights: &[Flight]) -> Result<Self, JournalError> {
        let (journal, story) = Journal::open(file, flights, new_run())?;
        let mut summary = Summary::default();
        for (flight, step) in story.steps {
            summary.count(flight, step);
        }
        Ok(Self::with(story.run, summary, Some(journal)))
    }

    fn with(run: String, summary: Summary, journal: Option<Journal>) -> Self {
        Self(Arc::new(Inner {
            run,
            progress: watch::Sender::new(summary.progress()),
            summary: Mutex::new(summary),
            journal,
        }))
    }

    /// The name of the run, which its records carry in the header `run`.
    #[must_use]
    pub fn run(&self) -> &str {
        &self.0.run
    }

    /// Whether the broker acknowledged the flight's record.
    #[must_use]
    pub fn is_sent(&self, flight: &Flight) -> bool {
        self.0.summary.lock().is_sent(flight)
    }

    /// Counts a flight whose record was acknowledged by the broker.
    pub fn sent(&self, flight: &Flight) {
        self.count(flight, Step::Sent);
    }

    /// Counts a flight that was handled.
    pub fn handled(&self, run: Option<&str>, flight: &Flight) {
        if run == Some(self.run()) {
            self.count(flight, Step::Handled);
        }
    }

    /// Counts a flight that was read from the dead letters, by the name of its error.
    pub fn dead_lettered(&self, run: Option<&str>, flight: &Flight, error: &str) {
        if run != Some(self.run()) {
            return;
        }
        match error {
            "Cancelled" => self.count(flight, Step::Cancelled),
            "NoArrival" => self.count(flight, Step::NoArrival),
            _ => tracing::error!(flight = flight.id(), error, "dead-lettered unexpectedly"),
        }
    }

    fn count(&self, flight: &Flight, step: Step) {
        let mut summary = self.0.summary.lock();
        if !summary.count(flight, step) {
            return;
        }
        if let Some(Err(error)) = self.0.journal.as_ref().map(|file| file.note(flight, step)) {
            tracing::error!(%error, flight = flight.id(), "the journal cannot be written");
        }
        self.0.progress.send_replace(summary.progress());
    }

    /// How far the run has come, now and whenever that changes.
    #[must_use]
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.0.progress.subscribe()
    }

    /// How many of the sent flights have not come to their end.
    #[must_use]
    pub fn unfinished(&self) -> usize {
        self.0.summary.lock().lost()
    }

    /// The table by airline and the last line; flights without an end are `lost`, or whatever else
    /// they are called.
    #[must_use]
    pub fn table(&self, airlines: &Airlines, lost: &str) -> String {
        self.0.summary.lock().table(airlines, lost)
    }
}

impl Default for Tally {
    fn default() -> Self {
        Self::new()
    }
}

fn new_run() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let millis = now.map_or(0, |since| since.as_millis());
    format!("{millis:x}-{}", std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_flights_of_this_run_are_counted() {
        let flights = Flight::january_2013().unwrap();
        let tally = Tally::new();
        tally.handled(Some("another"), &flights[0]);
        tally.handled(None, &flights[1]);
        tally.dead_lettered(Some("another"), &flights[2], "Cancelled");
        assert_eq!(tally.progress().borrow().ended, 0);
        tally.handled(Some(tally.run()), &flights[0]);
        tally.dead_lettered(Some(tally.run()), &flights[2], "Cancelled");
        assert_eq!(tally.progress().borrow().ended, 2);
    }

    #[test]
    fn a_journal_lets_a_run_go_on() {
        let flights = Flight::january_2013().unwrap();
        let file = std::env::temp_dir().join(format!("flights-tally-{}", std::process::id()));
        let first = Tally::with_journal(&file, &flights).unwrap();
        first.sent(&flights[0]);
        first.sent(&flights[1]);
        first.handled(Some(first.run()), &flights[0]);
        let run = first.run().to_owned();
        drop(first);
        let second = Tally::with_journal(&file, &flights).unwrap();
        std::fs::remove_file(file).unwrap();
        assert_eq!(second.run(), run);
        assert_eq!(*second.progress().borrow(), Progress { sent: 2, ended: 1 });
        assert!(second.is_sent(&flights[1]) && !second.is_sent(&flights[2]));
        assert_eq!(second.unfinished(), 1);
    }
}
