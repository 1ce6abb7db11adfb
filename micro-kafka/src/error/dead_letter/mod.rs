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
pub(super) use fingerprint::fingerprint;
pub(crate) use headers::is_of_a_failure;
pub(super) use headers::{
    MK_ATTEMPTS, MK_ERROR, MK_FINGERPRINT, MK_FIRST_FAILURE, MK_LAST_FAILURE, MK_LISTENER,
    MK_TRACE, TRACE, simple_name,
};
pub use recoverer::{DEAD_LETTER_SUFFIX, DeadLetterError, DeadLetterPublishingRecoverer};
pub use rules::HeaderRules;
