//! What a partition knows of transactions: the open ones, and where aborted ones lie.

use std::collections::{BTreeSet, HashSet};
use std::ops::Range;

use crate::batch::{Marker, Verdict};
use crate::log::disk::AbortedEntry;

/// An aborted transaction as readers are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Aborted {
    /// The producer whose records are to be left out.
    pub(crate) producer_id: i64,
    /// Where they begin; they end at the producer's next abort marker.
    pub(crate) first_offset: i64,
}

/// The transactions of one partition.
#[derive(Debug, Default)]
pub(super) struct Transactions {
    /// First offsets of the open ones.
    open: BTreeSet<i64>,
    /// In the order of their markers.
    aborted: Vec<AbortedEntry>,
}

impl Transactions {
    /// The transactions as they were kept; open ones begin with the producers'.
    pub(super) fn kept(aborted: Vec<AbortedEntry>, open: impl IntoIterator<Item = i64>) -> Self {
        Self {
            open: open.into_iter().collect(),
            aborted,
        }
    }

    /// A transaction's first record was appended.
    pub(super) fn begin(&mut self, first_offset: i64) {
        self.open.insert(first_offset);
    }

    /// The first offset of the oldest open transaction.
    pub(super) fn first_open(&self) -> Option<i64> {
        self.open.first().copied()
    }

    /// A transaction's marker was appended at `marker_offset`; returns what is to be kept.
    pub(super) fn end(
        &mut self,
        marker: &Marker,
        first_offset: i64,
        marker_offset: i64,
    ) -> Option<AbortedEntry> {
        match marker.verdict {
            Verdict::Commit => {
                self.commit(first_offset);
                None
            }
            Verdict::Abort => {
                let aborted = Aborted {
                    producer_id: marker.producer_id,
                    first_offset,
                };
                Some(self.abort(aborted, marker_offset))
            }
        }
    }

    /// A transaction's commit marker was appended.
    fn commit(&mut self, first_offset: i64) {
        self.open.remove(&first_offset);
    }

    /// A transaction's abort marker was appended at `last_offset`; returns what is to be kept.
    fn abort(&mut self, aborted: Aborted, last_offset: i64) -> AbortedEntry {
        self.open.remove(&aborted.first_offset);
        let last_stable_offset = self.first_open().unwrap_or(last_offset + 1);
        let entry = AbortedEntry {
            producer_id: aborted.producer_id,
            first_offset: aborted.first_offset,
            last_offset,
            last_stable_offset,
        };
        self.aborted.push(entry);
        entry
    }

    /// Forgets the aborted ones that ended before the log's first offset.
    pub(super) fn forget_before(&mut self, start: i64) {
        let ended = self
            .aborted
            .partition_point(|entry| entry.last_offset < start);
        self.aborted.drain(..ended);
    }

    /// The aborted transactions that ended at `offset` or later.
    pub(super) fn aborted_since(&self, offset: i64) -> Vec<AbortedEntry> {
        let from = self
            .aborted
            .partition_point(|entry| entry.last_offset < offset);
        self.aborted[from..].to_vec()
    }

    /// Forgets the aborted ones that ended within `range`, but for those in `kept`.
    pub(super) fn retain_aborted(&mut self, range: Range<i64>, kept: &[AbortedEntry]) {
        let kept: HashSet<i64> = kept.iter().map(|span| span.last_offset).collect();
        self.aborted.retain(|entry| {
            !range.contains(&entry.last_offset) || kept.contains(&entry.last_offset)
        });
    }

    /// The aborted transactions that a reader from `offset` on must know of, where it may be given
    /// records before `end`. As in Kafka there may be some among them that it is not given.
    pub(super) fn aborted_in(&self, offset: i64, end: i64) -> Vec<Aborted> {
        let from = self
            .aborted
            .partition_point(|entry| entry.last_offset < offset);
        let mut found = Vec::new();
        for entry in &self.aborted[from..] {
            if entry.first_offset < end {
                found.push(Aborted {
                    producer_id: entry.producer_id,
                    first_offset: entry.first_offset,
                });
            }
            if entry.last_stable_offset >= end {
                break;
            }
        }
        found
    }

    /// Whether a transaction was aborted at `offset` or later.
    pub(super) fn has_aborted_since(&self, offset: i64) -> bool {
        let last = self.aborted.last();
        last.is_some_and(|entry| entry.last_offset >= offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aborted(producer_id: i64, first_offset: i64) -> Aborted {
        Aborted {
            producer_id,
            first_offset,
        }
    }

    #[test]
    fn readers_are_told_of_aborts_that_touch_what_they_read() {
        let mut transactions = Transactions::default();
        transactions.begin(0);
        transactions.begin(10);
        transactions.abort(aborted(2, 10), 13);
        transactions.begin(14);
        transactions.abort(aborted(3, 14), 20);
        transactions.abort(aborted(1, 0), 21);
        let told = |offset, end| {
            let told = transactions.aborted_in(offset, end);
            told.iter().map(|a| a.producer_id).collect::<Vec<_>>()
        };
        assert_eq!(told(0, 4), [1]);
        assert_eq!(told(10, 14), [2, 1]);
        assert_eq!(told(14, 18), [3, 1]);
        assert_eq!(told(21, 25), [1]);
        assert!(told(22, 26).is_empty());
        assert!(transactions.has_aborted_since(21));
        assert!(!transactions.has_aborted_since(22));
    }

    #[test]
    fn aborts_before_the_start_are_forgotten() {
        let mut transactions = Transactions::default();
        transactions.abort(aborted(1, 0), 5);
        transactions.abort(aborted(2, 3), 9);
        transactions.forget_before(6);
        let told = transactions.aborted_in(6, 10);
        assert_eq!(told, [aborted(2, 3)]);
    }

    #[test]
    fn the_oldest_open_transaction_is_the_first_that_began() {
        let mut transactions = Transactions::default();
        transactions.begin(3);
        transactions.begin(5);
        transactions.commit(5);
        assert_eq!(transactions.first_open(), Some(3));
        transactions.abort(aborted(1, 3), 7);
        assert_eq!(transactions.first_open(), None);
    }
}
