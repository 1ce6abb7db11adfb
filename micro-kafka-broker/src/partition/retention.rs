//! The front of a partition: what expires and what clients delete.

use super::core::Core;
use super::error::report;
use super::{Isolation, Partition};
use crate::log::{Retention, StorageError};

/// What was dropped from the front of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dropped {
    /// How many segments.
    pub(crate) segments: usize,
    /// Where the log begins now.
    pub(crate) start_offset: i64,
}

/// Why records are not deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DeleteError {
    /// The offset is negative, or not reached by the high watermark.
    #[error("offset {offset} is not within [0, {high_watermark}]")]
    OutOfRange {
        /// What was asked for.
        offset: i64,
        /// The offset up to which records can be deleted.
        high_watermark: i64,
    },
    /// The partition was deleted.
    #[error("the partition was deleted")]
    Gone,
    /// What the records are stored on fails; the broker's log says how.
    #[error("the records cannot be deleted")]
    Storage,
}

impl From<StorageError> for DeleteError {
    fn from(error: StorageError) -> Self {
        report(&error);
        Self::Storage
    }
}

impl Partition {
    /// Drops the segments that `retention` gives up.
    ///
    /// # Errors
    /// [`StorageError`] when no segment can be begun in the place of the last one.
    pub(crate) fn retain(
        &self,
        retention: Retention,
        now_millis: i64,
    ) -> Result<Dropped, StorageError> {
        let mut core = self.core.lock();
        let up_to = core.high_watermark();
        let start_offset = core.log.expired_before(retention, up_to, now_millis);
        let segments = core.raise_start(start_offset)?;
        Ok(Dropped {
            segments,
            start_offset,
        })
    }

    /// Forgets the producers that have not written since `before_millis` and have no transaction
    /// open; returns how many.
    pub(crate) fn forget_producers(&self, before_millis: i64) -> usize {
        self.core.lock().producers.expire(before_millis)
    }

    /// Deletes the records before `offset`, or before the high watermark for `None`; returns the
    /// partition's first offset.
    ///
    /// # Errors
    /// [`DeleteError`]; nothing was deleted then.
    pub(crate) fn delete_before(&self, offset: Option<i64>) -> Result<i64, DeleteError> {
        let mut core = self.core.lock();
        if core.deleted {
            return Err(DeleteError::Gone);
        }
        let high_watermark = core.high_watermark();
        let offset = offset.unwrap_or(high_watermark);
        if !(0..=high_watermark).contains(&offset) {
            return Err(DeleteError::OutOfRange {
                offset,
                high_watermark,
            });
        }
        core.raise_start(offset)?;
        Ok(core.log.start_offset())
    }
}

impl Core {
    /// Lets the partition begin at `offset`, with all that is known about records before it
    /// forgotten; returns how many segments went.
    fn raise_start(&mut self, offset: i64) -> Result<usize, StorageError> {
        if offset <= self.log.start_offset() {
            return Ok(0);
        }
        let stable_before = self.visible_end(Isolation::ReadCommitted);
        let segments = self.log.raise_start(offset)?;
        let start = self.log.start_offset();
        self.epochs.forget_before(start);
        self.transactions.forget_before(start);
        // What an open transaction holds back ends where the log begins.
        if self.visible_end(Isolation::ReadCommitted) != stable_before {
            self.wake_committed();
        }
        Ok(segments)
    }
}

#[cfg(test)]
#[path = "retention_tests.rs"]
mod tests;
