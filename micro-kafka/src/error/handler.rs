//! The decision after a failure, and the way out for a record that will not be tried again.

use std::future::Future;
use std::pin::Pin;

use super::{Action, BoxError, ListenerError, Recovered, Way};
use crate::listener::Delivery;

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

/// A recovery under way: gives the delivery back, and where it went.
pub type RecoverFuture =
    Pin<Box<dyn Future<Output = (Delivery, ListenerError, Result<Recovered, BoxError>)> + Send>>;

/// The way out for a record whose attempts are used up: the counterpart of Spring's
/// `ConsumerRecordRecoverer`. Publishing to the dead-letter topic is the default one.
pub trait Recover: Send + Sync + std::fmt::Debug {
    /// Disposes of the record for good. After an `Err` the container calls again after a back-off:
    /// the record is never lost.
    fn recover(&self, delivery: Delivery, error: ListenerError) -> RecoverFuture;

    /// The same by the way that the error handler chose; whoever has only one way ignores it.
    fn recover_by(&self, way: Way, delivery: Delivery, error: ListenerError) -> RecoverFuture {
        let _ = way;
        self.recover(delivery, error)
    }

    /// Whether it can take [`Way::RetryTopic`]: if not, such records are tried again in place.
    fn has_retry_topics(&self) -> bool {
        false
    }
}
