//! Forged histories: each mistake of a service is found, and nothing else is taken for one.

use std::time::Duration;

use super::{Anomaly, Evidence, Harm, Process, Verdict, check};
use crate::history::{Note, RecordId, What};
use crate::moment::Moment;

fn record(number: u64) -> RecordId {
    RecordId {
        listener: "keyed".to_owned(),
        key: "k".to_owned(),
        number,
    }
}

fn at(millis: u64) -> Moment {
    Moment::at(Duration::from_millis(millis))
}

/// A process that worked on these: number, begin and end in milliseconds.
fn process(runs: &[(u64, u64, Option<u64>)]) -> Process {
    let mut notes = Vec::new();
    for (number, begin, end) in runs {
        let note = |at_millis, what| Note {
            at: at(at_millis),
            what,
            record: record(*number),
        };
        notes.push(note(*begin, What::Began));
        notes.extend(end.map(|end| note(end, What::Ended)));
    }
    notes.sort_by_key(|note| note.at);
    Process {
        notes,
        harm: Vec::new(),
    }
}

fn harmed(runs: &[(u64, u64, Option<u64>)], harm: Harm) -> Process {
    Process {
        harm: vec![harm],
        ..process(runs)
    }
}

fn verdict(sent: u64, processes: Vec<Process>) -> Verdict {
    let key = ("keyed".to_owned(), "k".to_owned());
    check(&Evidence {
        sent: [(key, sent)].into(),
        processes,
    })
}

fn stopped(from: u64, until: u64) -> Harm {
    Harm::Stopped {
        from: at(from),
        until: at(until),
    }
}

#[test]
fn a_clean_history_has_no_anomaly() {
    let first = process(&[(0, 0, Some(1)), (1, 1, Some(2))]);
    let second = process(&[(2, 5, Some(6)), (3, 6, Some(7))]);
    let verdict = verdict(4, vec![first, second]);
    assert_eq!((verdict.handled, verdict.repeated), (4, 0));
    assert_eq!(verdict.anomalies, []);
}

#[test]
fn a_record_that_nobody_handled_is_lost() {
    let only_begun = harmed(&[(0, 0, Some(1)), (1, 1, None)], Harm::Killed(at(2)));
    let next = process(&[(2, 8_000, Some(8_001))]);
    let verdict = verdict(3, vec![only_begun, next]);
    assert_eq!(verdict.anomalies, [Anomaly::Lost(record(1))]);
}

#[test]
fn a_key_that_nobody_has_seen_is_lost() {
    let lost = [Anomaly::Lost(record(0)), Anomaly::Lost(record(1))];
    assert_eq!(verdict(2, vec![process(&[])]).anomalies, lost);
}

#[test]
fn a_record_that_was_never_sent_is_unknown() {
    let one_too_many = process(&[(0, 0, Some(1)), (1, 1, Some(2))]);
    let verdict = verdict(1, vec![one_too_many]);
    assert_eq!(verdict.anomalies, [Anomaly::Unknown(record(1))]);
}

#[test]
fn records_of_a_key_that_change_places_are_out_of_order() {
    let swapped = process(&[(1, 0, Some(1)), (0, 2, Some(3)), (2, 4, Some(5))]);
    let out_of_order = Anomaly::OutOfOrder {
        record: record(0),
        after: 1,
    };
    assert_eq!(verdict(3, vec![swapped]).anomalies, [out_of_order]);
}

#[test]
fn a_repetition_without_harm_is_one() {
    let first = process(&[(0, 0, Some(1))]);
    let second = process(&[(0, 50, Some(51))]);
    let repeated = Anomaly::Repeated {
        record: record(0),
        processes: [0, 1],
    };
    assert_eq!(verdict(1, vec![first, second]).anomalies, [repeated]);
    let twice = process(&[(0, 0, Some(1)), (0, 1, Some(2))]);
    assert_eq!(verdict(1, vec![twice]).anomalies.len(), 1);
}

