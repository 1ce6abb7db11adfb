//! Which delivery of the record this is.

use std::fmt;

use super::FromRecord;
use crate::error::ListenerError;
use crate::listener::Delivery;

/// Which delivery of the record this is, counted from 1 since the partition was assigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Attempt(u32);

impl Attempt {
    /// The number, from 1.
    #[must_use]
    pub fn number(self) -> u32 {
        self.0
    }

    /// Whether nothing was tried before.
    #[must_use]
    pub fn is_first(self) -> bool {
        self.0 <= 1
    }
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromRecord<'_> for Attempt {
    fn from_record(delivery: &Delivery) -> Result<Self, ListenerError> {
        Ok(Self(delivery.attempt()))
    }
}
