//! What there is to see of a partition, without reading it.

use super::{Isolation, Partition};
use crate::log::AbortedEntry;

/// A partition's figures at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Glance {
    /// The first offset.
    pub(crate) start_offset: i64,
    /// The offset after the last record.
    pub(crate) end_offset: i64,
    /// The offset before which no transaction is open.
    pub(crate) last_stable_offset: i64,
    /// Bytes of all records.
    pub(crate) size: usize,
    /// Producers that it remembers.
    pub(crate) producers: usize,
    /// Whether its storage fails.
    pub(crate) offline: bool,
}

impl Partition {
    /// The figures now.
    pub(crate) fn glance(&self) -> Glance {
        let core = self.core.lock();
        Glance {
            start_offset: core.log.start_offset(),
            end_offset: core.log.end_offset(),
            last_stable_offset: core.visible_end(Isolation::ReadCommitted),
            size: core.log.size(),
            producers: core.producers.active().len(),
            offline: core.offline,
        }
    }

    /// All aborted transactions that are remembered, in the order in which they ended.
    pub(crate) fn aborted(&self) -> Vec<AbortedEntry> {
        self.core.lock().transactions.aborted_since(0)
    }
}
