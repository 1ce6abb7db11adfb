//! A panic is a failure of its record, not of the thread.

use std::any::Any;
use std::future::Future;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};

use futures_util::FutureExt as _;

use crate::error::{BoxError, ListenerError};
use crate::listener::{AttemptFailed, BatchOutcome};

/// Runs a batch handler, its extraction included; a panic is the failure of every record.
pub fn guarded_batch<F>(handler: F) -> impl Future<Output = BatchOutcome>
where
    F: Future<Output = Result<BatchOutcome, ListenerError>>,
{
    AssertUnwindSafe(handler).catch_unwind().map(|caught| {
        let outcome = caught.unwrap_or_else(|payload| Err(panicked(payload)));
        outcome.unwrap_or_else(BatchOutcome::Failed)
    })
}

/// Runs a handler, its extraction included; a panic becomes its error.
///
/// Whatever a panicking handler shares with others is its own affair, as with a panicking task.
pub fn guarded<F>(handler: F) -> impl Future<Output = Result<(), ListenerError>>
where
    F: Future<Output = Result<(), ListenerError>>,
{
    AssertUnwindSafe(handler)
        .catch_unwind()
        .map(|caught| caught.unwrap_or_else(|payload| Err(panicked(payload))))
}

/// Runs anything around a handler; a panic becomes its error.
pub(crate) fn guarded_value<F, T>(attempt: F) -> impl Future<Output = Result<T, BoxError>>
where
    F: Future<Output = Result<T, BoxError>>,
{
    AssertUnwindSafe(attempt).catch_unwind().map(|caught| {
        caught.unwrap_or_else(|payload| Err(AttemptFailed::new(panicked(payload)).into()))
    })
}

fn panicked(payload: Box<dyn Any + Send>) -> ListenerError {
    let message = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned());
    // A payload's own drop may panic again, with a payload that is better left alone.
    let dropped = catch_unwind(AssertUnwindSafe(|| drop(payload)));
    let _ = dropped.map_err(ManuallyDrop::new);
    ListenerError::panic(message)
}
