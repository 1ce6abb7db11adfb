//! Puts the payload of a record into its store.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use parking_lot::Mutex;

use super::{ClaimCheck, ClaimError, ClaimStore, Reference};

/// What a template writes payloads by.
#[derive(Debug, Clone)]
pub(crate) struct ClaimWriter {
    store: Arc<dyn ClaimStore>,
    above: usize,
}

impl ClaimWriter {
    /// `None` if nothing is to be written.
    pub(crate) fn new(check: &ClaimCheck) -> Option<Self> {
        Some(Self {
            store: Arc::clone(&check.store),
            above: check.above?,
        })
    }

    pub(crate) fn wants(&self, payload: &[u8]) -> bool {
        payload.len() > self.above
    }

    /// Begins to write a payload.
    pub(crate) fn write(&self, payload: Vec<u8>) -> Writing {
        let store = Arc::clone(&self.store);
        Writing(Mutex::new(Box::pin(async move {
            let reference = Reference::to(&payload);
            store.put(&reference.name, payload).await?;
            Ok(reference.to_bytes())
        })))
    }
}

type Written = Result<Vec<u8>, ClaimError>;

/// A payload on its way to the store; what refers to it then.
///
/// In a lock that nobody waits for: stores' futures need not be `Sync`, those of sends are.
pub(crate) struct Writing(Mutex<Pin<Box<dyn Future<Output = Written> + Send>>>);

impl Future for Writing {
    type Output = Written;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Written> {
        self.0.get_mut().as_mut().poll(context)
    }
}

impl fmt::Debug for Writing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Writing")
    }
}
