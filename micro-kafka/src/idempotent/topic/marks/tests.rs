use proptest::prelude::*;

use super::*;

const WINDOW: Duration = Duration::from_secs(10);

fn key(name: &str) -> Arc<str> {
    name.into()
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn marks() -> Marks {
    let mut marks = Marks::new(100, -2);
    marks.restore(1, 0, []);
    marks
}

fn fresh(marks: &mut Marks, name: &str, now: u64, offset: i64) -> u64 {
    match marks.claim(&key(name), seconds(now), offset) {
        Answer::Fresh(claim) => claim,
        other => panic!("{name} at {now}: {other:?}"),
    }
}

fn is_seen(marks: &mut Marks, name: &str, now: u64, offset: i64) -> bool {
    matches!(marks.claim(&key(name), seconds(now), offset), Answer::Seen)
}

#[test]
fn a_key_is_seen_within_its_window_and_then_on_its_way_out() {
    let mut marks = marks();
    let claim = fresh(&mut marks, "a", 0, 0);
    marks.done(&key("a"), claim, WINDOW, None);
    assert!(is_seen(&mut marks, "a", 9, 1));
    assert!(marks.forget(seconds(9)).is_empty());
    assert_eq!(marks.forget(seconds(10)), [key("a")]);
    let busy = marks.claim(&key("a"), seconds(10), 2);
    assert!(matches!(busy, Answer::Busy(_)), "its tombstone comes first");
    marks.forgotten(&[key("a")]);
    fresh(&mut marks, "a", 10, 2);
}

#[test]
fn what_a_record_has_staged_is_no_duplicate_of_itself() {
    let mut marks = marks();
    let claim = fresh(&mut marks, "a", 0, 7);
    marks.done(&key("a"), claim, WINDOW, Some(7));
    assert!(is_seen(&mut marks, "a", 1, 8));
    fresh(&mut marks, "a", 1, 7);
}

#[test]
fn an_aborted_transaction_takes_its_marks_back() {
    let mut marks = marks();
    for (name, offset) in [("a", 0), ("b", 1)] {
        let claim = fresh(&mut marks, name, 0, offset);
        marks.done(&key(name), claim, WINDOW, Some(offset));
    }
    // The first was committed: it is found in the topic.
    marks.restore(2, 1, [(key("a"), Some(WINDOW))]);
    assert!(is_seen(&mut marks, "a", 1, 5));
    fresh(&mut marks, "b", 1, 1);
}

#[test]
fn a_claim_of_an_older_assignment_marks_nothing() {
    let mut marks = marks();
    let old = fresh(&mut marks, "a", 0, 0);
    marks.release(&key("a"), old);
    let new = fresh(&mut marks, "a", 0, 0);
    marks.done(&key("a"), old, WINDOW, None);
    marks.release(&key("a"), old);
    let busy = marks.claim(&key("a"), seconds(0), 1);
    assert!(matches!(busy, Answer::Busy(_)));
    marks.done(&key("a"), new, WINDOW, None);
    assert!(is_seen(&mut marks, "a", 1, 1));
}

#[test]
fn what_does_not_fit_is_forgotten_the_oldest_first() {
    let mut marks = Marks::new(2, -2);
    let three = ["a", "b", "c"].map(|name| (key(name), Some(WINDOW)));
    marks.restore(1, 3, three);
    assert_eq!(marks.len(), 2);
    fresh(&mut marks, "a", 0, 9);
    assert!(is_seen(&mut marks, "b", 0, 9) && is_seen(&mut marks, "c", 0, 9));
}

#[test]
fn assignments_of_one_consumer_have_an_order() {
    let mut marks = Marks::new(2, -2);
    let of = |consumer: u64, epoch: u64| consumer << 32 | epoch;
    marks.restore(of(3, 5), 0, []);
    assert!(marks.is_of(of(3, 5)) && marks.is_beyond(of(3, 4)));
    assert!(!marks.is_beyond(of(3, 6)) && !marks.is_beyond(of(2, 9)));
    marks.doubt();
    assert!(!marks.is_of(of(3, 5)));
}

/// What may happen to a partition.
#[derive(Debug, Clone)]
enum Step {
    /// A record of that key is handled.
    Handle(u8),
    Commit,
    /// The transaction is aborted, and its records are read again.
    Abort,
    /// Somebody else has the partition, who knows nothing but the topic.
    Move,
    Wait(u8),
    Forget,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (0..6_u8).prop_map(Step::Handle),
        2 => Just(Step::Commit),
        1 => Just(Step::Abort),
        1 => Just(Step::Move),
        2 => (1..8_u8).prop_map(Step::Wait),
        2 => Just(Step::Forget),
    ];
    proptest::collection::vec(step, 1..60)
}

/// A partition, its topic, and what ought to be seen.
struct World {
    marks: Marks,
    topic: Vec<Restored>,
    staged: Vec<Restored>,
    now: Duration,
    offset: i64,
    committed: i64,
    epoch: u64,
    transactional: bool,
}

impl World {
    /// Whether somebody who could see all would call it a duplicate.
    fn is_known(&self, name: &Arc<str>) -> bool {
        let all = self.topic.iter().chain(&self.staged);
        let last = all.rev().find(|(key, _)| key == name);
        matches!(last, Some((_, Some(until))) if *until > self.now)
    }

    fn handle(&mut self, name: &Arc<str>) {
        let known = self.is_known(name);
        self.offset += 1;
        match self.marks.claim(name, self.now, self.offset) {
            Answer::Seen => assert!(known, "{name} was lost"),
            Answer::Busy(_) => panic!("{name} is at work"),
            Answer::Fresh(claim) => {
                assert!(!known, "{name} was handled twice");
                let until = self.now + WINDOW;
                let mark = (Arc::clone(name), Some(until));
                match self.transactional {
                    true => self.staged.push(mark),
                    false => self.topic.push(mark),
                }
                let staged_by = self.transactional.then_some(self.offset);
                self.marks.done(name, claim, until, staged_by);
            }
        }
    }

    fn restore(&mut self) {
        self.epoch += 1;
        let from = usize::try_from(self.marks.next().max(0)).unwrap();
        let found = self.topic[from..].to_vec();
        let next = i64::try_from(self.topic.len()).unwrap();
        self.marks.restore(self.epoch, next, found);
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Handle(number) => self.handle(&key(&number.to_string())),
            Step::Commit => {
                self.topic.append(&mut self.staged);
                self.committed = self.offset;
            }
            Step::Abort => {
                self.staged.clear();
                if self.transactional {
                    self.offset = self.committed;
                }
                self.restore();
            }
            Step::Move => {
                self.topic.append(&mut self.staged);
                self.committed = self.offset;
                self.marks = Marks::new(100, -2);
                self.restore();
            }
            Step::Wait(time) => self.now += seconds(u64::from(*time)),
            Step::Forget => {
                let keys = self.marks.forget(self.now);
                let tombstones = keys.iter().map(|key| (Arc::clone(key), None));
                self.topic.extend(tombstones);
                self.marks.forgotten(&keys);
            }
        }
    }
}

proptest! {
    #[test]
    fn a_key_is_handled_once_in_its_window_whatever_happens(
        steps in steps(),
        transactional: bool,
    ) {
        let mut world = World {
            marks: marks(),
            topic: Vec::new(),
            staged: Vec::new(),
            now: Duration::ZERO,
            offset: 0,
            committed: 0,
            epoch: 1,
            transactional,
        };
        for step in &steps {
            world.step(step);
        }
    }
}
