//! The decision after a failure, and the way out for a record that will not be tried again.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use super::{BoxError, ListenerError};
use crate::listener::Delivery;

/// What the container does with a failed record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Deliver it again after the delay; its lane waits, the consumer does not.
    RetryAfter(Duration),
    /// Hand it to the recoverer; its offset may be committed once that succeeded.
    Recover,
    /// Count it as done.
    Skip,
    /// Stop the container and leave the record uncommitted.
    Stop,
}

/// Decides what becomes of a failed record: the counterpart of Spring's `CommonErrorHandler`.
pub trait ErrorHandler: Send + Sync + std::fmt::Debug {
    /// The action after this failure of this delivery; [`Delivery::attempt`] counts from 1.
    fn handle(&self, delivery: &Delivery, error: &ListenerError) -> Action;
}

/// A function decides.
impl ErrorHandler for fn(&Delivery, &ListenerError) -> Action {
    fn handle(&self, delivery: &Delivery, error: &ListenerError) -> Action {
        self(delivery, error)
    }
}

/// A recovery under way: gives the delivery back, and whether it succeeded.
pub type RecoverFuture =
    Pin<Box<dyn Future<Output = (Delivery, ListenerError, Result<(), BoxError>)> + Send>>;

/// The way out for a record whose attempts are used up: the counterpart of Spring's
/// `ConsumerRecordRecoverer`. Publishing to the dead-letter topic is the default one.
pub trait Recover: Send + Sync + std::fmt::Debug {
    /// Disposes of the record for good. After an `Err` the container calls again after a back-off:
    /// the record is never lost.
    fn recover(&self, delivery: Delivery, error: ListenerError) -> RecoverFuture;
}
