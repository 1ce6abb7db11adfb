//! What is part of the transaction.

use std::collections::BTreeSet;

use super::{Moment, Producer, Protocol, Transaction, TransactionError, TransactionState};
use crate::coord::group::PartitionKey;

impl Transaction {
    /// Adds partitions to the transaction, which begins if there is none.
    pub(super) fn add(
        &mut self,
        now: Moment,
        producer: Producer,
        protocol: Protocol,
        partitions: BTreeSet<PartitionKey>,
    ) -> Result<(), TransactionError> {
        self.check_writer(producer)?;
        if self.state == TransactionState::Ongoing && self.partitions.is_superset(&partitions) {
            return Ok(());
        }
        if self.state != TransactionState::Ongoing {
            self.state = TransactionState::Ongoing;
            self.started = Some(now);
            self.previous_id = self.producer.id;
        }
        self.updated = now;
        self.partitions.extend(partitions);
        self.protocol = protocol;
        self.keep();
        Ok(())
    }

    /// Whether a partition is part of the open transaction.
    pub(super) fn verify(
        &self,
        producer: Producer,
        partition: &PartitionKey,
    ) -> Result<(), TransactionError> {
        self.check_writer(producer)?;
        match self.partitions.contains(partition) {
            true => Ok(()),
            false => Err(TransactionError::NotIncluded),
        }
    }

    /// Whether the producer may write now.
    fn check_writer(&self, producer: Producer) -> Result<(), TransactionError> {
        if !self.is_taken() || producer.id != self.producer.id {
            return Err(TransactionError::InvalidProducerIdMapping);
        }
        if producer.epoch != self.producer.epoch {
            return Err(TransactionError::ProducerFenced);
        }
        match self.state {
            TransactionState::Ongoing => Ok(()),
            state if state.is_settled() => Ok(()),
            _ => Err(TransactionError::Concurrent),
        }
    }
}
