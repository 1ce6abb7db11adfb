//! Lives of processes one after the other, against what a group keeps of them: an offset and a note.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::process::Process;
use super::{Opened, QuarantineSpec, Watch};

/// How a process ends that no record kills.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// `kill -9`, after so many records.
    Killed(i64),
    /// A stop, or a revocation, after so many records.
    Clean(i64),
    /// When all is done.
    Never,
}

/// A partition and its group.
#[derive(Debug)]
struct World {
    end: i64,
    poison: Option<i64>,
    committed: i64,
    note: Option<String>,
    lives: u32,
    deaths: u32,
    handled: BTreeSet<i64>,
    quarantined: Vec<i64>,
}

impl World {
    fn new(end: i64, poison: Option<i64>) -> Self {
        Self {
            end,
            poison,
            committed: 0,
            note: None,
            lives: 0,
            deaths: 0,
            handled: BTreeSet::new(),
            quarantined: Vec::new(),
        }
    }

    fn commit(&mut self, offset: i64, note: Option<std::sync::Arc<str>>) {
        assert!(offset >= self.committed, "an offset falls");
        (self.committed, self.note) = (offset, note.map(|note| note.to_string()));
    }

    fn die(&mut self) -> bool {
        self.deaths += 1;
        false
    }

    /// A process with `window` records at work at once; whether all came to its end.
    fn live(&mut self, window: i64, end: End) -> bool {
        self.lives += 1;
        let process = Process::named(&format!("p{}", self.lives));
        let spec = QuarantineSpec::default();
        let (start, note) = (self.committed, self.note.clone());
        let mut watch = Watch::new(&process, spec, 5, Some(start), note.as_deref());
        if start == self.end {
            return true;
        }
        match watch.open(start, Some(self.end), 1_000) {
            Opened::Free => {}
            Opened::Noted(offset, note) => self.commit(offset, Some(note)),
            Opened::Suspicious => assert!(watch.is_suspicious()),
        }
        let mut left = match end {
            End::Killed(after) | End::Clean(after) => after,
            End::Never => i64::MAX,
        };
        let mut next = start;
        while next < self.end {
            if watch.is_suspicious() {
                if watch.evidence(next).is_some() {
                    self.quarantined.push(next);
                    next += 1;
                    watch.acquit();
                    self.commit(next, watch.note_at(next));
                    continue;
                }
                self.commit(next, watch.mark(next, next, 7));
            }
            let busy = if watch.is_suspicious() { 1 } else { window };
            if self
                .poison
                .is_some_and(|at| (next..next + busy).contains(&at))
            {
                return self.die();
            }
            if left == 0 {
                if matches!(end, End::Killed(_)) {
                    return self.die();
                }
                if let Some(note) = watch.note_of_clean_end(next) {
                    self.commit(next, Some(note));
                }
                return false;
            }
            left -= 1;
            self.handled.insert(next);
            next += 1;
            watch.passed(next);
            self.commit(next, watch.note_at(next));
        }
        true
    }
}

proptest! {
    #[test]
    fn the_poison_is_found_after_three_deaths_and_nothing_else_is(
        end in 1..60_i64, at in any::<prop::sample::Index>(), window in 1..80_i64,
    ) {
        let poison = i64::try_from(at.index(usize::try_from(end).unwrap())).unwrap();
        let mut world = World::new(end, Some(poison));
        let mut without_progress = 0;
        loop {
            let before = world.committed;
            if world.live(window, End::Never) {
                break;
            }
            without_progress = if world.committed == before { without_progress + 1 } else { 0 };
            prop_assert!(without_progress <= 3);
            prop_assert!(world.deaths <= 4, "one of them after some progress");
        }
        prop_assert_eq!(&world.quarantined, &[poison]);
        prop_assert_eq!(world.handled.len() + 1, usize::try_from(end).unwrap());
    }

    #[test]
    fn kills_and_stops_blame_nobody_where_there_is_progress(
        end in 1..200_i64, window in 1..80_i64,
        ends in prop::collection::vec((any::<bool>(), 1..5_i64), 0..80),
    ) {
        let mut world = World::new(end, None);
        for (killed, after) in ends {
            world.live(window, if killed { End::Killed(after) } else { End::Clean(after) });
        }
        while !world.live(window, End::Never) {}
        prop_assert!(world.quarantined.is_empty());
        prop_assert_eq!(world.handled.len(), usize::try_from(end).unwrap());
    }

    #[test]
    fn whatever_happens_a_record_costs_three_deaths(
        end in 1..30_i64, window in 1..40_i64,
        ends in prop::collection::vec((any::<bool>(), 0..3_i64), 0..80),
    ) {
        let mut world = World::new(end, None);
        for (killed, after) in ends {
            world.live(window, if killed { End::Killed(after) } else { End::Clean(after) });
        }
        prop_assert!(world.quarantined.len() * 3 <= usize::try_from(world.deaths).unwrap());
    }
}

#[test]
fn a_clean_end_begins_the_count_anew() {
    let mut world = World::new(10, None);
    for _ in 0..20 {
        world.live(5, End::Killed(0));
        world.live(5, End::Killed(0));
        assert!(!world.live(5, End::Clean(0)));
        assert_eq!(world.note.as_deref().unwrap_or_default(), "");
    }
    assert!(world.quarantined.is_empty());
}

#[test]
fn what_others_noted_is_kept_until_the_offset_moves() {
    let mut world = World::new(10, None);
    world.note = Some("bitmap of another client".to_owned());
    world.live(5, End::Killed(0));
    assert!(
        world
            .note
            .as_deref()
            .is_some_and(|note| note.ends_with("over=bitmap of another client"))
    );
    world.live(5, End::Clean(0));
    assert_eq!(world.note.as_deref(), Some("bitmap of another client"));
    world.live(5, End::Clean(3));
    assert_eq!((world.committed, world.note.as_deref()), (3, Some("")));
}

#[test]
fn a_process_that_lost_its_partition_and_has_it_back_did_not_die() {
    let process = Process::named("a");
    let spec = QuarantineSpec::default();
    let mut watch = Watch::new(&process, spec, 5, Some(7), None);
    let Opened::Noted(7, note) = watch.open(7, None, 100) else {
        panic!("nothing to note");
    };
    let again = Watch::new(&process, spec, 6, Some(7), Some(&note));
    assert_eq!(again.deaths(), 0);
    let other = Watch::new(&Process::named("b"), spec, 6, Some(7), Some(&note));
    assert_eq!(other.deaths(), 1);
}

#[test]
fn nobody_is_blamed_for_deaths_where_there_was_no_record() {
    let mut note = None;
    for life in 0..10 {
        let process = Process::named(&format!("p{life}"));
        let spec = QuarantineSpec::default();
        let mut watch = Watch::new(&process, spec, 5, Some(7), note.as_deref());
        assert!(watch.deaths() <= 1);
        if life == 0 {
            // A record came, and was handled: the next one never did.
            let Opened::Noted(_, text) = watch.open(7, None, 100) else {
                panic!("nothing to note");
            };
            note = Some(text.to_string());
        }
    }
}
