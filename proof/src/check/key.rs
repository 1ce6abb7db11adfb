//! The records of one key.

use std::collections::{BTreeMap, BTreeSet};

use super::anomaly::{Anomaly, Verdict};
use super::evidence::{Evidence, KeyOf, Run};
use super::harm::Harm;
use crate::history::RecordId;
use crate::moment::Moment;

pub(super) fn check(
    key: &KeyOf,
    sent: u64,
    runs: &[Run],
    evidence: &Evidence,
    verdict: &mut Verdict,
) {
    let key = OfKey {
        key,
        runs,
        evidence,
    };
    key.all_are_handled(sent, verdict);
    key.first_times_are_in_order(verdict);
    key.repetitions_are_explained(verdict);
    key.none_is_at_work_with_another(verdict);
}

struct OfKey<'e> {
    key: &'e KeyOf,
    /// By their begin.
    runs: &'e [Run],
    evidence: &'e Evidence,
}

impl OfKey<'_> {
    fn record(&self, number: u64) -> RecordId {
        let (listener, key) = self.key.clone();
        RecordId {
            listener,
            key,
            number,
        }
    }

    /// Those that succeeded, with the moment.
    fn handled(&self) -> impl Iterator<Item = (&Run, Moment)> {
        let handled = self.runs.iter().filter(|run| run.handled);
        handled.filter_map(|run| Some((run, run.end?)))
    }

    fn all_are_handled(&self, sent: u64, verdict: &mut Verdict) {
        let mut seen = BTreeSet::new();
        seen.extend(self.handled().map(|(run, _)| run.number));
        let lost = (0..sent).filter(|number| !seen.contains(number));
        let lost = lost.map(|number| Anomaly::Lost(self.record(number)));
        verdict.anomalies.extend(lost);
        let unknown = seen.range(sent..);
        let unknown = unknown.map(|number| Anomaly::Unknown(self.record(*number)));
        verdict.anomalies.extend(unknown);
        verdict.handled += seen.len();
    }

    fn first_times_are_in_order(&self, verdict: &mut Verdict) {
        let mut first = BTreeMap::<u64, Moment>::new();
        for (run, end) in self.handled() {
            let moment = first.entry(run.number).or_insert(end);
            *moment = end.min(*moment);
        }
        // Of those below, the one that was handled last.
        let mut latest: Option<(Moment, u64)> = None;
        for (number, moment) in first {
            match latest {
                Some((last, below)) if moment < last => {
                    let record = self.record(below);
                    verdict.anomalies.push(Anomaly::OutOfOrder {
                        record,
                        after: number,
                    });
                }
                _ => latest = Some((moment, number)),
            }
        }
    }

    fn repetitions_are_explained(&self, verdict: &mut Verdict) {
        let mut by_number = BTreeMap::<u64, &Run>::new();
        for (run, _) in self.handled() {
            let Some(before) = by_number.insert(run.number, run) else {
                continue;
            };
            if self.is_explained(before, run) {
                verdict.repeated += 1;
            } else {
                verdict.anomalies.push(Anomaly::Repeated {
                    record: self.record(run.number),
                    processes: [before.process, run.process],
                });
            }
        }
    }

    fn none_is_at_work_with_another(&self, verdict: &mut Verdict) {
        let mut longest: Option<(&Run, Moment)> = None;
        for run in self.runs {
            if let Some((other, until)) = longest
                && run.begin < until
                && !self.is_explained(other, run)
            {
                verdict.anomalies.push(Anomaly::AtOnce {
                    record: self.record(run.number),
                    with: other.number,
                    processes: [run.process, other.process],
                });
            }
            // A handler without an end was killed or dropped: from when on is not known.
            if let Some(end) = run.end
                && longest.is_none_or(|(_, until)| until < end)
            {
                longest = Some((run, end));
            }
        }
    }

    /// Whether harm that was done explains that `again` begins though `before` had begun.
    fn is_explained(&self, before: &Run, again: &Run) -> bool {
        let of_before = self.evidence.harm(before.process).iter();
        let mut of_before = of_before.map(|harm: &Harm| harm.uncommits(before, again.begin));
        let of_again = self.evidence.harm(again.process).iter();
        let seen = before.end.unwrap_or(before.begin);
        let mut of_again = of_again.map(|harm| harm.deludes(again, seen));
        of_before.any(|explains| explains) || of_again.any(|explains| explains)
    }
}
