//! What became of a record that was handed to a driven listener.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use micro_kafka::error::{ErrorKind, ListenerError};
use micro_kafka::record::OwnedRecord;

use crate::dead_letters::{DeadLetter, decode};
use crate::deadline::fail;
use crate::recording::SentRecords;
use crate::show;
use crate::wait::{Span, span};

/// Waits are multiplied as floating-point numbers.
const EXACT: Duration = Duration::from_millis(1);

/// How a delivery, or a record, ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum End {
    /// The handler succeeded.
    Done,
    /// The listener's filter did not want it: the handler never ran.
    Filtered,
    /// It failed, and the record is tried again after the wait.
    RetryAfter(Duration),
    /// It returned, having asked for the record to be delivered again after the wait.
    Nacked(Duration),
    /// The record went to the dead-letter topic, or to the listener's own recoverer.
    DeadLettered,
    /// The record went to a retry topic of the listener.
    SentToRetryTopic,
    /// That failed, with this error: a container would try it again.
    NotRecovered(String),
    /// The record failed and counts as done, or was given up.
    Skipped,
    /// The record failed and stays uncommitted, and its lane waits.
    Parked,
    /// The record stops its listener and stays uncommitted.
    Stopped,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => f.write_str("done"),
            Self::Filtered => f.write_str("filtered"),
            Self::RetryAfter(wait) => write!(f, "tried again after {wait:?}"),
            Self::Nacked(wait) => write!(f, "asked for again after {wait:?}"),
            Self::DeadLettered => f.write_str("dead-lettered"),
            Self::SentToRetryTopic => f.write_str("sent to a retry topic"),
            Self::Parked => f.write_str("parked"),
            Self::NotRecovered(error) => write!(f, "kept, since its dead letter failed: {error}"),
            Self::Skipped => f.write_str("skipped"),
            Self::Stopped => f.write_str("left uncommitted, and its listener stopped"),
        }
    }
}

/// What became of a record that was handed to a driven listener.
#[derive(Debug)]
#[must_use = "whether the record was handled is only known from this"]
pub struct Outcome {
    pub(super) listener: String,
    pub(super) end: End,
    pub(super) error: Option<ListenerError>,
    pub(super) waits: Vec<Duration>,
    pub(super) sent: Vec<Arc<OwnedRecord>>,
    pub(super) letter: Option<Arc<OwnedRecord>>,
    pub(super) acknowledged: bool,
}

impl Outcome {
    pub(super) fn filtered(listener: &str) -> Self {
        Self {
            listener: listener.to_owned(),
            end: End::Filtered,
            error: None,
            waits: Vec::new(),
            sent: Vec::new(),
            letter: None,
            acknowledged: false,
        }
    }

    /// How it ended.
    #[must_use]
    pub fn end(&self) -> &End {
        &self.end
    }

    /// The last failure, if it did not succeed.
    #[must_use]
    pub fn error(&self) -> Option<&ListenerError> {
        self.error.as_ref()
    }

    /// How often it was delivered.
    #[must_use]
    pub fn attempts(&self) -> usize {
        match self.end {
            End::Filtered => 0,
            _ => self.waits.len() + 1,
        }
    }

    /// The waits between the deliveries.
    #[must_use]
    pub fn waits(&self) -> &[Duration] {
        &self.waits
    }

    /// What the handler sent by its `State<KafkaTemplate>`, in all deliveries.
    #[must_use]
    pub fn sent(&self) -> &[Arc<OwnedRecord>] {
        &self.sent
    }

