//! What was asked of the broker, and what it answered.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::watch;

use super::{ErrorCode, Matcher, RequestView};

/// The last requests of a broker with their answers. Clones are the same.
///
/// Nothing is kept until [`Journal::keep`] says how much; then the youngest are.
#[derive(Debug, Clone)]
pub struct Journal {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    begin: Instant,
    capacity: AtomicUsize,
    ring: Mutex<Ring>,
    /// How often something was noted.
    changes: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Ring {
    /// The number of the oldest that is kept.
    first: u64,
    kept: VecDeque<Exchange>,
}

/// A place in a journal: between two requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark(u64);

/// A request, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exchange {
    /// When it came, by the broker's clock, since its start.
    pub at: Duration,
    /// The request.
    pub request: RequestView,
    /// The rule that it met, if any.
    pub fault: Option<String>,
    /// How it ended; `None` as long as it has not.
    pub answer: Option<AnswerView>,
}

/// How a request ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AnswerView {
    /// After how long, by the broker's clock.
    pub latency: Duration,
    /// In which way.
    pub ending: Ending,
    /// The errors in the answer; none for success.
    pub failures: Vec<Failure>,
}

/// In which way a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ending {
    /// It was answered.
    Answered,
    /// The client wanted no answer.
    Unanswered,
    /// Its connection was closed.
    Closed,
    /// A part of the answer was sent, and the connection closed.
    Cut,
    /// It is never answered.
    Silenced,
}

/// An error in an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// Of this topic, if of one.
    pub topic: Option<String>,
    /// Of this partition, if of one.
    pub partition: Option<i32>,
    /// The error.
    pub error: ErrorCode,
}

/// What was waited for did not come.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{seen} requests as wanted within {within:?}; {wanted} were expected. What came:\n{journal}"
)]
pub struct TooFewRequests {
    seen: usize,
    wanted: usize,
    within: Duration,
    journal: String,
}

impl fmt::Debug for TooFewRequests {
    /// As it reads, since tests unwrap it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A request in the journal that is to be answered.
#[derive(Debug)]
pub(crate) struct Noted {
    number: u64,
    at: Instant,
}

impl Journal {
    /// A journal that keeps nothing yet, of times since `begin`.
    pub(crate) fn new(begin: Instant) -> Self {
        Self {
            shared: Arc::new(Shared {
                begin,
                capacity: AtomicUsize::new(0),
                ring: Mutex::default(),
                changes: watch::Sender::new(0),
            }),
        }
    }

    /// Keeps so many requests from now on; none for 0.
    pub fn keep(&self, requests: usize) {
        self.shared.capacity.store(requests, Ordering::Release);
        let mut ring = self.shared.ring.lock();
        ring.trim(requests);
    }

    /// Whether anything is kept.
    pub(crate) fn is_kept(&self) -> bool {
        self.shared.capacity.load(Ordering::Acquire) > 0
    }

    pub(crate) fn note(
        &self,
        request: RequestView,
        fault: Option<String>,
        now: Instant,
    ) -> Option<Noted> {
        let capacity = self.shared.capacity.load(Ordering::Acquire);
        if capacity == 0 {
            return None;
        }
        let mut ring = self.shared.ring.lock();
        ring.trim(capacity - 1);
        ring.kept.push_back(Exchange {
            at: now.saturating_duration_since(self.shared.begin),
            request,
            fault,
            answer: None,
        });
        let number = ring.end() - 1;
        drop(ring);
        self.shared.changes.send_modify(|changes| *changes += 1);
        Some(Noted { number, at: now })
    }

    pub(crate) fn answered(
        &self,
        noted: &Noted,
        ending: Ending,
        failures: Vec<Failure>,
        now: Instant,
    ) {
        let mut ring = self.shared.ring.lock();
        let at = noted.number.checked_sub(ring.first);
        let at = at.and_then(|at| usize::try_from(at).ok());
        if let Some(exchange) = at.and_then(|at| ring.kept.get_mut(at)) {
            exchange.answer = Some(AnswerView {
                latency: now.saturating_duration_since(noted.at),
                ending,
                failures,
            });
        }
        drop(ring);
        self.shared.changes.send_modify(|changes| *changes += 1);
    }

