//! What there is to see of a partition, without reading it.

use super::Partition;
use crate::log::AbortedEntry;

impl Partition {
    /// The first offset, the one before which no transaction is open, and that after the last
    /// record.
    pub(crate) fn bounds(&self) -> (i64, i64, i64) {
        let core = self.core.lock();
        let (start, end) = (core.log.start_offset(), core.log.end_offset());
        (start, core.last_stable_offset(), end)
    }

    /// All aborted transactions that are remembered, in the order in which they ended.
    pub(crate) fn aborted(&self) -> Vec<AbortedEntry> {
        self.core.lock().transactions.aborted_since(0)
    }
}
