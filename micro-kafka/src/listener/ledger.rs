//! Which records of a partition are finished, and up to where it may be committed.

use std::collections::VecDeque;

use crate::record::Record;

/// The records of one assignment of one partition that were begun: a dense window from the lowest
/// unfinished one on.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    window: VecDeque<Entry>,
    /// What the records of the window weigh together.
    bytes: usize,
    finished: Option<Position>,
    read: Option<i64>,
}

/// A position between records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    /// The offset after the last record before it.
    pub(super) offset: i64,
    /// The leader that this record was read from; -1 is unknown.
    pub(super) leader_epoch: i32,
}

impl Position {
    /// The position after a record.
    #[inline]
    pub(super) fn after(record: &Record) -> Self {
        Self {
            offset: record.offset() + 1,
            leader_epoch: record.leader_epoch(),
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    offset: i64,
    leader_epoch: i32,
    bytes: u32,
    finished: bool,
}

impl Ledger {
    /// A ledger of a partition that is read from `start` on.
    pub(super) fn new(start: Option<i64>) -> Self {
        Self {
            read: start,
            ..Self::default()
        }
    }

    /// Notes records up to `position` that were begun and finished one after the other, while
    /// nothing else was unfinished.
    pub(super) fn pass(&mut self, position: Position) {
        debug_assert!(self.window.is_empty(), "something is unfinished");
        self.read = Some(position.offset);
        self.finished = Some(position);
    }

    /// Everything before `position` counts as finished, though nothing was read.
    pub(super) fn start_at(&mut self, offset: i64) {
        self.finished = Some(Position {
            offset,
            leader_epoch: -1,
        });
    }

    /// Notes a record that is about to be handled. Offsets grow; they may skip. If they fall, the
    /// log was made anew, and what is known of the old one is void.
    pub(super) fn begin(&mut self, offset: i64, leader_epoch: i32, bytes: u32) {
        if self.window.back().is_some_and(|last| last.offset >= offset) {
            self.window.clear();
            self.bytes = 0;
        }
        self.read = Some(offset + 1);
        self.bytes += bytes as usize;
        self.window.push_back(Entry {
            offset,
            leader_epoch,
            bytes,
            finished: false,
        });
    }

    /// Notes that a record needs no more work; `false` if it was not waited for.
    pub(super) fn finish(&mut self, offset: i64) -> bool {
        let Some(index) = self.find(offset) else {
            return false;
        };
        let entry = &mut self.window[index];
        let waited_for = !entry.finished;
        entry.finished = true;
        while let Some(first) = self.window.front().filter(|entry| entry.finished) {
            self.finished = Some(Position {
                offset: first.offset + 1,
                leader_epoch: first.leader_epoch,
            });
            self.bytes -= first.bytes as usize;
            self.window.pop_front();
        }
        waited_for
    }

    /// Whether a record was begun and is not finished.
    pub(super) fn waits_for(&self, offset: i64) -> bool {
        self.find(offset)
            .is_some_and(|index| !self.window[index].finished)
    }

    /// Whether a record beyond this one is finished, so that the one holds back its commit.
    pub(super) fn has_finished_beyond(&self, offset: i64) -> bool {
        let mut later = self.window.iter().rev();
        later
            .by_ref()
            .take_while(|entry| entry.offset > offset)
            .any(|entry| entry.finished)
    }

    /// The lowest unfinished record that was begun.
    pub(super) fn lowest(&self) -> Option<i64> {
        self.window.front().map(|entry| entry.offset)
    }

    /// The position up to which every record is finished; `None` before the first one.
    pub(super) fn to_commit(&self) -> Option<Position> {
        self.finished
    }

    /// The offset after the last record that was begun, or where reading starts.
    pub(super) fn read_up_to(&self) -> Option<i64> {
        self.read
    }

    /// How many records lie from the lowest unfinished one to the last begun one.
    pub(super) fn len(&self) -> usize {
        self.window.len()
    }

    /// What these records weigh, finished ones among them included: while the lowest is in hand,
    /// they may share its memory.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    fn find(&self, offset: i64) -> Option<usize> {
        let first = self.window.front()?.offset;
        // Without gaps in the offsets the index is the distance.
        let guess = usize::try_from(offset.checked_sub(first)?).ok()?;
        if self
            .window
            .get(guess)
            .is_some_and(|entry| entry.offset == offset)
        {
            return Some(guess);
        }
        self.window
            .binary_search_by_key(&offset, |entry| entry.offset)
            .ok()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_commit_waits_for_the_slowest_record() {
        let mut ledger = Ledger::new(Some(10));
        for offset in [10, 11, 15] {
            ledger.begin(offset, 1, 10);
        }
        assert!(ledger.finish(15));
        assert!(ledger.finish(11));
        assert_eq!(ledger.to_commit(), None);
        assert!(ledger.finish(10));
        assert_eq!(ledger.to_commit().map(|p| p.offset), Some(16));
        assert!(!ledger.finish(10));
        assert_eq!((ledger.len(), ledger.bytes()), (0, 0));
    }

    #[test]
    fn a_log_that_was_made_anew_voids_the_old_one() {
        let mut ledger = Ledger::new(Some(10));
        ledger.begin(10, 1, 10);
        ledger.begin(0, 1, 7);
        assert!(!ledger.finish(10));
        assert_eq!((ledger.len(), ledger.bytes()), (1, 7));
        assert!(ledger.finish(0));
        assert_eq!(ledger.to_commit().map(|p| p.offset), Some(1));
    }

    proptest! {
        /// Against a plain map: the commit is never beyond an unfinished record, and always right
        /// behind the last one of the finished run.
        #[test]
        fn it_agrees_with_a_plain_map(
            gaps in prop::collection::vec(1..4_i64, 1..60),
            order in prop::collection::vec(any::<prop::sample::Index>(), 0..120),
        ) {
            let mut offset = 5;
            let offsets = gaps.iter().map(|gap| { offset += gap; offset }).collect::<Vec<_>>();
            let (mut ledger, mut model) = (Ledger::default(), BTreeMap::new());
            let mut begun = 0;
            for index in order {
                // Every other step begins a record, the rest finish any of those begun.
                if begun < offsets.len() && (begun == 0 || index.index(2) == 0) {
                    ledger.begin(offsets[begun], 0, 1);
                    model.insert(offsets[begun], false);
                    begun += 1;
                } else {
                    let offset = offsets[index.index(begun)];
                    let waited_for = model.insert(offset, true) == Some(false);
                    prop_assert_eq!(ledger.finish(offset), waited_for);
                }
                let run = model.iter().take_while(|(_, done)| **done).last().map(|(o, _)| o + 1);
                prop_assert_eq!(ledger.to_commit().map(|p| p.offset), run);
                let open = model.iter().skip_while(|(_, done)| **done).count();
                prop_assert_eq!((ledger.len(), ledger.bytes()), (open, open));
            }
        }
    }
}