    /// All that is kept, in the order in which it came.
    #[must_use]
    pub fn entries(&self) -> Vec<Exchange> {
        self.shared.ring.lock().kept.iter().cloned().collect()
    }

    /// The place after the youngest request.
    #[must_use]
    pub fn mark(&self) -> Mark {
        Mark(self.shared.ring.lock().end())
    }

    /// What came after a mark, as far as it is kept.
    #[must_use]
    pub fn since(&self, mark: Mark) -> Vec<Exchange> {
        let ring = self.shared.ring.lock();
        let skipped = usize::try_from(mark.0.saturating_sub(ring.first)).unwrap_or(usize::MAX);
        ring.kept.iter().skip(skipped).cloned().collect()
    }

    /// How many requests of a kind are kept.
    #[must_use]
    pub fn count(&self, which: impl Into<Matcher>) -> usize {
        let which = which.into();
        let ring = self.shared.ring.lock();
        let matching = ring.kept.iter();
        matching
            .filter(|exchange| which.matches(&exchange.request))
            .count()
    }

    /// Those of a kind, in the order in which they came.
    #[must_use]
    pub fn matching(&self, which: impl Into<Matcher>) -> Vec<Exchange> {
        let which = which.into();
        let ring = self.shared.ring.lock();
        let matching = ring.kept.iter();
        let matching = matching.filter(|exchange| which.matches(&exchange.request));
        matching.cloned().collect()
    }

    /// Waits until so many requests of a kind have come, and returns them; the deadline is of the
    /// machine's time. They may not be answered yet.
    ///
    /// # Errors
    /// [`TooFewRequests`], with what did come.
    pub async fn wait_for(
        &self,
        which: impl Into<Matcher>,
        count: usize,
        deadline: Duration,
    ) -> Result<Vec<Exchange>, TooFewRequests> {
        let which = which.into();
        let mut changes = self.shared.changes.subscribe();
        let waiting = async {
            while self.count(which.clone()) < count {
                // The sender is part of `self`, so it is there.
                let _ = changes.changed().await;
            }
        };
        let waited = tokio::time::timeout(deadline, waiting).await;
        let found = self.matching(which);
        match waited {
            Ok(()) => Ok(found),
            Err(_) => Err(TooFewRequests {
                seen: found.len(),
                wanted: count,
                within: deadline,
                journal: self.to_string(),
            }),
        }
    }

    /// Forgets what is kept.
    pub fn clear(&self) {
        self.shared.ring.lock().trim(0);
    }
}

impl Ring {
    fn end(&self) -> u64 {
        self.first + self.kept.len() as u64
    }

    fn trim(&mut self, to: usize) {
        while self.kept.len() > to {
            self.kept.pop_front();
            self.first += 1;
        }
    }
}

impl fmt::Display for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for exchange in self.entries() {
            writeln!(f, "{exchange}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let client = self.request.client_id.as_deref().unwrap_or("-");
        write!(
            f,
            "{:>10.3}s #{} {client}: {}",
            self.at.as_secs_f64(),
            self.request.connection,
            self.request
        )?;
        match &self.answer {
            Some(answer) => write!(f, " → {answer}")?,
            None => f.write_str(" → not answered yet")?,
        }
        match &self.fault {
            Some(rule) => write!(f, " [{rule}]"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for AnswerView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.ending {
            Ending::Answered if self.failures.is_empty() => f.write_str("ok")?,
            Ending::Answered => {
                let failures: Vec<_> = self.failures.iter().map(ToString::to_string).collect();
                f.write_str(&failures.join(", "))?;
            }
            Ending::Unanswered => f.write_str("no answer wanted")?,
            Ending::Closed => f.write_str("connection closed")?,
            Ending::Cut => f.write_str("a part of the answer, connection closed")?,
            Ending::Silenced => f.write_str("silence")?,
        }
        write!(f, " after {:.3}ms", self.latency.as_secs_f64() * 1_000.0)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.topic, self.partition) {
            (Some(topic), Some(partition)) => write!(f, "{topic}-{partition}: {}", self.error),
            (Some(topic), None) => write!(f, "{topic}: {}", self.error),
            (None, _) => write!(f, "{}", self.error),
        }
    }
}
