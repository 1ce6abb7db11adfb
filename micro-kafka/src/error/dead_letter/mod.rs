//! Dead letters: publishing a record that failed for good, and reading why it did.

mod failure;
mod headers;
mod recoverer;

#[cfg(test)]
mod tests;

pub use failure::Failure;
pub use recoverer::{DEAD_LETTER_SUFFIX, DeadLetterError, DeadLetterPublishingRecoverer};
