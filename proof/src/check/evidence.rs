use std::collections::{BTreeMap, HashMap};

use super::harm::Harm;
use crate::history::{Note, RecordId, What};
use crate::moment::Moment;

/// A listener and a key.
pub(super) type KeyOf = (String, String);

/// One process from its start to its end.
#[derive(Debug, Clone, Default)]
pub struct Process {
    /// What it noted.
    pub notes: Vec<Note>,
    /// What was done to it.
    pub harm: Vec<Harm>,
}

/// All that is known.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// How many records of each listener and key were acknowledged by the broker.
    pub sent: BTreeMap<KeyOf, u64>,
    /// All processes, in any order.
    pub processes: Vec<Process>,
}

/// A handler at work.
#[derive(Debug, Clone)]
pub(super) struct Run {
    pub(super) number: u64,
    pub(super) process: usize,
    pub(super) begin: Moment,
    /// When it ended, well or not; `None` if the process was killed, or the handler dropped.
    pub(super) end: Option<Moment>,
    pub(super) handled: bool,
}

impl Evidence {
    pub(super) fn harm(&self, process: usize) -> &[Harm] {
        self.processes
            .get(process)
            .map_or(&[], |process| &process.harm)
    }

    /// Every handler that was at work, by key and begin; keys without any, too.
    pub(super) fn runs(&self) -> BTreeMap<KeyOf, Vec<Run>> {
        let keys = self.sent.keys();
        let mut all: BTreeMap<KeyOf, Vec<Run>> =
            keys.map(|key| (key.clone(), Vec::new())).collect();
        for (number, process) in self.processes.iter().enumerate() {
            for (record, run) in runs_of(number, &process.notes) {
                let key = (record.listener.clone(), record.key.clone());
                all.entry(key).or_default().push(run);
            }
        }
        for runs in all.values_mut() {
            runs.sort_by_key(|run| run.begin);
        }
        all
    }
}

/// Puts the begins and ends of one process together.
fn runs_of(process: usize, notes: &[Note]) -> Vec<(&RecordId, Run)> {
    let mut open = HashMap::<&RecordId, usize>::new();
    let mut runs: Vec<(&RecordId, Run)> = Vec::new();
    for note in notes {
        let record = &note.record;
        if note.what == What::Began {
            open.insert(record, runs.len());
            let run = Run {
                number: record.number,
                process,
                begin: note.at,
                end: None,
                handled: false,
            };
            runs.push((record, run));
        } else if let Some(run) = open.remove(record).and_then(|at| runs.get_mut(at)) {
            run.1.end = Some(note.at);
            run.1.handled = note.what == What::Ended;
        }
    }
    runs
}