    /// What the handler sent to a topic, to be narrowed down and asserted.
    pub fn topic(&self, name: &str) -> SentRecords<'static> {
        SentRecords::new(name, &self.sent)
    }

    /// Whether the handler acknowledged its record before it returned.
    #[must_use]
    pub fn is_acknowledged(&self) -> bool {
        self.acknowledged
    }

    /// Asserts that the handler succeeded.
    ///
    /// # Panics
    /// If not, with what became of the record.
    #[track_caller]
    pub fn assert_done(&self) -> &Self {
        self.check(self.end == End::Done, "done")
    }

    /// Asserts that the handler failed, and that the record is tried again after this wait.
    ///
    /// # Panics
    /// If not, with what became of the record.
    #[track_caller]
    pub fn assert_retry_after(&self, wait: impl Span) -> &Self {
        let wait = span(wait, Location::caller());
        let is = matches!(self.end, End::RetryAfter(it) if it.abs_diff(wait) < EXACT);
        self.check(is, &format!("tried again after {wait:?}"))
    }

    /// Asserts that the handler's `Acknowledgment` asked for the record again after this wait.
    ///
    /// # Panics
    /// If not, with what became of the record.
    #[track_caller]
    pub fn assert_nacked(&self, wait: impl Span) -> &Self {
        let wait = span(wait, Location::caller());
        let is = self.end == End::Nacked(wait);
        self.check(is, &format!("asked for again after {wait:?}"))
    }

    /// Asserts that the listener's filter did not want the record.
    ///
    /// # Panics
    /// If it did, with what became of the record.
    #[track_caller]
    pub fn assert_filtered(&self) -> &Self {
        self.check(self.end == End::Filtered, "filtered")
    }

    /// Asserts that the record failed and counts as done.
    ///
    /// # Panics
    /// If not, with what became of the record.
    #[track_caller]
    pub fn assert_skipped(&self) -> &Self {
        self.check(self.end == End::Skipped, "skipped")
    }

    /// Asserts that the record stops its listener.
    ///
    /// # Panics
    /// If not, with what became of the record.
    #[track_caller]
    pub fn assert_stopped(&self) -> &Self {
        self.check(self.end == End::Stopped, "a reason to stop")
    }

    /// Asserts that the record went to the dead-letter topic, and that its letter is as `expected`
    /// says.
    ///
    /// # Panics
    /// If not, with what became of the record.
    #[track_caller]
    pub fn assert_dead_letter(&self, expected: impl FnOnce(&DeadLetter) -> bool) -> &Self {
        let place = Location::caller();
        self.check(self.end == End::DeadLettered, "dead-lettered");
        match &self.letter {
            Some(letter) => {
                let letter = decode(letter, place);
                if !expected(&letter) {
                    letter.fail(place);
                }
            }
            None => fail(place, "the listener's own recoverer sent no dead letter"),
        }
        self
    }

    /// Asserts with which error the last delivery failed: the variant's name, or the type's where
    /// it has none.
    ///
    /// # Panics
    /// If not, with what became of the record.
    #[track_caller]
    pub fn assert_error(&self, name: &str) -> &Self {
        let is = self
            .error
            .as_ref()
            .is_some_and(|error| named(error) == name);
        self.check(is, &format!("failed with {name}"))
    }

    /// Asserts that the handler panicked.
    ///
    /// # Panics
    /// If not, with what became of the record.
    #[track_caller]
    pub fn assert_panicked(&self) -> &Self {
        let kind = self.error.as_ref().map(ListenerError::kind);
        self.check(kind == Some(ErrorKind::Panic), "failed by a panic")
    }

    /// Asserts how often the record was delivered.
    ///
    /// # Panics
    /// If not, with what became of the record.
    #[track_caller]
    pub fn assert_attempts(&self, expected: usize) -> &Self {
        self.check(
            self.attempts() == expected,
            &format!("delivered {expected} times"),
        )
    }

    /// Asserts the waits between the deliveries.
    ///
    /// # Panics
    /// If they are others, with what became of the record.
    #[track_caller]
    pub fn assert_waits<S: Span>(&self, waits: impl IntoIterator<Item = S>) -> &Self {
        let place = Location::caller();
        let waits: Vec<_> = waits.into_iter().map(|wait| span(wait, place)).collect();
        let mut pairs = self.waits.iter().zip(&waits);
        let is = self.waits.len() == waits.len() && pairs.all(|(a, b)| a.abs_diff(*b) < EXACT);
        self.check(is, &format!("delivered with the waits {waits:?} between"))
    }

    /// Asserts that the handler acknowledged its record.
    ///
    /// # Panics
    /// If not, with what became of the record.
    #[track_caller]
    pub fn assert_acknowledged(&self) -> &Self {
        self.check(self.acknowledged, "acknowledged")
    }

    #[track_caller]
    fn check(&self, holds: bool, expected: &str) -> &Self {
        if !holds {
            let listener = &self.listener;
            let message = format!("expected the record to be {expected} by `{listener}`: {self}");
            fail(Location::caller(), &message);
        }
        self
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it is {}", self.end)?;
        if let Some(error) = &self.error {
            let (name, chain) = (named(error), show::chain(error.error()));
            write!(f, "; it failed with {name}: {chain}")?;
        }
        let (attempts, waits) = (self.attempts(), &self.waits);
        write!(f, "; {attempts} deliveries, waits {waits:?}")?;
        if self.acknowledged {
            f.write_str("; acknowledged")?;
        }
        match self.sent.is_empty() {
            true => f.write_str("; nothing was sent"),
            false => write!(f, "; of what was sent {}", show::records(&self.sent)),
        }
    }
}

/// The variant of an error, or the last part of its type's name.
fn named(error: &ListenerError) -> &str {
    let path = error.type_name();
    let path = path.split('<').next().unwrap_or(path);
    let last = path.rsplit("::").next().unwrap_or(path);
    error.variant().unwrap_or(last)
}
