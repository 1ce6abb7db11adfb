//! How long to wait before a record is tried again.

use std::time::Duration;

/// The waiting times between the attempts of one record.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum BackOff {
    /// The same wait before each attempt.
    Fixed(Duration),
    /// A wait that grows from `initial` by `multiplier` up to `max`.
    Exponential {
        /// The first wait.
        initial: Duration,
        /// The longest wait.
        max: Duration,
        /// What each wait is multiplied by, at least 1.
        multiplier: f64,
    },
}

impl BackOff {
    /// No waiting at all: Spring's default for its `DefaultErrorHandler`.
    pub const NONE: Self = Self::Fixed(Duration::ZERO);
}
