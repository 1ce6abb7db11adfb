//! Several records of one partition in one call of a handler.

mod arguments;
mod companions;
mod outcome;
mod records;
mod result;

use std::time::Duration;

pub use arguments::{Acknowledgments, FromBatch, Undecoded};
pub(crate) use companions::{Companions, Left};
pub use outcome::BatchOutcome;
pub use records::{Batch, BatchRecord, Inner};
pub use result::{BatchResult, MissingResult, NotReached};

/// A batch as an attribute declares it; what is `None` comes from the settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BatchDef {
    /// The most records of one call.
    pub max: Option<u32>,
    /// How long a call waits for more records, if it has fewer.
    pub linger: Option<Duration>,
}

/// How batches are collected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchSpec {
    /// The most records of one call.
    pub max: usize,
    /// How long the first record of a partition waits for others, by the framework's clock.
    pub linger: Duration,
}

impl Default for BatchSpec {
    fn default() -> Self {
        Self {
            max: 500,
            linger: Duration::ZERO,
        }
    }
}
