//! Dead letters: publishing a record that failed for good, and reading why it did.

mod destination;
mod failure;
mod fingerprint;
mod headers;
mod recoverer;
mod rules;

#[cfg(test)]
mod tests;

pub use destination::{Destination, ToPartition};
pub use failure::Failure;
pub use recoverer::{DEAD_LETTER_SUFFIX, DeadLetterError, DeadLetterPublishingRecoverer};
pub use rules::HeaderRules;
