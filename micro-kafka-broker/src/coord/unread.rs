//! The partitions of a coordinator's topic that are still to be read.

use std::collections::BTreeSet;

use parking_lot::RwLock;

use super::{Entry, Journal, Unavailable};

/// The partitions whose state is not known: at the start, and where memory has run ahead of what is
/// written down.
#[derive(Debug, Default)]
pub(super) struct Unread(RwLock<BTreeSet<i32>>);

impl Unread {
    /// Whether what is known of an id, or without one of all ids, is true.
    pub(super) fn check(&self, journal: &Journal, id: Option<&str>) -> Result<(), Unavailable> {
        let unread = self.0.read();
        let concerned = match id {
            _ if unread.is_empty() => false,
            Some(id) => unread.contains(&journal.partition_of(id)),
            None => true,
        };
        match concerned {
            true => Err(Unavailable::Loading),
            false => Ok(()),
        }
    }

    /// All partitions, if there are any: false when the topic does not exist.
    pub(super) fn begin(&self, journal: &Journal) -> bool {
        let exist = journal.exists();
        if exist {
            self.0.write().extend(0..journal.partition_count());
        }
        exist
    }

    /// What is to be read.
    pub(super) fn partitions(&self) -> BTreeSet<i32> {
        self.0.read().clone()
    }

    /// One more; false when it is to be read already, by somebody else.
    pub(super) fn add(&self, partition: i32) -> bool {
        self.0.write().insert(partition)
    }

    /// Reads a partition into `replay` and has it seated; one that cannot be read stays unavailable,
    /// since no answer is better than a wrong one.
    pub(super) fn read<R>(
        &self,
        journal: &Journal,
        partition: i32,
        mut replay: R,
        take: impl Fn(&mut R, Entry),
        seat: impl FnOnce(R),
    ) {
        match journal.read(partition, |entry| take(&mut replay, entry)) {
            Ok(()) => {
                seat(replay);
                self.0.write().remove(&partition);
            }
            Err(error) => tracing::error!(
                topic = journal.name(), partition, %error,
                "what the topic keeps cannot be loaded; restart the broker once its log can be read"
            ),
        }
    }
}
