//! What becomes of a record whose handler failed.

mod action;
mod back_off;
mod cause;
mod classify;
mod dead_letter;
mod default_error_handler;
mod delegating_error_handler;
mod error_rules;
mod fence;
mod handler;
mod history;
mod listener_error;
mod logging_recoverer;
mod retry_listener;
mod retry_topic;
mod schedule;
mod send_back_recoverer;
mod simple_handlers;
mod source_chain;

#[cfg(test)]
mod fixture;

pub use action::{Action, Recovered, Way};
pub use back_off::BackOff;
pub use cause::CauseDef;
pub(crate) use cause::{COMMON, Cause};
pub use classify::{Classify, Policy};
pub(crate) use dead_letter::is_of_a_failure;
pub use dead_letter::{
    DEAD_LETTER_SUFFIX, DeadLetterError, DeadLetterPublishingRecoverer, Destination, Failure,
    HeaderRules, ToPartition,
};
pub use default_error_handler::{DEFAULT_ATTEMPTS, DefaultErrorHandler};
pub use delegating_error_handler::DelegatingErrorHandler;
pub(crate) use fence::{
    CopyState, FencePlace, FenceSignal, FencedCopy, Fences, KafkaFenceLog, Origin,
};
#[cfg(test)]
pub(crate) use fence::{FenceLog, Stored};
pub use fence::{FencedKey, FencedKeys};
pub use handler::{ErrorHandler, Recover, RecoverFuture};
pub use history::FailureHistory;
pub use listener_error::{BoxError, ErrorKind, ListenerError};
pub use logging_recoverer::LoggingRecoverer;
pub use retry_listener::{RetryListener, RetryListeners};
pub use retry_topic::{
    DltStrategy, RetryCompat, RetryOrder, RetryTopicError, RetryTopicPolicy, RetryTopicRecoverer,
    RetryTopics, SameInterval, TopicSuffixing,
};
pub(crate) use retry_topic::{
    Needed, RetryReader, RetryTopicErrorHandler, failed_attempts, failed_group,
};
pub(crate) use send_back_recoverer::SendBackRecoverer;
pub use simple_handlers::{LoggingErrorHandler, ParkingErrorHandler, StoppingErrorHandler};
