//! What a replay would do, and what it has done.

use std::fmt;

use super::counts::Counts;
use super::letter::{DeadLetter, Letter};

/// What a replay would do; nothing was sent, and no offset committed.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct DryRun {
    /// Letters that would be sent.
    pub selected: u64,
    /// Selected letters that the repair function skips.
    pub skipped: u64,
    /// Letters that were not selected.
    pub passed: u64,
    /// Letters that have failed again after this replay has sent them.
    pub failed_again: u64,
    /// Records that are no dead letters, or whose headers are damaged.
    pub foreign: u64,
    /// Those that would be sent, by the error's variant or type.
    pub by_error: Counts,
    /// By the listener that gave them up; those of Spring Kafka tell none.
    pub by_listener: Counts,
    /// By fingerprint; those of Spring Kafka have none.
    pub by_fingerprint: Counts,
    /// By the partition of dead letters that they are in, as `topic-partition`.
    pub by_partition: Counts,
    /// By the topic that they would be sent to, as the broker knows it.
    pub by_destination: Counts,
    /// The first letters that would be sent, at first one of each fingerprint.
    pub samples: Vec<DeadLetter>,
}

impl DryRun {
    pub(super) fn add(&mut self, letter: &Letter<'_>, destination: &str, samples: usize) {
        let failure = &letter.failure;
        let fingerprint = failure.fingerprint.as_deref().unwrap_or_default();
        let alike = self.by_fingerprint.get(fingerprint) > 0;
        self.selected += 1;
        self.by_error.add(&failure.error);
        self.by_listener
            .add(failure.listener.as_deref().unwrap_or_default());
        self.by_fingerprint.add(fingerprint);
        let record = letter.record;
        self.by_partition
            .add(&format!("{}-{}", record.topic(), record.partition()));
        self.by_destination.add(destination);
        if self.samples.len() < samples {
            self.samples.push(letter.to_dead_letter());
        } else if !alike {
            // One of each kind says more than several of one.
            let kind = |letter: &DeadLetter| letter.failure.fingerprint.clone();
            let mut later = self.samples.iter().enumerate().rev();
            let double = later.find(|(at, one)| {
                let before = self.samples.iter().take(*at);
                before.map(kind).any(|of| of == kind(one))
            });
            if let Some((at, _)) = double {
                self.samples.remove(at);
                self.samples.push(letter.to_dead_letter());
            }
        }
    }
}

impl fmt::Display for DryRun {
    /// A table for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} dead letters would be sent", self.selected)?;
        let rest = [
            (self.skipped, "skipped by the repair"),
            (self.passed, "not selected"),
            (self.failed_again, "failed again after this replay"),
            (self.foreign, "no dead letters"),
        ];
        for (count, what) in rest.into_iter().filter(|(count, _)| *count > 0) {
            writeln!(f, "{count} {what}")?;
        }
        let tables = [
            ("error", &self.by_error),
            ("listener", &self.by_listener),
            ("fingerprint", &self.by_fingerprint),
            ("partition", &self.by_partition),
            ("to", &self.by_destination),
        ];
        for (title, counts) in tables {
            for (name, count) in counts {
                let name = if name.is_empty() { "(none)" } else { name };
                writeln!(f, "{title:<12} {count:>9}  {}", name.escape_debug())?;
            }
            if counts.others() > 0 {
                writeln!(f, "{title:<12} {:>9}  (others)", counts.others())?;
            }
        }
        for sample in &self.samples {
            writeln!(f, "for example   {}", sample.failure)?;
        }
        Ok(())
    }
}

/// What a run of a replay has done. Of an id that was run before, what this run has done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReplayReport {
    /// Records that were sent.
    pub sent: u64,
    /// Selected letters that the repair function has skipped.
    pub skipped: u64,
    /// Letters that were not selected.
    pub passed: u64,
    /// Letters that had failed again after this replay had sent them, and were left.
    pub failed_again: u64,
    /// Records that are no dead letters, or whose headers are damaged.
    pub foreign: u64,
    /// Whether the id was run before, and this run has gone on behind it.
    pub resumed: bool,
}

impl ReplayReport {
    /// Adds what another part of the run has done.
    pub(super) fn merge(&mut self, other: &mut Self) {
        let Self {
            sent,
            skipped,
            passed,
            failed_again,
            foreign,
            resumed,
        } = std::mem::take(other);
        self.sent += sent;
        self.skipped += skipped;
        self.passed += passed;
        self.failed_again += failed_again;
        self.foreign += foreign;
        self.resumed |= resumed;
    }
}
