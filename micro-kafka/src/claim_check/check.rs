//! What an application's claim checks are made with.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::{ClaimError, ClaimStore};

/// A store of large payloads, and from which size on payloads go there. Cheap to clone.
///
/// ```no_run
/// # fn app() -> Result<(), Box<dyn std::error::Error>> {
/// use micro_kafka::KafkaApp;
/// use micro_kafka::claim_check::{ClaimCheck, FileClaimStore};
///
/// let store = FileClaimStore::new("/mnt/shared/payloads");
/// let app = KafkaApp::builder().claim_check(ClaimCheck::new(store).above(512 * 1024));
/// # drop(app); Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct ClaimCheck {
    pub(super) store: Arc<dyn ClaimStore>,
    pub(super) above: Option<usize>,
}

impl ClaimCheck {
    /// Listeners read what is in the store; nothing is written to it before a threshold is
    /// [set](Self::above).
    pub fn new(store: impl ClaimStore) -> Self {
        Self {
            store: Arc::new(store),
            above: None,
        }
    }

    /// Payloads of more bytes than this go to the store.
    #[must_use]
    pub fn above(mut self, bytes: usize) -> Self {
        self.above = Some(bytes);
        self
    }

    /// The same, unless it has a threshold.
    pub(crate) fn or_above(mut self, bytes: Option<usize>) -> Self {
        self.above = self.above.or(bytes);
        self
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &dyn ClaimStore {
        &*self.store
    }

    /// Removes the payloads that are older than that, and tells how many. Nothing else removes any:
    /// the age has to be larger than the time for which their records, the copies in retry topics
    /// and the dead letters are kept and read.
    ///
    /// # Errors
    /// If the store cannot be used; some may be removed.
    pub async fn sweep(&self, age: Duration) -> Result<u64, ClaimError> {
        match SystemTime::now().checked_sub(age) {
            Some(time) => self.store.remove_older(time).await,
            None => Ok(0),
        }
    }
}
