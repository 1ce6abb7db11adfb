//! Whose place a new session takes.

use std::time::Duration;

use super::*;
use crate::session::SessionError;

const SECOND: Duration = Duration::from_secs(1);
/// Longer than a session is protected.
const LONG: Duration = Duration::from_secs(121);

fn is_open(sessions: &FetchSessions, id: i32, epoch: i32, now: Instant) -> bool {
    match sessions.open(request(id, epoch, []), now) {
        Ok(_) => true,
        Err(error) => {
            assert_eq!(error, SessionError::NotFound);
            false
        }
    }
}

#[test]
fn a_young_session_keeps_its_place() {
    let (sessions, now) = (FetchSessions::new(1), Instant::now());
    let first = open(&sessions, 1, false, now);
    assert_eq!(open(&sessions, 9, false, now + 100 * SECOND), 0);
    assert!(is_open(&sessions, first, 1, now + 100 * SECOND));
}

#[test]
fn an_unused_session_makes_room_for_any_other() {
    let (sessions, now) = (FetchSessions::new(2), Instant::now());
    let (unused, used) = (
        open(&sessions, 9, true, now),
        open(&sessions, 1, false, now),
    );
    assert!(is_open(&sessions, used, 1, now + LONG));
    assert!(open(&sessions, 1, false, now + LONG) > 0);
    assert!(!is_open(&sessions, unused, 1, now + LONG));
    assert!(is_open(&sessions, used, 2, now + LONG));
}

#[test]
fn an_old_session_in_use_makes_room_for_a_larger_one_only() {
    let (sessions, now) = (FetchSessions::new(1), Instant::now());
    let old = open(&sessions, 5, false, now);
    let later = now + LONG;
    assert!(is_open(&sessions, old, 1, later));
    for partitions in [4, 5] {
        assert_eq!(open(&sessions, partitions, false, later), 0);
    }
    assert!(open(&sessions, 6, false, later) > 0);
    assert!(!is_open(&sessions, old, 2, later));
    assert_eq!((sessions.len(), sessions.partitions()), (1, 6));
}

#[test]
fn a_follower_takes_the_place_of_the_smallest_consumer() {
    let (sessions, now) = (FetchSessions::new(3), Instant::now());
    let follower = open(&sessions, 1, true, now);
    let (large, small) = (
        open(&sessions, 9, false, now),
        open(&sessions, 8, false, now),
    );
    assert!(open(&sessions, 1, true, now) > 0);
    assert!(!is_open(&sessions, small, 1, now));
    assert!(open(&sessions, 1, true, now) > 0);
    assert!(!is_open(&sessions, large, 1, now));
    assert_eq!(open(&sessions, 9, true, now), 0, "all are followers now");
    assert!(is_open(&sessions, follower, 1, now));
}

#[test]
fn without_slots_there_are_no_sessions() {
    let sessions = FetchSessions::new(0);
    assert_eq!(open(&sessions, 1, true, Instant::now()), 0);
}

#[test]
fn all_sessions_together_have_a_bounded_number_of_partitions() {
    let (sessions, now) = (FetchSessions::new(10), Instant::now());
    let id = open(&sessions, 120_000, false, now);
    assert!(id > 0);
    assert_eq!(open(&sessions, 120_000, false, now), 0);
    let more = sessions.open(request(id, 1, 120_000..210_000), now);
    assert_eq!(more.unwrap_err(), SessionError::NotFound);
    assert_eq!((sessions.len(), sessions.partitions()), (0, 0));
}
