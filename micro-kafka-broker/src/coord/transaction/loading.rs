//! Reading the transactional ids from their topic: at the start, and where memory has run ahead
//! of it.

use super::replay::TransactionReplay;
use super::seats::Seats;
use crate::coord::Unavailable;

impl Seats {
    /// Whether what is known of an id, or without one of all ids, is true.
    pub(super) fn check_loaded(&self, id: Option<&str>) -> Result<(), Unavailable> {
        self.unread.check(self.journal(), id)
    }

    /// From now on nobody is answered, until all has been read; false when there is nothing.
    pub(super) fn begin_loading(&self) -> bool {
        self.unread.begin(self.journal())
    }

    /// Reads all partitions that are to be read.
    pub(super) fn load(&self) {
        for partition in self.unread.partitions() {
            self.load_partition(partition);
        }
    }

    /// Replaces what is known of a partition's ids by what is written down.
    pub(super) fn reload(&self, partition: i32) {
        if self.unread.add(partition) {
            self.unload(|of| of == partition);
            self.load_partition(partition);
        }
    }

    fn load_partition(&self, partition: i32) {
        let replay = TransactionReplay::default();
        let (journal, take) = (self.journal(), TransactionReplay::take);
        self.unread
            .read(journal, partition, replay, take, |replay| {
                let loaded = replay.finish(self.limits(), self.ids(), self.now());
                tracing::debug!(partition, ids = loaded.len(), "transactional ids loaded");
                for (id, transaction) in loaded {
                    self.seat_loaded(id, transaction);
                }
            });
    }
}
