//! Error handlers that always answer the same.

use super::{Action, ErrorHandler, ListenerError};
use crate::listener::Delivery;

/// Logs a failure, and counts the record as done: Spring's `CommonLoggingErrorHandler`. It loses
/// what fails, so it has to be asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct LoggingErrorHandler;

impl ErrorHandler for LoggingErrorHandler {
    fn handle(&self, _: &Delivery, _: &ListenerError) -> Action {
        // The container logs what it skips.
        Action::Skip
    }
}

/// Stops the listener at the first failure, the record left uncommitted: Spring's
/// `CommonContainerStoppingErrorHandler`.
#[derive(Debug, Clone, Copy, Default)]
pub struct StoppingErrorHandler;

impl ErrorHandler for StoppingErrorHandler {
    fn handle(&self, _: &Delivery, _: &ListenerError) -> Action {
        Action::Stop
    }
}

/// Leaves a failed record where it is until somebody asks its container to `unpark`: what comes
/// after it in its lane waits, everything else goes on.
#[derive(Debug, Clone, Copy, Default)]
pub struct ParkingErrorHandler;

impl ErrorHandler for ParkingErrorHandler {
    fn handle(&self, _: &Delivery, _: &ListenerError) -> Action {
        Action::Park
    }
}
