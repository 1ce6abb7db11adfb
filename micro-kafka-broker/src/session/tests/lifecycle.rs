//! How a session begins, goes on and ends.

use super::*;
use crate::session::SessionError;

#[test]
fn only_what_has_changed_is_told() {
    let (sessions, now) = (FetchSessions::new(10), Instant::now());
    let id = open(&sessions, 3, false, now);
    assert!(id > 0);
    let next = sessions.open(request(id, 1, []), now).unwrap();
    let grown = |index| ends_at(if index == 1 { 5 } else { 0 });
    assert_eq!(answer(&sessions, next, grown, now), (id, vec![1]));
    let next = sessions.open(request(id, 2, []), now).unwrap();
    assert_eq!(answer(&sessions, next, grown, now), (id, vec![]));
    let next = sessions.open(request(id, 3, [3]), now).unwrap();
    assert_eq!(answer(&sessions, next, grown, now), (id, vec![3]), "new");
    let trimmed = |index| Told {
        log_start_offset: i64::from(index == 2),
        ..grown(index)
    };
    let next = sessions.open(request(id, 4, []), now).unwrap();
    assert_eq!(answer(&sessions, next, trimmed, now), (id, vec![2]));
}

#[test]
fn errors_and_partings_are_told_each_time_and_their_end_once() {
    let (sessions, now) = (FetchSessions::new(10), Instant::now());
    let id = open(&sessions, 1, false, now);
    let error = Told {
        error: true,
        log_start_offset: -1,
        ..ends_at(-1)
    };
    let diverging = Told {
        diverges: true,
        ..ends_at(0)
    };
    let steps = [error, error, ends_at(0), diverging, diverging, ends_at(0)];
    let told = [true, true, true, true, true, false];
    for ((epoch, step), told) in (1..).zip(steps).zip(told) {
        let next = sessions.open(request(id, epoch, []), now).unwrap();
        let answered = answer(&sessions, next, |_| step, now);
        assert_eq!(answered.1, [0][..usize::from(told)], "epoch {epoch}");
    }
}

#[test]
fn a_partition_that_brings_records_is_read_last_next_time() {
    let (sessions, now) = (FetchSessions::new(10), Instant::now());
    let id = open(&sessions, 3, false, now);
    let mut orders = Vec::new();
    for epoch in 1..=3 {
        let mut next = sessions.open(request(id, epoch, []), now).unwrap();
        orders.push(read(&mut next));
        let first = orders[orders.len() - 1][0];
        let full = |index| Told {
            records: index == first,
            ..ends_at(0)
        };
        answer(&sessions, next, full, now);
    }
    assert_eq!(orders, [[0, 1, 2], [1, 2, 0], [2, 0, 1]]);
}

#[test]
fn a_request_out_of_turn_is_refused() {
    let (sessions, now) = (FetchSessions::new(10), Instant::now());
    let id = open(&sessions, 1, false, now);
    let refused = |request| sessions.open(request, now).unwrap_err();
    assert_eq!(refused(request(id, 2, [])), SessionError::WrongEpoch);
    let other = if id == 1 { 2 } else { 1 };
    assert_eq!(refused(request(other, 1, [])), SessionError::NotFound);
    let by_id = SessionRequest {
        topic_ids: true,
        ..request(id, 1, [])
    };
    assert_eq!(refused(by_id), SessionError::TopicNames);
    assert!(sessions.open(request(id, 1, []), now).is_ok(), "its turn");
}

#[test]
fn the_same_request_twice_is_answered_once() {
    let (sessions, now) = (FetchSessions::new(10), Instant::now());
    let id = open(&sessions, 1, false, now);
    let slow = sessions.open(request(id, 1, []), now).unwrap();
    let quick = sessions.open(request(id, 2, []), now).unwrap();
    let none = std::iter::empty();
    let refused = slow.answer(&sessions, none, now);
    assert_eq!(refused, Err((id, SessionError::WrongEpoch)));
    assert_eq!(answer(&sessions, quick, |_| ends_at(0), now), (id, vec![]));
}

#[test]
fn a_full_request_ends_its_session_and_may_begin_another() {
    let (sessions, now) = (FetchSessions::new(10), Instant::now());
    let first = open(&sessions, 2, false, now);
    let again = sessions.open(request(first, 0, [0]), now).unwrap();
    assert_eq!(sessions.len(), 0);
    let (second, told) = answer(&sessions, again, |_| ends_at(0), now);
    assert_eq!((second > 0, told), (true, vec![0]));
    let last = sessions.open(request(second, -1, [0]), now).unwrap();
    assert_eq!(
        answer(&sessions, last, |_| ends_at(0), now),
        (0, vec![0]),
        "all is told, and nothing kept"
    );
    assert_eq!((sessions.len(), sessions.partitions()), (0, 0));
}

#[test]
fn a_session_without_partitions_ends() {
    let (sessions, now) = (FetchSessions::new(10), Instant::now());
    let id = open(&sessions, 2, false, now);
    let forget = |epoch, partitions: &[i32]| SessionRequest {
        forgotten: partitions.iter().map(|&p| key(p)).collect(),
        ..request(id, epoch, [])
    };
    let one = sessions.open(forget(1, &[0, 7]), now).unwrap();
    assert_eq!(answer(&sessions, one, |_| ends_at(9), now), (id, vec![1]));
    let none = sessions.open(forget(2, &[1]), now).unwrap();
    assert_eq!(answer(&sessions, none, |_| ends_at(9), now), (0, vec![]));
    assert_eq!(sessions.len(), 0);
}

#[test]
fn a_partition_named_twice_is_one() {
    let (sessions, now) = (FetchSessions::new(10), Instant::now());
    let mut twice = request(0, 0, [0, 0]);
    twice.wanted[1].interest.offset = 7;
    let mut first = sessions.open(twice, now).unwrap();
    assert_eq!(read(&mut first), [0]);
    let (id, _) = answer(&sessions, first, |_| ends_at(9), now);
    let mut next = sessions.open(request(id, 1, []), now).unwrap();
    let wanted = next.wanted(|_| None);
    assert_eq!((wanted.len(), wanted[0].interest.offset), (1, 7));
}

#[test]
fn the_epoch_after_the_largest_is_one() {
    let mut session = crate::session::partitions::Session::new(false);
    session.set_epoch(i32::MAX);
    session.advance();
    assert_eq!(session.epoch(), 1);
}

#[test]
fn a_name_once_known_stays_known() {
    let (sessions, now) = (FetchSessions::new(10), Instant::now());
    let id = open(&sessions, 1, false, now);
    let mut next = sessions.open(request(id, 1, []), now).unwrap();
    let names = |context: &mut FetchContext, name: Option<&str>| {
        let wanted = context.wanted(|_| name.map(Into::into));
        wanted[0].name.as_deref().map(str::to_owned)
    };
    assert_eq!(names(&mut next, None), None);
    assert_eq!(names(&mut next, Some("t")).as_deref(), Some("t"));
    assert_eq!(names(&mut next, None).as_deref(), Some("t"));
}
