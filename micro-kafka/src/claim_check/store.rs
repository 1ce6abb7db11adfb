//! Where large payloads are kept.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::SystemTime;

use super::{ClaimError, ClaimName};

/// What a store's methods return.
pub type ClaimFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, ClaimError>> + Send + 'a>>;

/// Keeps payloads under names that are never given twice. One store may serve any number of
/// templates, listeners and instances; its methods must not block their thread.
pub trait ClaimStore: fmt::Debug + Send + Sync + 'static {
    /// Writes a payload. When it returns, every reader finds the whole payload, also after a crash.
    ///
    /// # Errors
    /// [`ClaimError::Store`]; what was written of it may stay.
    fn put<'a>(&'a self, name: &'a ClaimName, payload: Vec<u8>) -> ClaimFuture<'a, ()>;

    /// Reads a payload of at most so many bytes; of a larger one, those or more. `None` if there is
    /// none of that name.
    ///
    /// # Errors
    /// [`ClaimError::Store`], after which the record is delivered again, with waits.
    fn get<'a>(&'a self, name: &'a ClaimName, most: u64) -> ClaimFuture<'a, Option<Vec<u8>>>;

    /// Removes the payloads that were written before that time, and tells how many.
    ///
    /// # Errors
    /// [`ClaimError::Store`]; some may be removed.
    fn remove_older(&self, than: SystemTime) -> ClaimFuture<'_, u64>;
}
