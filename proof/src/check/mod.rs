//! What went wrong, if anything did, according to the histories of all processes.

mod anomaly;
mod evidence;
mod harm;
mod key;
#[cfg(test)]
mod tests;

pub use anomaly::{Anomaly, Verdict};
pub use evidence::{Evidence, Process};
pub use harm::{Harm, LATE};

/// Names every anomaly.
///
/// - A record that was sent is handled.
/// - The records of a key are handled for the first time in their order.
/// - Two handlers of one key are never at work at once, in no two processes, unless one of them is
///   out of its senses: stopped, and not yet told that it has lost its partitions.
/// - A record is handled again only if harm was done to a process that had handled it shortly
///   before, or to the one that handles it again.
#[must_use]
pub fn check(evidence: &Evidence) -> Verdict {
    let mut verdict = Verdict::default();
    for (key, runs) in evidence.runs() {
        let sent = evidence.sent.get(&key).copied().unwrap_or_default();
        key::check(&key, sent, &runs, evidence, &mut verdict);
    }
    verdict
}
