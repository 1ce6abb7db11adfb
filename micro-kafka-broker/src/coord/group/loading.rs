//! Reading the groups from their topic: at the start, and where memory has run ahead of it.

use super::replay::GroupReplay;
use super::seats::Seats;
use crate::coord::Unavailable;

impl Seats {
    /// Whether what is known of a group, or without one of all groups, is true.
    pub(super) fn check_loaded(&self, group_id: Option<&str>) -> Result<(), Unavailable> {
        let loading = self.loading().read();
        let concerned = match group_id {
            _ if loading.is_empty() => false,
            Some(id) => loading.contains(&self.journal().partition_of(id)),
            None => true,
        };
        match concerned {
            true => Err(Unavailable::Loading),
            false => Ok(()),
        }
    }

    /// From now on nobody is answered, until the groups have been read; false when there are none.
    pub(super) fn begin_loading(&self) -> bool {
        let exist = self.journal().exists();
        if exist {
            let all = 0..self.journal().partition_count();
            self.loading().write().extend(all);
        }
        exist
    }

    /// Reads all partitions that are to be read.
    pub(super) fn load(&self) {
        let partitions = self.loading().read().clone();
        for partition in partitions {
            self.load_partition(partition);
        }
    }

    /// Replaces what is known of a partition's groups by what is written down.
    pub(super) fn reload(&self, partition: i32) {
        if !self.loading().write().insert(partition) {
            // Somebody else is at it.
            return;
        }
        self.unload(|of| of == partition);
        self.load_partition(partition);
    }

    fn load_partition(&self, partition: i32) {
        let mut replay = GroupReplay::new(self.limits(), self.now());
        match self.journal().read(partition, |entry| replay.take(entry)) {
            Ok(()) => {
                let loaded = replay.finish();
                tracing::debug!(partition, groups = loaded.groups.len(), "groups loaded");
                self.seat_loaded(loaded);
                self.loading().write().remove(&partition);
            }
            // Better no answer than a wrong one: the partition stays unavailable.
            Err(error) => tracing::error!(
                topic = self.journal().name(), partition, %error,
                "the groups of a partition cannot be loaded; restart the broker once its log can be read"
            ),
        }
    }
}
