//! Transactions of a listener: what was staged is sent and committed at once.

use std::sync::Arc;

use super::super::{KafkaTemplate, TemplateConfig};
use super::TransactionError;
use super::outbox::Staged;
use super::producer::{Ended, TransactionalProducer};
use crate::client::{GroupMetadata, TransactionOffset};

/// A refused request of a transaction is sent again after this time, in milliseconds: the one that
/// waits most often does so for the markers of the transaction before.
const RETRY_BACKOFF: (&str, &str) = ("retry.backoff.ms", "1");

/// All that one transaction holds.
#[derive(Debug)]
pub(crate) struct StagedTransaction {
    pub(crate) records: Vec<Staged>,
    pub(crate) offsets: Vec<TransactionOffset>,
    /// The consumer's group when they were handed over.
    pub(crate) group: GroupMetadata,
}

/// Makes the transactions of one consumer thread, one after the other, by two producers in turn: a
/// producer has to wait until the broker has ended its last transaction in every partition. Every
/// call blocks.
#[derive(Debug)]
pub(crate) struct StagedCommitter {
    config: TemplateConfig,
    seats: [Seat; 2],
    turn: usize,
}

#[derive(Debug)]
struct Seat {
    id: Arc<str>,
    producer: Option<TransactionalProducer>,
    /// Fenced since its last commit.
    was_fenced: bool,
}

impl StagedCommitter {
    /// A committer with the template's settings, its ids beginning with `id`, without namespace;
    /// `None` for a template that sends to no broker.
    pub(crate) fn new(
        kafka: &KafkaTemplate,
        id: &str,
        timeout: std::time::Duration,
    ) -> Option<Self> {
        if kafka.is_recording() {
            return None;
        }
        let mut config = kafka.config().clone();
        config.transactions.timeout = timeout;
        let (name, value) = RETRY_BACKOFF;
        config.properties.insert(0, (name.into(), value.into()));
        let seat = |letter| Seat {
            id: format!("{}{id}-{letter}", config.namespace).into(),
            producer: None,
            was_fenced: false,
        };
        Some(Self {
            seats: [seat('A'), seat('B')],
            config,
            turn: 0,
        })
    }

    /// Takes the ids over from whoever had them, so that what they left open ends now.
    pub(crate) fn connect(&mut self) -> Result<(), TransactionError> {
        for seat in &mut self.seats {
            seat.ready(&self.config)?;
        }
        Ok(())
    }

    /// Sends and commits all of it, or nothing.
    pub(crate) fn commit(&mut self, staged: &StagedTransaction) -> Result<(), TransactionError> {
        let seat = &mut self.seats[self.turn];
        self.turn ^= 1;
        let producer = seat.begun(&self.config)?;
        let Err(ended) = producer.run(staged) else {
            seat.was_fenced = false;
            return Ok(());
        };
        Err(seat.ended(ended))
    }
}

impl Seat {
    fn ready(
        &mut self,
        config: &TemplateConfig,
    ) -> Result<&TransactionalProducer, TransactionError> {
        let producer = match self.producer.take() {
            Some(producer) => producer,
            None => TransactionalProducer::start(config, Arc::clone(&self.id))?,
        };
        Ok(self.producer.insert(producer))
    }

    /// A producer with an open transaction: the one that is there, or a new one if it is broken.
    fn begun(
        &mut self,
        config: &TemplateConfig,
    ) -> Result<&TransactionalProducer, TransactionError> {
        if let Err(refusal) = self.ready(config)?.begin() {
            tracing::info!(id = &*self.id, code = %refusal.code, "the transactional producer is replaced");
            self.producer = None;
            let begun = self.ready(config)?.begin();
            begun.map_err(|refusal| TransactionError::not_begun(&self.id, refusal))?;
        }
        self.ready(config)
    }

    fn ended(&mut self, ended: Ended) -> TransactionError {
        if ended.broken {
            self.producer = None;
        }
        match ended.error {
            TransactionError::Fenced { id, .. } => TransactionError::Fenced {
                id,
                again: std::mem::replace(&mut self.was_fenced, true),
            },
            error => error,
        }
    }
}