#[test]
fn a_repetition_after_a_kill_is_explained() {
    let first = harmed(&[(0, 0, Some(1)), (1, 1, Some(2))], Harm::Killed(at(3)));
    let second = process(&[(0, 7_000, Some(7_001)), (1, 7_001, Some(7_002))]);
    let verdict = verdict(2, vec![first, second]);
    assert_eq!((verdict.handled, verdict.repeated), (2, 2));
    assert_eq!(verdict.anomalies, []);
}

#[test]
fn a_kill_does_not_explain_what_was_handled_long_before_or_repeated_before_it() {
    let long_before = harmed(&[(0, 0, Some(1))], Harm::Killed(at(60_000)));
    let after = process(&[(0, 67_000, Some(67_001))]);
    assert_eq!(verdict(1, vec![long_before, after]).anomalies.len(), 1);
    let killed_later = harmed(&[(0, 0, Some(1))], Harm::Killed(at(100)));
    let before_it = process(&[(0, 50, Some(51))]);
    assert_eq!(verdict(1, vec![killed_later, before_it]).anomalies.len(), 1);
}

#[test]
fn a_kill_of_somebody_else_explains_nothing() {
    let first = process(&[(0, 0, Some(1))]);
    let bystander = harmed(&[], Harm::Killed(at(2)));
    let second = process(&[(0, 50, Some(51))]);
    let verdict = verdict(1, vec![first, bystander, second]);
    assert_eq!(verdict.anomalies.len(), 1);
}

#[test]
fn two_handlers_of_a_key_at_once_are_found() {
    let first = process(&[(0, 0, Some(10))]);
    let second = process(&[(1, 5, Some(15))]);
    let at_once = Anomaly::AtOnce {
        record: record(1),
        with: 0,
        processes: [1, 0],
    };
    assert_eq!(verdict(2, vec![first, second]).anomalies, [at_once]);
    let one = process(&[(0, 0, Some(10)), (1, 5, Some(15))]);
    assert_eq!(verdict(2, vec![one]).anomalies.len(), 1);
}

#[test]
fn who_was_stopped_may_go_on_for_a_while_with_what_it_has() {
    // In its handler when it was stopped; another one took over, and it ended after that.
    let stopped_inside = harmed(&[(0, 0, Some(9_000))], stopped(5, 8_900));
    let other = process(&[(0, 7_000, Some(7_001)), (1, 7_002, Some(7_003))]);
    let verdict_of_first = verdict(2, vec![stopped_inside, other]);
    assert_eq!(verdict_of_first.anomalies, []);
    assert_eq!(verdict_of_first.repeated, 1);
    // It begins records that another one has handled meanwhile.
    let late = harmed(&[(0, 9_000, Some(9_001))], stopped(5, 8_900));
    let other = process(&[(0, 7_000, Some(7_001))]);
    assert_eq!(verdict(1, vec![late, other]).anomalies, []);
}

#[test]
fn who_was_stopped_must_come_to_its_senses() {
    let much_later = harmed(&[(0, 60_000, Some(60_001))], stopped(5, 8_900));
    let other = process(&[(0, 7_000, Some(7_001))]);
    assert_eq!(verdict(1, vec![much_later, other]).anomalies.len(), 1);
}

#[test]
fn a_failed_attempt_is_no_handling() {
    let mut failing = process(&[(0, 0, Some(1)), (0, 5, Some(6)), (1, 7, Some(8))]);
    failing.notes[1].what = What::Failed;
    let verdict = verdict(2, vec![failing]);
    assert_eq!((verdict.handled, verdict.anomalies.len()), (2, 0));
}

#[test]
fn an_anomaly_names_the_record() {
    let swapped = process(&[(1, 0, Some(1)), (0, 2, Some(3))]);
    let told = verdict(3, vec![swapped]).to_string();
    let expected = "2 handled, 0 times again after harm, 2 anomalies\n  keyed k 2: lost\n  \
                    keyed k 0: handled for the first time after 1";
    assert_eq!(told, expected);
}
