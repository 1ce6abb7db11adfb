//! The end of a transaction in a partition.

use super::error::report;
use super::producer::ActiveProducer;
use super::{Isolation, Partition};
use crate::batch::Marker;
use crate::log::StorageError;

/// Why a marker is not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum MarkerError {
    /// The producer has a newer epoch already.
    #[error("the marker's epoch is older than the producer's")]
    StaleEpoch,
    /// A newer coordinator has ended a transaction of the producer.
    #[error("the marker's coordinator was replaced")]
    StaleCoordinator,
    /// The partition was deleted.
    #[error("the partition was deleted")]
    Gone,
    /// What the records are stored on fails; the broker's log says how.
    #[error("the marker cannot be stored")]
    Storage,
}

impl From<StorageError> for MarkerError {
    fn from(error: StorageError) -> Self {
        report(&error);
        Self::Storage
    }
}

impl Partition {
    /// Appends a marker: the producer's transaction is over and readers may pass it.
    ///
    /// A marker for a producer without an open transaction is appended too: from then on the
    /// producer's older epochs are refused.
    ///
    /// # Errors
    /// [`MarkerError`]; nothing was appended then.
    pub(crate) fn end_transaction(
        &self,
        marker: &Marker,
        now_millis: i64,
    ) -> Result<(), MarkerError> {
        let mut core = self.core.lock();
        if core.deleted {
            return Err(MarkerError::Gone);
        }
        if core.offline {
            return Err(MarkerError::Storage);
        }
        core.producers.check_marker(marker)?;
        let stable_before = core.visible_end(Isolation::ReadCommitted);
        let batch = marker.batch(now_millis);
        let size = batch.bytes.len();
        let offset = core.place(&[batch], None, now_millis)?;
        if let Some(first_offset) = core.producers.ended(marker, now_millis) {
            let aborted = core.transactions.end(marker, first_offset, offset);
            if let Some(entry) = aborted {
                core.log.keep_aborted(&entry);
            }
        }
        core.arrived(size);
        if core.visible_end(Isolation::ReadCommitted) != stable_before {
            core.wake_committed();
        }
        Ok(())
    }

    /// The producers that this partition remembers, by id.
    pub(crate) fn active_producers(&self) -> Vec<ActiveProducer> {
        self.core.lock().producers.active()
    }
}

#[cfg(test)]
#[path = "marker_tests.rs"]
mod tests;
