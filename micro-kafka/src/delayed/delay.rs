//! What may be said for a delay.

use std::time::Duration;

use crate::config::{DurationError, parse_duration};

/// A time to wait: a [`Duration`], or a text such as `"10m"`, `"1h"` or `"PT5S"`.
pub trait Delay {
    /// The time.
    ///
    /// # Errors
    /// A text that is no duration.
    fn delay(self) -> Result<Duration, DurationError>;
}

impl Delay for Duration {
    fn delay(self) -> Result<Duration, DurationError> {
        Ok(self)
    }
}

impl Delay for &str {
    fn delay(self) -> Result<Duration, DurationError> {
        parse_duration(self)
    }
}
