//! A panic is a failure of its record, not of the thread.

use std::any::Any;
use std::future::Future;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use futures_util::FutureExt as _;
use futures_util::future::CatchUnwind;

use crate::error::{BoxError, ListenerError};
use crate::listener::AttemptFailed;

/// Runs a handler, its extraction included, so that a panic does not go further: [`caught`] makes an
/// error of it.
///
/// Whatever a panicking handler shares with others is its own affair, as with a panicking task.
#[inline]
pub fn guard<F, T>(handler: F) -> CatchUnwind<AssertUnwindSafe<F>>
where
    F: Future<Output = Result<T, ListenerError>>,
{
    AssertUnwindSafe(handler).catch_unwind()
}

/// What came of a handler under [`guard`].
///
/// # Errors
/// The handler's own, or its panic.
#[inline]
pub fn caught<T>(result: thread::Result<Result<T, ListenerError>>) -> Result<T, ListenerError> {
    match result {
        Ok(result) => result,
        Err(payload) => Err(panicked(payload)),
    }
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

#[cold]
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
