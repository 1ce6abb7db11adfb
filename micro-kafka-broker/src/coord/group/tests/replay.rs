//! What was written down gives the group again.

use proptest::prelude::*;

use super::harness::*;
use crate::batch::Verdict;
use crate::coord::Entry;
use crate::coord::group::replay::GroupReplay;
use crate::coord::group::{Change, Event, Group, GroupState, PartitionKey};
use crate::coord::transaction::Producer;

const GROUP: &str = "g";

impl Sim {
    /// The group as it comes back after a restart.
    fn replayed(&self, entries: impl IntoIterator<Item = Entry>) -> Option<Group> {
        let mut replay = GroupReplay::new(limits(), self.moment());
        for entry in entries {
            replay.take(entry);
        }
        let mut loaded = replay.finish();
        let producers: Vec<_> = loaded.open.keys().copied().collect();
        let group = loaded.groups.remove(GROUP);
        assert!(loaded.groups.is_empty());
        if let Some(group) = &group {
            let open: Vec<_> = group.offsets.open_producers().collect();
            assert!(open.iter().all(|id| producers.contains(id)));
        }
        group
    }

    fn entries(&self) -> impl Iterator<Item = Entry> {
        self.changes.iter().map(|change| {
            let producer = match change {
                Change::Held(producer, ..) => Some(*producer),
                _ => None,
            };
            Entry::Record(change.record(GROUP).unwrap(), producer)
        })
    }

    /// Members come back as they were when the last rebalance ended, and nothing has changed in a
    /// settled group since.
    pub(super) fn check_replay(&self) {
        let Some(replayed) = self.replayed(self.entries()) else {
            assert!(self.group.is_forgotten() || !self.group.exists);
            return;
        };
        assert_eq!(replayed.offsets(), self.group.offsets());
        let last = self.changes.iter().rev().find_map(|change| match change {
            Change::Generation(value) => Some(value),
            _ => None,
        });
        // A group that has only kept offsets is not written down itself.
        let unborn = Group::new(limits()).metadata();
        assert_eq!(&replayed.metadata(), last.unwrap_or(&unborn));
        let settled = matches!(self.group.state(), GroupState::Empty | GroupState::Stable);
        if settled {
            assert_eq!(replayed.metadata(), self.group.metadata());
            assert_eq!(replayed.state(), self.group.state());
        }
    }
}

#[derive(Debug, Clone)]
enum Act {
    Commit(i32, i64),
    Hold(i64, i32, i64),
    End(i64, bool),
    DeleteOffset(i32),
    DeleteTopic(i32),
    CleanUp,
    Delete,
}

fn act() -> impl Strategy<Value = Act> {
    let producer = 0..3i64;
    prop_oneof![
        4 => (0..4, 0..100i64).prop_map(|(partition, offset)| Act::Commit(partition, offset)),
        6 => (producer.clone(), 0..4, 0..100i64).prop_map(|(p, index, offset)| Act::Hold(p, index, offset)),
        4 => (producer, any::<bool>()).prop_map(|(p, committed)| Act::End(p, committed)),
        1 => (0..4).prop_map(Act::DeleteOffset),
        1 => (0..4).prop_map(Act::DeleteTopic),
        1 => Just(Act::CleanUp),
        1 => Just(Act::Delete),
    ]
}

/// Two partitions each of two topics.
fn key(index: i32) -> PartitionKey {
    PartitionKey {
        topic: if index < 2 { "t".into() } else { "u".into() },
        partition: index % 2,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn offsets_come_back_with_their_transactions(acts in proptest::collection::vec(act(), 1..60)) {
        let mut sim = Sim::new();
        let mut entries = Vec::new();
        for act in acts {
            let seen = sim.changes.len();
            let mut marker = None;
            let nobody = caller(-1, "");
            let commit = |index, offset| {
                let mut commit = commit_of("", offset);
                commit.key = key(index);
                vec![commit]
            };
            match act {
                Act::Commit(index, offset) => {
                    sim.send(|t| Event::Commit(t, nobody, commit(index, offset)));
                }
                Act::Hold(id, index, offset) => {
                    let producer = Producer { id, epoch: 0 };
                    sim.send(|t| Event::CommitInTransaction(t, nobody, producer, commit(index, offset)));
                }
                Act::End(id, committed) => {
                    let verdict = if committed { Verdict::Commit } else { Verdict::Abort };
                    sim.step(Event::EndTransaction(id, committed));
                    marker = Some(Entry::Marker(id, verdict));
                }
                Act::DeleteOffset(index) => {
                    sim.send(|t| Event::DeleteOffsets(t, vec![key(index)]));
                }
                Act::DeleteTopic(index) => sim.step(Event::TopicDeleted(key(index).topic)),
                Act::CleanUp => sim.step(Event::CleanUp),
                Act::Delete => {
                    sim.send(Event::Delete);
                }
            }
            entries.extend(sim.entries().skip(seen));
            entries.extend(marker);
            let replayed = sim.replayed(entries.clone());
            let (exists, offsets) = replayed.map_or_else(Default::default, |g| (true, g.offsets()));
            prop_assert_eq!(exists, !sim.group.is_forgotten());
            prop_assert_eq!(offsets, sim.group.offsets());
        }
    }
}
