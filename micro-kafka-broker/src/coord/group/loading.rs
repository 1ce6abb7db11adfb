//! Reading the groups from their topic: at the start, and where memory has run ahead of it.

use super::replay::GroupReplay;
use super::seats::Seats;
use crate::coord::Unavailable;

impl Seats {
    /// Whether what is known of a group, or without one of all groups, is true.
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

    /// Replaces what is known of a partition's groups by what is written down.
    pub(super) fn reload(&self, partition: i32) {
        if self.unread.add(partition) {
            self.unload(|of| of == partition);
            self.load_partition(partition);
        }
    }

    fn load_partition(&self, partition: i32) {
        let _alone = self.reading.write();
        let replay = GroupReplay::new(self.limits(), self.now());
        let (journal, take) = (self.journal(), GroupReplay::take);
        self.unread
            .read(journal, partition, replay, take, |replay| {
                let loaded = replay.finish();
                tracing::debug!(partition, groups = loaded.groups.len(), "groups loaded");
                self.seat_loaded(loaded);
            });
    }
}
