//! Commit and abort, as the producer wants it.

use super::init::LAST_EPOCH;
use super::{Moment, Producer, Protocol, Transaction, TransactionError, TransactionState};
use crate::batch::Verdict;

impl Transaction {
    /// Decides the transaction; returns the producer that goes on.
    pub(super) fn end(
        &mut self,
        now: Moment,
        producer: Producer,
        protocol: Protocol,
        verdict: Verdict,
    ) -> Result<Producer, TransactionError> {
        if !self.is_taken() {
            return Err(TransactionError::InvalidProducerIdMapping);
        }
        let before = std::mem::replace(&mut self.protocol, protocol);
        let ended = match protocol {
            Protocol::Classic => self.end_classic(now, producer, verdict),
            Protocol::EpochPerTransaction => self.end_with_epoch(now, producer, verdict),
        };
        if ended.is_err() {
            self.protocol = before;
        }
        ended
    }

    /// The same end again is answered as before: a retry cannot be told from it.
    fn end_classic(
        &mut self,
        now: Moment,
        producer: Producer,
        verdict: Verdict,
    ) -> Result<Producer, TransactionError> {
        if producer.id != self.producer.id {
            return Err(TransactionError::InvalidProducerIdMapping);
        }
        if producer.epoch != self.producer.epoch {
            return Err(TransactionError::ProducerFenced);
        }
        match (self.state, verdict) {
            (TransactionState::Ongoing, _) => {
                self.decide(now, verdict);
                Ok(self.producer)
            }
            (TransactionState::CompleteCommit, Verdict::Commit)
            | (TransactionState::CompleteAbort, Verdict::Abort) => Ok(self.producer),
            (TransactionState::PrepareCommit, Verdict::Commit)
            | (TransactionState::PrepareAbort, Verdict::Abort) => Err(TransactionError::Concurrent),
            _ => Err(TransactionError::InvalidState),
        }
    }

    /// Every end has an epoch of its own, so that a retry is known by its epoch.
    ///
    /// An abort needs no open transaction: the client may not know whether anything arrived.
    fn end_with_epoch(
        &mut self,
        now: Moment,
        producer: Producer,
        verdict: Verdict,
    ) -> Result<Producer, TransactionError> {
        let rolled_over = producer.id == self.previous_id
            && producer.id != self.producer.id
            && producer.epoch == LAST_EPOCH
            && self.producer.epoch == 0;
        if producer.id != self.producer.id && !rolled_over {
            return Err(TransactionError::InvalidProducerIdMapping);
        }
        let retried = rolled_over || producer.epoch.checked_add(1) == Some(self.producer.epoch);
        let current = producer.epoch == self.producer.epoch;
        let valid = match self.state {
            state if state.is_ending() => retried,
            TransactionState::CompleteCommit | TransactionState::CompleteAbort => {
                retried || current
            }
            _ => current,
        };
        if !valid {
            return Err(TransactionError::ProducerFenced);
        }
        match (self.state, verdict) {
            (TransactionState::Ongoing, _) => Ok(self.decide_with_epoch(now, verdict)),
            (TransactionState::CompleteCommit, Verdict::Commit)
            | (TransactionState::CompleteAbort, Verdict::Abort)
                if retried =>
            {
                Ok(self.producer)
            }
            (TransactionState::PrepareCommit, Verdict::Commit)
            | (TransactionState::PrepareAbort, Verdict::Abort) => Err(TransactionError::Concurrent),
            (state, Verdict::Abort) if state.is_settled() && !retried => {
                Ok(self.decide_with_epoch(now, verdict))
            }
            _ => Err(TransactionError::InvalidState),
        }
    }

    /// Ends the epoch with the transaction; when the epochs have run out, the id as well.
    fn decide_with_epoch(&mut self, now: Moment, verdict: Verdict) -> Producer {
        self.renew_id();
        if self.state.is_settled() {
            self.started = Some(now);
        }
        self.last_epoch = self.producer.epoch;
        self.producer.epoch = self.producer.epoch.saturating_add(1);
        self.decide(now, verdict);
        self.after_markers()
    }
}
