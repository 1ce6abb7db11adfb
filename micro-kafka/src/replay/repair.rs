//! What a function of the user makes of a record before it is sent.

use std::fmt;
use std::sync::Arc;

use super::letter::DeadLetter;
use crate::record::OwnedRecord;

/// Whether a letter is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repair {
    /// The record is sent as it is now.
    Send,
    /// It is not sent, and counts as done for this replay.
    Skip,
}

/// The function.
#[derive(Clone)]
pub(super) struct Repairer(Arc<Function>);

type Function = dyn Fn(&DeadLetter, &mut OwnedRecord) -> Repair + Send + Sync;

impl Repairer {
    pub(super) fn new(
        function: impl Fn(&DeadLetter, &mut OwnedRecord) -> Repair + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(function))
    }

    pub(super) fn call(&self, letter: &DeadLetter, record: &mut OwnedRecord) -> Repair {
        (self.0)(letter, record)
    }
}

impl fmt::Debug for Repairer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Repairer")
    }
}
