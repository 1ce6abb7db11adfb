//! Which transactions a run passes, and when their markers may go.

use std::collections::{HashMap, HashSet, VecDeque};

use bytes::Bytes;

use crate::batch::{Header, Verdict, records};
use crate::log::AbortedEntry;

/// An aborted transaction whose marker has not come yet.
#[derive(Debug)]
struct Running {
    span: AbortedEntry,
    has_batches: bool,
}

/// The transactions on the way through a log.
#[derive(Debug)]
pub(super) struct Markers {
    /// By their first offset.
    ahead: VecDeque<AbortedEntry>,
    aborted: HashMap<i64, Running>,
    committed: HashSet<i64>,
    kept: Vec<AbortedEntry>,
}

impl Markers {
    pub(super) fn new(mut ahead: Vec<AbortedEntry>) -> Self {
        ahead.sort_unstable_by_key(|span| span.first_offset);
        Self {
            ahead: ahead.into(),
            aborted: HashMap::new(),
            committed: HashSet::new(),
            kept: Vec::new(),
        }
    }

    /// Takes note of the next batch; true when nothing of it is needed: it belongs to an aborted
    /// transaction, or is the marker of one of which no batch is left.
    pub(super) fn pass(&mut self, header: &Header, batch: &Bytes) -> bool {
        self.begin_up_to(header.last_offset());
        let producer_id = header.producer_id;
        if header.is_control() {
            return self.pass_marker(producer_id, batch);
        }
        if !header.is_transactional() {
            return false;
        }
        match self.aborted.get_mut(&producer_id) {
            Some(running) => {
                running.has_batches = true;
                true
            }
            None => {
                self.committed.insert(producer_id);
                false
            }
        }
    }

    fn pass_marker(&mut self, producer_id: i64, batch: &Bytes) -> bool {
        match verdict(batch) {
            Found::Marker(Verdict::Abort) => match self.aborted.remove(&producer_id) {
                Some(running) if running.has_batches => {
                    self.kept.push(running.span);
                    false
                }
                _ => true,
            },
            Found::Marker(Verdict::Commit) => !self.committed.remove(&producer_id),
            Found::Nothing => true,
            Found::Other => false,
        }
    }

    fn begin_up_to(&mut self, offset: i64) {
        while let Some(span) = self.ahead.front().filter(|s| s.first_offset <= offset) {
            let running = Running {
                span: *span,
                has_batches: false,
            };
            self.aborted.entry(span.producer_id).or_insert(running);
            self.ahead.pop_front();
        }
    }

    /// The aborted transactions that were passed and of which readers must still be told.
    pub(super) fn kept(&self) -> &[AbortedEntry] {
        &self.kept
    }
}

/// What a control batch holds.
enum Found {
    Marker(Verdict),
    /// It was emptied before.
    Nothing,
    /// Something that compaction does not know.
    Other,
}

fn verdict(batch: &Bytes) -> Found {
    let Ok(mut records) = records(batch) else {
        return Found::Other;
    };
    let Some(record) = records.next() else {
        return Found::Nothing;
    };
    // A version, and the kind of marker.
    match record.ok().and_then(|record| record.key).as_deref() {
        Some([_, _, 0, 0, ..]) => Found::Marker(Verdict::Abort),
        Some([_, _, 0, 1, ..]) => Found::Marker(Verdict::Commit),
        _ => Found::Other,
    }
}
