//! A rule in force, as the one sees it who made it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::faults::ActiveRule;
use super::{Faults, Rule};

/// A rule in force; dropping the handle leaves it so. Clones are the same.
#[derive(Debug, Clone)]
pub struct FaultHandle {
    faults: Faults,
    active: Arc<ActiveRule>,
}

/// What was waited for did not come.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{rule}` met {hits} requests within {within:?}; {wanted} were expected")]
pub struct TooFewHits {
    rule: String,
    hits: u64,
    wanted: u64,
    within: Duration,
}

impl FaultHandle {
    pub(super) fn new(faults: Faults, active: Arc<ActiveRule>) -> Self {
        Self { faults, active }
    }

    /// A number that no other rule of the broker has.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.active.id
    }

    /// The rule.
    #[must_use]
    pub fn rule(&self) -> &Rule {
        &self.active.rule
    }

    /// How many requests it has met.
    #[must_use]
    pub fn hits(&self) -> u64 {
        *self.active.hits.borrow()
    }

    /// Takes it out of force, and lets what it holds go on. What it has delayed or silenced stays
    /// so.
    pub fn remove(&self) {
        self.faults.remove(self.active.id);
    }

    /// Waits until it has met so many requests; the time is the machine's.
    ///
    /// # Errors
    /// [`TooFewHits`] after `deadline`.
    pub async fn wait_for_hits(&self, count: u64, deadline: Duration) -> Result<(), TooFewHits> {
        let mut hits = self.active.hits.subscribe();
        let enough = hits.wait_for(|hits| *hits >= count);
        match tokio::time::timeout(deadline, enough).await {
            Ok(Ok(_)) => Ok(()),
            _ => Err(TooFewHits {
                rule: self.active.rule.to_string(),
                hits: self.hits(),
                wanted: count,
                within: deadline,
            }),
        }
    }
}

impl fmt::Display for FaultHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{} hits]", self.active.rule, self.hits())
    }
}
