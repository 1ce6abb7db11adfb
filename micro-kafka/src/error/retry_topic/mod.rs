//! Retry topics: a record that failed is published to another topic and read from there when its
//! time has come, so that its own partition never waits.

mod chain;
mod choice;
mod error_handler;
mod headers;
mod in_order;
mod recoverer;
mod settings;

#[cfg(test)]
mod tests;

pub(crate) use chain::{Needed, RetryReader};
pub use chain::{RetryTopicError, RetryTopics};
pub use choice::{DltStrategy, RetryCompat, RetryOrder, SameInterval, TopicSuffixing};
pub(crate) use error_handler::RetryTopicErrorHandler;
pub(crate) use headers::{failed_attempts, failed_group};
pub use recoverer::RetryTopicRecoverer;
pub use settings::RetryTopicPolicy;
