//! The chain of retry topics, whatever happens to it: records that fail in every way, publishes that
//! are refused or whose outcome nobody learns, a broker that is away, processes that die, partitions
//! that move.
//!
//! A [`World`] is the broker; a [`Process`](process::Process) runs what a listener with `#[retryable]`
//! runs, a loop for its topic and one for its retry topics, with the error handler and the recoverer of
//! the real thing. What may not be is written down where it is seen.

mod fates;
mod process;
mod property;
mod publisher;
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::client::{Signal, Slot, SourceEvent};
use crate::error::RetryTopics;
use crate::record::{OwnedRecord, Record};

const SOURCE: &str = "t";
const PARTITIONS: i32 = 2;

/// A topic and a partition of it.
type Tp = (String, i32);
/// A record of the source: its partition and offset there.
type Origin = (i32, i64);

/// What a loop hears.
#[derive(Debug, Default)]
struct Ears {
    events: Vec<SourceEvent>,
    filled: Vec<Slot>,
    signal: Arc<Signal>,
    closed: bool,
}

/// Which loop it is: the process, and whether it reads retry topics.
type LoopId = (usize, bool);

/// The broker, and what became of the records.
#[derive(Debug)]
struct World {
    topics: Arc<RetryTopics>,
    /// Each retry topic once, in line.
    names: Vec<String>,
    logs: BTreeMap<Tp, Vec<OwnedRecord>>,
    /// What the groups have committed: the source's, and the retry topics'.
    committed: BTreeMap<Tp, i64>,
    /// Who reads what.
    owners: BTreeMap<Tp, LoopId>,
    ears: BTreeMap<LoopId, Ears>,
    /// Whether nothing can be published.
    away: bool,
    /// How many publishes are refused.
    refused: u32,
    /// How many are stored, but answered by an error.
    unanswered: u32,
    /// Whether something happened after which records may come twice.
    disturbed: bool,
    /// The attempts of each record, in their order.
    attempts: BTreeMap<Origin, Vec<u32>>,
    /// How often each record was handled well.
    done: BTreeMap<Origin, u32>,
    /// The dead letters of each record.
    letters: BTreeMap<Origin, u32>,
    /// Attempts that have come to an end: handled, or copied to where the record goes next.
    ended: BTreeSet<(Origin, u32)>,
    broken: Vec<String>,
}

type Shared = Arc<Mutex<World>>;

impl World {
    fn new(topics: Arc<RetryTopics>) -> Self {
        Self {
            names: topics.topics_of(SOURCE),
            topics,
            logs: BTreeMap::new(),
            committed: BTreeMap::new(),
            owners: BTreeMap::new(),
            ears: BTreeMap::new(),
            away: false,
            refused: 0,
            unanswered: 0,
            disturbed: false,
            attempts: BTreeMap::new(),
            done: BTreeMap::new(),
            letters: BTreeMap::new(),
            ended: BTreeSet::new(),
            broken: Vec::new(),
        }
    }

    /// All that may be assigned to a loop, in the order of its slots.
    fn partitions(&self, retries: bool) -> Vec<Tp> {
        let topics = match retries {
            false => vec![SOURCE.to_owned()],
            true => self.names.clone(),
        };
        let all = topics.into_iter();
        all.flat_map(|topic| (0..PARTITIONS).map(move |number| (topic.clone(), number)))
            .collect()
    }

    fn slot(&self, tp: &Tp, retries: bool) -> Slot {
        let all = self.partitions(retries);
        let at = all.iter().position(|it| it == tp).unwrap();
        u32::try_from(at).unwrap()
    }

    fn end(&self, tp: &Tp) -> i64 {
        let records = self.logs.get(tp).map_or(0, Vec::len);
        i64::try_from(records).unwrap()
    }

    fn append(&mut self, mut record: OwnedRecord) -> i64 {
        let tp = (record.topic.clone(), record.partition);
        record.offset = self.end(&tp);
        let offset = record.offset;
        self.logs.entry(tp.clone()).or_default().push(record);
        if let Some(id) = self.owners.get(&tp).copied() {
            let slot = self.slot(&tp, id.1);
            let ears = self.ears.entry(id).or_default();
            ears.filled.push(slot);
            ears.signal.raise();
        }
        offset
    }

    /// Nothing may be committed before its end.
    fn commits(&mut self, tp: &Tp, offset: i64) {
        let from = self.committed.insert(tp.clone(), offset).unwrap_or(0);
        for at in from..offset {
            let record = self.logs[tp][usize::try_from(at).unwrap()].clone();
            let record = Record::from(record);
            let attempt = (fates::origin_of(&record), fates::attempt_of(&record));
            if !self.ended.contains(&attempt) {
                self.break_by(format!(
                    "{tp:?}@{at}, {attempt:?}, is committed before its end"
                ));
            }
        }
    }

    fn break_by(&mut self, text: String) {
        self.broken.push(text);
    }
}
