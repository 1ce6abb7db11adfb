//! The offsets of a group: committed ones, and those that wait for their transaction's end.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{CommittedOffset, PartitionKey};

/// An offset with its place in the order of all commits.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stored {
    committed: CommittedOffset,
    order: u64,
}

/// What a group has to say about a partition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct OffsetView {
    /// The offset committed last.
    pub(crate) committed: Option<CommittedOffset>,
    /// Whether an open transaction may change it.
    pub(crate) unstable: bool,
}

/// Committed offsets, and by producer those of open transactions.
#[derive(Debug, Default)]
pub(super) struct StoredOffsets {
    committed: HashMap<PartitionKey, Stored>,
    pending: BTreeMap<i64, HashMap<PartitionKey, Stored>>,
    next_order: u64,
}

impl StoredOffsets {
    /// Commits an offset.
    pub(super) fn commit(&mut self, key: PartitionKey, committed: CommittedOffset) {
        let stored = self.in_order(committed);
        self.committed.insert(key, stored);
    }

    /// Keeps an offset until the producer's transaction ends.
    pub(super) fn hold(&mut self, producer_id: i64, key: PartitionKey, committed: CommittedOffset) {
        let stored = self.in_order(committed);
        let pending = self.pending.entry(producer_id).or_default();
        pending.insert(key, stored);
    }

    /// Ends a producer's transaction: its offsets are committed, unless a later commit has
    /// overtaken them, or forgotten.
    pub(super) fn end(&mut self, producer_id: i64, committed: bool) {
        let pending = self.pending.remove(&producer_id);
        for (key, stored) in pending.into_iter().flatten().filter(|_| committed) {
            let newer = |known: &Stored| known.order > stored.order;
            if !self.committed.get(&key).is_some_and(newer) {
                self.committed.insert(key, stored);
            }
        }
    }

    /// What there is to say about a partition.
    pub(super) fn view(&self, key: &PartitionKey) -> OffsetView {
        OffsetView {
            committed: self.get(key).cloned(),
            unstable: self.is_unstable(key),
        }
    }

    /// All partitions with a committed offset.
    pub(super) fn views(&self) -> BTreeMap<PartitionKey, OffsetView> {
        let keys = self.committed.keys();
        keys.map(|key| (key.clone(), self.view(key))).collect()
    }

    /// The committed offset of a partition.
    pub(super) fn get(&self, key: &PartitionKey) -> Option<&CommittedOffset> {
        self.committed.get(key).map(|stored| &stored.committed)
    }

    /// Whether there is nothing to remember.
    pub(super) fn is_empty(&self) -> bool {
        self.committed.is_empty() && self.pending.is_empty()
    }

    /// The partitions of a topic with an offset, pending ones too.
    pub(super) fn of_topic(&self, topic: &str) -> BTreeSet<PartitionKey> {
        let of_topic = |key: &&PartitionKey| *key.topic == *topic;
        self.keys().filter(of_topic).cloned().collect()
    }

    /// The partitions with an offset, pending ones too.
    pub(super) fn all(&self) -> BTreeSet<PartitionKey> {
        self.keys().cloned().collect()
    }

    /// Forgets a partition's offset, a pending one too.
    pub(super) fn forget(&mut self, key: &PartitionKey) {
        self.committed.remove(key);
        for pending in self.pending.values_mut() {
            pending.remove(key);
        }
    }

    /// Whether there is an offset to forget.
    pub(super) fn contains(&self, key: &PartitionKey) -> bool {
        self.committed.contains_key(key) || self.is_unstable(key)
    }

    /// The producers whose transactions hold offsets of the group.
    #[cfg(test)]
    pub(super) fn open_producers(&self) -> impl Iterator<Item = i64> {
        self.pending.keys().copied()
    }

    fn keys(&self) -> impl Iterator<Item = &PartitionKey> {
        let pending = self.pending.values().flat_map(HashMap::keys);
        self.committed.keys().chain(pending)
    }

    /// Whether an open transaction may change a partition's offset.
    pub(super) fn is_unstable(&self, key: &PartitionKey) -> bool {
        self.pending
            .values()
            .any(|pending| pending.contains_key(key))
    }

    fn in_order(&mut self, committed: CommittedOffset) -> Stored {
        self.next_order += 1;
        Stored {
            committed,
            order: self.next_order,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> PartitionKey {
        PartitionKey {
            topic: "t".into(),
            partition: 0,
        }
    }

    fn at(offset: i64) -> CommittedOffset {
        CommittedOffset {
            offset,
            ..CommittedOffset::default()
        }
    }

    fn view(offsets: &StoredOffsets) -> (Option<i64>, bool) {
        let view = offsets.view(&key());
        (view.committed.map(|c| c.offset), view.unstable)
    }

    #[test]
    fn pending_offsets_count_from_the_commit_on() {
        let mut offsets = StoredOffsets::default();
        offsets.hold(1, key(), at(5));
        assert_eq!(view(&offsets), (None, true));
        offsets.end(2, true);
        assert_eq!(view(&offsets), (None, true));
        offsets.end(1, true);
        assert_eq!(view(&offsets), (Some(5), false));
    }

    #[test]
    fn aborted_offsets_leave_nothing_behind() {
        let mut offsets = StoredOffsets::default();
        offsets.hold(1, key(), at(5));
        offsets.end(1, false);
        assert!(offsets.is_empty());
    }

    #[test]
    fn a_later_commit_is_not_undone_by_an_older_transaction() {
        let mut offsets = StoredOffsets::default();
        offsets.hold(1, key(), at(5));
        offsets.hold(2, key(), at(6));
        offsets.commit(key(), at(7));
        offsets.end(2, true);
        assert_eq!(view(&offsets), (Some(7), true));
        offsets.hold(3, key(), at(8));
        offsets.end(3, true);
        offsets.end(1, true);
        assert_eq!(view(&offsets), (Some(8), false));
    }

    #[test]
    fn a_deleted_topic_takes_its_pending_offsets_along() {
        let mut offsets = StoredOffsets::default();
        offsets.hold(1, key(), at(5));
        for key in offsets.of_topic("t") {
            offsets.forget(&key);
        }
        assert_eq!(view(&offsets), (None, false));
        offsets.end(1, true);
        assert!(offsets.is_empty());
    }
}
