//! What becomes of a record whose handler failed.

mod back_off;
mod classify;
mod handler;
mod listener_error;

pub use back_off::BackOff;
pub use classify::{Classify, Policy};
pub use handler::{Action, ErrorHandler, Recover, RecoverFuture};
pub use listener_error::{BoxError, ErrorKind, ListenerError};
