//! What a record went through before the failure that is decided about.

use std::time::{SystemTime, UNIX_EPOCH};

use super::ListenerError;

/// The failures of one record in this process, the current one included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailureHistory {
    first: i64,
    last: i64,
    same: u32,
    kind: (&'static str, Option<&'static str>),
}

impl FailureHistory {
    /// A record that has just failed for the first time.
    pub(crate) fn begin(error: &ListenerError) -> Self {
        let now = now();
        Self {
            first: now,
            last: now,
            same: 1,
            kind: kind(error),
        }
    }

    /// Another failure of it.
    pub(crate) fn failed_again(&mut self, error: &ListenerError) {
        self.last = now();
        let kind = kind(error);
        self.same = match kind == self.kind {
            true => self.same.saturating_add(1),
            false => 1,
        };
        self.kind = kind;
    }

    /// When it failed first, in milliseconds since 1970 by the machine's clock.
    #[must_use]
    pub fn first_failure(&self) -> i64 {
        self.first
    }

    /// When it failed last, in the same measure.
    #[must_use]
    pub fn last_failure(&self) -> i64 {
        self.last
    }

    /// How often it has failed in a row by errors of one type and variant.
    #[must_use]
    pub fn of_the_same_kind(&self) -> u32 {
        self.same
    }
}

fn kind(error: &ListenerError) -> (&'static str, Option<&'static str>) {
    (error.type_name(), error.variant())
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let millis = since.map_or(0, |since| since.as_millis());
    i64::try_from(millis).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_of_another_kind_is_counted_anew() {
        let io = || ListenerError::from_error(std::io::Error::other("disk"));
        let text = || ListenerError::from_error("other");
        let mut history = FailureHistory::begin(&io());
        let first = history.first_failure();
        history.failed_again(&io());
        assert_eq!(history.of_the_same_kind(), 2);
        history.failed_again(&text());
        assert_eq!(history.of_the_same_kind(), 1);
        assert_eq!(history.first_failure(), first);
        assert!(history.last_failure() >= first);
    }
}
