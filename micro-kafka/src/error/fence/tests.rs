//! What fences say when writes are lost, late, doubled or compacted.

use std::time::Duration;

use super::place::{FencePlace, FencedCopy, Origin};
use super::table::{Announced, CopyState, Part, Progress, Says, Table};

const NOW: Duration = Duration::from_secs(1_000_000);

fn place() -> FencePlace {
    FencePlace::new("orders", 3, b"anna|1")
}

fn announced(token: u64, offset: i64) -> Says {
    Says::Announced(Announced {
        token,
        origin: Origin { offset, millis: 7 },
        since: NOW,
    })
}

fn progress(token: u64, reach: i64, attempts: u32) -> Says {
    Says::Progress(Progress {
        token,
        reach,
        attempts,
        due: 5,
    })
}

fn copy(token: u64, origin: i64) -> FencedCopy {
    FencedCopy {
        place: place(),
        token,
        origin,
    }
}

/// A table that has read these, one after the other.
fn table(said: &[Says]) -> Table {
    let mut table = Table::default();
    for (at, says) in (0..).zip(said) {
        table.read(at);
        table.note(at, &place(), *says, NOW);
    }
    table
}

#[test]
fn what_is_written_is_read() {
    for says in [announced(12, 34), progress(12, -1, 3), progress(12, 34, 0)] {
        let text = says.text();
        let text = text.as_deref().map(str::as_bytes);
        assert_eq!(Says::read(says.part(), text), Some(says));
    }
    let nothing = Says::read(Part::Progress, None);
    assert_eq!(nothing, Some(Says::Nothing(Part::Progress)));
    assert_eq!(Says::read(Part::Progress, Some(b"1 2 3")), None);
    let place = place();
    assert_eq!(FencePlace::read(place.bytes()), Some(place.clone()));
    assert_eq!(place.parts(), Some(("orders", 3, &b"anna|1"[..])));
}

#[test]
fn a_key_is_fenced_until_its_last_copy_is_finished() {
    let first = [announced(1, 10), progress(1, -1, 2)];
    assert!(table(&first).is_up(&place()));
    let parked = [announced(1, 10), announced(2, 11), progress(1, 10, 0)];
    assert!(table(&parked).is_up(&place()));
    let done = [announced(1, 10), announced(2, 11), progress(2, 11, 0)];
    assert!(!table(&done).is_up(&place()));
    assert_eq!(table(&parked).fenced("orders", 3), 1);
    assert_eq!(table(&done).fenced("orders", 3), 0);
}

#[test]
fn a_copy_that_was_never_published_holds_nothing_up() {
    // Its announcement was stored and answered by an error; the next one of its key is parked.
    let lost = [announced(1, 10), announced(2, 11), progress(2, 11, 0)];
    let table = table(&lost);
    assert!(!table.is_up(&place()));
    assert_eq!(table.copy(&copy(1, 10)), CopyState::Finished);
}

#[test]
fn a_second_copy_is_skipped_by_proof_only() {
    let table = table(&[announced(5, 20), progress(5, 20, 0)]);
    assert_eq!(table.copy(&copy(5, 20)), CopyState::Finished);
    assert_eq!(table.copy(&copy(4, 19)), CopyState::Finished);
    // Someone who had lost the partition has given a token beyond: that says nothing of this one.
    assert_eq!(table.copy(&copy(4, 21)), CopyState::AsItSays);
    assert_eq!(table.copy(&copy(6, 20)), CopyState::AsItSays);
    let unknown = Table::default().copy(&copy(5, 20));
    assert_eq!(unknown, CopyState::AsItSays);
}

#[test]
fn attempts_are_known_elsewhere() {
    let table = table(&[announced(5, 20), progress(5, 19, 3)]);
    let tried = CopyState::Tried {
        attempts: 3,
        due: 5,
    };
    assert_eq!(table.copy(&copy(5, 20)), tried);
    assert_eq!(table.copy(&copy(4, 19)), CopyState::Finished);
}

#[test]
fn what_comes_late_takes_nothing_back() {
    let late = [
        announced(1, 10),
        announced(2, 11),
        announced(1, 10),
        progress(2, 11, 0),
        progress(1, 10, 2),
    ];
    let mut table = table(&late);
    assert!(!table.is_up(&place()));
    assert_eq!(table.beyond(&place()), 3);
    // Own records that are acknowledged after they were read.
    table.acknowledged(1, &place(), announced(9, 9), NOW);
    assert!(!table.is_up(&place()));
    // Who forgets a key does not know that it is fenced again.
    table.note(5, &place(), announced(3, 12), NOW);
    table.note(6, &place(), Says::Nothing(Part::Announced), NOW);
    assert!(table.is_up(&place()));
}

#[test]
fn what_is_finished_is_forgotten_in_two_steps() {
    let mut table = table(&[announced(1, 10), progress(1, 10, 0)]);
    assert_eq!(table.take_spent(), [place()]);
    assert!(table.is_over(&place(), Part::Announced));
    assert!(!table.is_over(&place(), Part::Progress));
    table.note(2, &place(), Says::Nothing(Part::Announced), NOW);
    assert_eq!(table.copy(&copy(1, 10)), CopyState::Finished);
    // A day later, or when there are many.
    assert!(table.take_old(1, NOW).is_empty());
    assert_eq!(table.take_old(0, NOW), [place()]);
    assert!(table.is_over(&place(), Part::Progress));
    table.note(3, &place(), Says::Nothing(Part::Progress), NOW);
    assert_eq!(table.beyond(&place()), 0);
}

#[test]
fn a_topic_that_was_made_anew_begins_with_nothing() {
    let mut table = table(&[announced(1, 10), announced(2, 11)]);
    table.read(0);
    assert!(!table.is_up(&place()));
    assert_eq!(table.up(), 0);
}

#[test]
fn what_may_have_a_copy_is_read_again_though_many_keys_are_fenced() {
    let table = table(&[announced(1, 10), announced(2, 11)]);
    assert_eq!(table.frontier("orders", 3), Some(11));
    assert_eq!(table.frontier("orders", 4), None);
}
