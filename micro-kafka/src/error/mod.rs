//! What becomes of a record whose handler failed.

mod action;
mod back_off;
mod classify;
mod dead_letter;
mod default_error_handler;
mod handler;
mod listener_error;
mod logging_recoverer;
mod retry_topic;
mod schedule;
mod source_chain;

#[cfg(test)]
mod fixture;

pub use action::{Action, Recovered, Way};
pub use back_off::BackOff;
pub use classify::{Classify, Policy};
pub use dead_letter::{
    DEAD_LETTER_SUFFIX, DeadLetterError, DeadLetterPublishingRecoverer, Failure,
};
pub use default_error_handler::{DEFAULT_ATTEMPTS, DefaultErrorHandler};
pub use handler::{ErrorHandler, Recover, RecoverFuture};
pub use listener_error::{BoxError, ErrorKind, ListenerError};
pub use logging_recoverer::LoggingRecoverer;
pub use retry_topic::{
    DltStrategy, RetryCompat, RetryTopicError, RetryTopicPolicy, RetryTopicRecoverer, RetryTopics,
    SameInterval, TopicSuffixing,
};
pub(crate) use retry_topic::{Needed, RetryReader, RetryTopicErrorHandler, failed_group};
