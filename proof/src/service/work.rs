//! What is done with a record.

use std::io;
use std::time::Duration;

use micro_kafka::prelude::*;
use micro_kafka_proof::history::{History, RecordId, What};

/// Whether the mistakes are made that a proof has to find.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bugs(pub(crate) bool);

#[derive(Debug, thiserror::Error, Classify)]
pub(crate) enum WorkError {
    #[error("refused at first")]
    #[kafka(retry)]
    Refused,
    /// Without its history the whole proof is worth nothing.
    #[error("the history cannot be written")]
    #[kafka(stop)]
    History(#[from] io::Error),
}

/// One delivery of a record.
#[derive(Debug)]
pub(crate) struct Work {
    record: RecordId,
    attempt: u32,
    history: History,
}

impl Work {
    pub(crate) fn new(
        listener: &str,
        key: &str,
        number: u64,
        attempt: u32,
        history: &History,
    ) -> Self {
        let record = RecordId {
            listener: listener.to_owned(),
            key: key.to_owned(),
            number,
        };
        Self {
            record,
            attempt,
            history: history.clone(),
        }
    }

    /// Every eighth record takes a while, and every ninetieth is refused at its first attempt.
    pub(crate) async fn perform(&self) -> Result<(), WorkError> {
        self.history.note(What::Began, &self.record)?;
        let number = self.record.number;
        if number % 8 == 3 {
            tokio::time::sleep(Duration::from_millis(1 + number % 3)).await;
        }
        if number % 90 == 7 && self.attempt == 1 {
            self.history.note(What::Failed, &self.record)?;
            return Err(WorkError::Refused);
        }
        self.history.note(What::Ended, &self.record)?;
        Ok(())
    }

    pub(crate) fn number(&self) -> u64 {
        self.record.number
    }
}
