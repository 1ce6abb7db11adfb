//! What a client knows through a session is what a full fetch would tell it.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const PARTITIONS: i32 = 6;

#[derive(Debug, Clone, Copy)]
enum Step {
    /// The partition grows, is trimmed, fails or recovers.
    Grow(i32, i64),
    Trim(i32, i64),
    Fail(i32, bool),
    /// What the next request names and forgets.
    Want(i32),
    Forget(i32),
    /// A request, whose answer has room for so many partitions with records.
    Fetch(usize),
    /// The client begins anew.
    Begin,
}

fn step() -> impl Strategy<Value = Step> {
    let partition = 0..PARTITIONS;
    prop_oneof![
        4 => (partition.clone(), 1..4i64).prop_map(|(p, n)| Step::Grow(p, n)),
        1 => (partition.clone(), 1..4i64).prop_map(|(p, n)| Step::Trim(p, n)),
        1 => (partition.clone(), any::<bool>()).prop_map(|(p, f)| Step::Fail(p, f)),
        2 => partition.clone().prop_map(Step::Want),
        1 => partition.prop_map(Step::Forget),
        6 => (1..4usize).prop_map(Step::Fetch),
        1 => Just(Step::Begin),
    ]
}

#[derive(Debug, Clone, Copy, Default)]
struct Partition {
    start: i64,
    end: i64,
    fails: bool,
}

impl Partition {
    fn told(&self, offset: i64, room: bool) -> Told {
        if self.fails {
            return Told {
                error: true,
                log_start_offset: -1,
                ..ends_at(-1)
            };
        }
        Told {
            records: room && offset < self.end,
            log_start_offset: self.start,
            ..ends_at(self.end)
        }
    }
}

/// A client: the partitions it wants, with their offsets and what it was last told of them.
#[derive(Debug, Default)]
struct Client {
    id: i32,
    epoch: i32,
    wants: BTreeMap<i32, i64>,
    knows: BTreeMap<i32, Told>,
    /// Wanted partitions that the session does not know, or whose offset has changed.
    unsent: Vec<i32>,
    forgotten: Vec<i32>,
    /// Fetches since the partition had records and brought none.
    starved: BTreeMap<i32, usize>,
}

#[derive(Debug, Default)]
struct World {
    log: [Partition; PARTITIONS as usize],
    client: Client,
}

impl World {
    fn apply(&mut self, sessions: &FetchSessions, step: Step) {
        let at = |p: i32| usize::try_from(p).unwrap();
        match step {
            Step::Grow(p, by) => self.log[at(p)].end += by,
            Step::Trim(p, by) => {
                let partition = &mut self.log[at(p)];
                partition.start = (partition.start + by).min(partition.end);
            }
            Step::Fail(p, fails) => self.log[at(p)].fails = fails,
            Step::Want(p) => {
                self.client.forgotten.retain(|f| *f != p);
                self.client.wants.entry(p).or_insert(0);
                self.client.unsent.push(p);
            }
            Step::Forget(p) => {
                self.client.wants.remove(&p);
                self.client.starved.remove(&p);
                self.client.unsent.retain(|u| *u != p);
                self.client.forgotten.push(p);
            }
            Step::Begin => self.begin(),
            Step::Fetch(room) => self.fetch(sessions, room),
        }
    }

    fn begin(&mut self) {
        (self.client.epoch, self.client.id) = (0, 0);
        self.client.starved.clear();
    }

    fn request(&mut self) -> SessionRequest {
        let client = &mut self.client;
        let all: Vec<i32> = client.wants.keys().copied().collect();
        let named = match client.epoch {
            0 => all,
            _ => client.unsent.clone(),
        };
        let forgotten = std::mem::take(&mut client.forgotten);
        client.knows.retain(|p, _| !forgotten.contains(p));
        client.unsent.clear();
        SessionRequest {
            wanted: named.iter().map(|p| wanted(*p, client.wants[p])).collect(),
            forgotten: forgotten.into_iter().map(key).collect(),
            ..request(client.id, client.epoch, [])
        }
    }

    fn fetch(&mut self, sessions: &FetchSessions, room: usize) {
        if self.client.wants.is_empty() {
            // Its session would end with this request; a client just begins anew.
            return self.begin();
        }
        let now = Instant::now();
        let asked = self.request();
        let mut context = sessions.open(asked, now).unwrap();
        let wanted = context.wanted(|_| None);
        let mut sorted: Vec<_> = wanted
            .iter()
            .map(|w| (w.key.index, w.interest.offset))
            .collect();
        sorted.sort_unstable();
        let expected: Vec<_> = self.client.wants.iter().map(|(p, o)| (*p, *o)).collect();
        assert_eq!(sorted, expected, "a session reads what its client wants");
        let mut left = room;
        let found: Vec<_> = wanted
            .iter()
            .map(|w| {
                let partition = self.log[usize::try_from(w.key.index).unwrap()];
                let told = partition.told(w.interest.offset, left > 0);
                left -= usize::from(told.records);
                (&w.key, told)
            })
            .collect();
        let answer = context
            .answer(sessions, found.iter().copied(), now)
            .unwrap();
        (self.client.id, self.client.epoch) = (answer.id, self.client.epoch + 1);
        for ((key, told), is_told) in found.into_iter().zip(answer.told) {
            if is_told {
                self.client.knows.insert(key.index, told);
            }
            self.receive(key.index, told);
        }
    }

    /// Moves on by what was received, and knows what it should have received.
    fn receive(&mut self, index: i32, told: Told) {
        let knows = &self.client.knows[&index];
        let known = Told {
            records: told.records,
            ..*knows
        };
        assert_eq!(
            known, told,
            "partition {index} is as the client was last told"
        );
        let offset = self.client.wants.get_mut(&index).unwrap();
        if told.records {
            assert!(knows.records, "records reach the client");
            *offset = told.high_watermark;
            self.client.unsent.push(index);
            self.client.starved.insert(index, 0);
        } else if !told.error && *offset < told.high_watermark {
            let waits = self.client.starved.entry(index).or_default();
            *waits += 1;
            assert!(
                *waits < self.log.len(),
                "partition {index} waits for {waits} answers"
            );
        }
    }
}

proptest! {
    #[test]
    fn a_session_tells_what_full_fetches_would(steps in proptest::collection::vec(step(), 1..120)) {
        let sessions = FetchSessions::new(1000);
        let mut world = World::default();
        for step in steps {
            world.apply(&sessions, step);
        }
    }
}
