//! Retry topics whatever happens: records that fail in every way, publishes that are refused or whose
//! answer is lost, a broker that is away, processes that die, partitions that move.
//!
//! A [`World`] is the broker; a [`Process`] runs what a listener with `#[retryable]` runs, a loop
//! for its topic and one for its retry topics, with the recoverer and the fences of the real thing.
//! What may not be is written down where it is seen.

mod broker;
mod fates;
mod process;
mod property;
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::client::{Signal, Slot, SourceEvent};
use crate::record::OwnedRecord;

const SOURCE: &str = "t";
const PARTITIONS: i32 = 2;
const ATTEMPTS: u32 = 3;

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

/// A record of the topic of fences.
type FenceEntry = (Vec<u8>, Option<Vec<u8>>);

/// The broker, and what became of the records.
#[derive(Debug, Default)]
struct World {
    logs: BTreeMap<Tp, Vec<OwnedRecord>>,
    /// What the group has committed: the source's, and the retry topics'.
    committed: BTreeMap<Tp, i64>,
    /// Who reads what.
    owners: BTreeMap<Tp, LoopId>,
    ears: BTreeMap<LoopId, Ears>,
    /// The topic of fences.
    fences: Vec<Option<FenceEntry>>,
    /// Whether nothing can be published.
    away: bool,
    /// How many publishes are refused.
    refused: u32,
    /// How many are stored, but answered by an error.
    unanswered: u32,
    /// Whether something happened after which records may come twice.
    disturbed: bool,
    /// Whether keys have to be in order.
    ordered: bool,
    /// The attempts of each record.
    attempts: BTreeMap<Origin, Vec<u32>>,
    /// How often each record was handled well.
    done: BTreeMap<Origin, u32>,
    /// The dead letters of each record.
    letters: BTreeMap<Origin, u32>,
    running: BTreeSet<Origin>,
    /// When each record was last handled well: the number among all that were.
    ended: BTreeMap<Origin, usize>,
    broken: Vec<String>,
}

type Shared = Arc<Mutex<World>>;

impl World {
    fn end(&self, tp: &Tp) -> i64 {
        let records = self.logs.get(tp).map_or(0, Vec::len);
        i64::try_from(records).unwrap()
    }

    fn append(&mut self, mut record: OwnedRecord) -> i64 {
        let tp = (record.topic.clone(), record.partition);
        record.offset = self.end(&tp);
        let offset = record.offset;
        self.logs.entry(tp.clone()).or_default().push(record);
        if let Some(id) = self.owners.get(&tp) {
            let slot = process::slot(&tp, id.1);
            let ears = self.ears.entry(*id).or_default();
            ears.filled.push(slot);
            ears.signal.raise();
        }
        offset
    }

    /// Leaves the last record of each key in the topic of fences.
    fn compact(&mut self) {
        let mut seen = BTreeSet::new();
        for entry in self.fences.iter_mut().rev() {
            *entry = entry.take().filter(|(key, _)| seen.insert(key.clone()));
        }
    }

    fn has_ended(&self, origin: Origin) -> bool {
        self.done.contains_key(&origin) || self.letters.contains_key(&origin)
    }

    fn break_by(&mut self, text: String) {
        self.broken.push(text);
    }
}
