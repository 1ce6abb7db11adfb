//! Assertions that wait: each has a deadline, which can be changed.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::panic::Location;
use std::pin::Pin;
use std::time::Duration;

use micro_kafka::config::parse_duration;
use tokio::time::Instant;

use crate::deadline::{DEADLINE, fail};

/// A span of time: a [`Duration`], or a text such as `"250ms"` or `"10m"`.
pub trait Span {
    /// The span.
    ///
    /// # Errors
    /// If a text is none, with the reason.
    fn span(self) -> Result<Duration, String>;
}

impl Span for Duration {
    fn span(self) -> Result<Duration, String> {
        Ok(self)
    }
}

impl Span for &str {
    fn span(self) -> Result<Duration, String> {
        parse_duration(self).map_err(|error| format!("`{self}`: {error}"))
    }
}

/// The span that a test wrote, or the test fails there.
pub(crate) fn span(time: impl Span, place: &Location<'_>) -> Duration {
    time.span().unwrap_or_else(|message| fail(place, &message))
}

/// What a wait for something comes to.
pub type Waiting<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Something to wait for: `.await` it, and it fails the test after 20 s, or after what
/// [`Wait::within`] says.
#[must_use = "nothing is waited for, nor asserted, until this is awaited"]
pub struct Wait<'a, T> {
    within: Duration,
    place: &'static Location<'static>,
    begin: Box<dyn FnOnce(Deadline) -> Waiting<'a, T> + Send + 'a>,
}

impl<'a, T> Wait<'a, T> {
    pub(crate) fn new<F>(
        place: &'static Location<'static>,
        begin: impl FnOnce(Deadline) -> F + Send + 'a,
    ) -> Self
    where
        F: Future<Output = T> + Send + 'a,
    {
        Self {
            within: DEADLINE,
            place,
            begin: Box::new(|deadline| Box::pin(begin(deadline))),
        }
    }

    /// Waits no longer than this, as in `.within("5s")`.
    ///
    /// # Panics
    /// If a text is no span of time.
    #[track_caller]
    pub fn within(mut self, time: impl Span) -> Self {
        self.within = span(time, Location::caller());
        self
    }
}

impl<'a, T> IntoFuture for Wait<'a, T> {
    type Output = T;
    type IntoFuture = Waiting<'a, T>;

    fn into_future(self) -> Self::IntoFuture {
        (self.begin)(Deadline {
            place: self.place,
            within: self.within,
            at: Instant::now() + self.within,
        })
    }
}

impl<T> fmt::Debug for Wait<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait")
            .field("within", &self.within)
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

/// When a wait is over, and which line of the test began it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    pub(crate) place: &'static Location<'static>,
    pub(crate) within: Duration,
    at: Instant,
}

impl Deadline {
    /// What `future` comes to in time.
    pub(crate) async fn met<T>(self, future: impl Future<Output = T>) -> Option<T> {
        tokio::time::timeout_at(self.at, future).await.ok()
    }

    /// Fails the test at the line that waited.
    pub(crate) fn fail(self, message: &str) -> ! {
        fail(self.place, message)
    }
}
