//! Reading the transactional ids from their topic: at the start, and where memory has run ahead
//! of it.

use super::replay::TransactionReplay;
use super::seats::Seats;
use crate::coord::Unavailable;

impl Seats {
    /// Whether what is known of an id, or without one of all ids, is true.
    pub(super) fn check_loaded(&self, id: Option<&str>) -> Result<(), Unavailable> {
        let loading = self.loading().read();
        let concerned = match id {
            _ if loading.is_empty() => false,
            Some(id) => loading.contains(&self.journal().partition_of(id)),
            None => true,
        };
        match concerned {
            true => Err(Unavailable::Loading),
            false => Ok(()),
        }
    }

    /// From now on nobody is answered, until the ids have been read; false when there are none.
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

    /// Replaces what is known of a partition's ids by what is written down.
    pub(super) fn reload(&self, partition: i32) {
        if !self.loading().write().insert(partition) {
            // Somebody else is at it.
            return;
        }
        self.unload(|of| of == partition);
        self.load_partition(partition);
    }

    fn load_partition(&self, partition: i32) {
        let mut replay = TransactionReplay::default();
        match self.journal().read(partition, |entry| replay.take(entry)) {
            Ok(()) => {
                let loaded = replay.finish(self.limits(), self.ids(), self.now());
                tracing::debug!(partition, ids = loaded.len(), "transactional ids loaded");
                for (id, transaction) in loaded {
                    self.seat_loaded(id, transaction);
                }
                self.loading().write().remove(&partition);
            }
            // Better no answer than a wrong one: the partition stays unavailable.
            Err(error) => tracing::error!(
                topic = self.journal().name(), partition, %error,
                "the transactional ids of a partition cannot be loaded; restart the broker once its log can be read"
            ),
        }
    }
}
