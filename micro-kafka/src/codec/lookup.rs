//! What a payload cannot be read without, and has to be fetched first.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::error::BoxError;

/// The wait for what was looked up.
pub type LookupFuture = Pin<Box<dyn Future<Output = Result<(), LookupError>> + Send>>;

/// Something that a payload cannot be read without, such as its schema: the handler's future waits
/// for it, no consumer does, and the payload is read anew after that.
#[derive(Clone)]
pub struct Lookup {
    what: Arc<str>,
    fetch: Arc<dyn Fn() -> LookupFuture + Send + Sync>,
}

impl Lookup {
    /// Something of that name, and how it is fetched.
    #[must_use]
    pub fn new(
        what: impl Into<Arc<str>>,
        fetch: impl Fn() -> LookupFuture + Send + Sync + 'static,
    ) -> Self {
        Self {
            what: what.into(),
            fetch: Arc::new(fetch),
        }
    }

    /// Fetches it.
    ///
    /// # Errors
    /// If it cannot be had, or not now.
    pub async fn fetch(&self) -> Result<(), LookupError> {
        (self.fetch)().await
    }
}

impl fmt::Debug for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Lookup").field(&self.what).finish()
    }
}

impl fmt::Display for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "waits for {}", self.what)
    }
}

impl std::error::Error for Lookup {}

/// What a payload needs could not be fetched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LookupError {
    /// Not now: the record is delivered again, as often as it takes.
    #[error("what the payload needs cannot be had at present")]
    Unavailable(#[source] BoxError),
    /// Never: the record cannot be read.
    #[error("what the payload needs does not exist")]
    Missing(#[source] BoxError),
}
