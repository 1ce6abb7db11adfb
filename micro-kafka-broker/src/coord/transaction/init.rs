//! Who holds the transactional id.

use super::{Init, Moment, Producer, Transaction, TransactionError, TransactionState};

/// Epochs from this one on are not given to clients any more: the one above it must be left for
/// replacing the producer.
pub(super) const LAST_EPOCH: i16 = i16::MAX - 1;

impl Transaction {
    /// Gives the transactional id to a producer.
    ///
    /// An open transaction is that of an instance which has not been heard of for good, or has
    /// lost its memory: it is aborted, and the client asks again.
    pub(super) fn init(&mut self, now: Moment, init: Init) -> Result<Producer, TransactionError> {
        if init.timeout.is_zero() || init.timeout > self.limits.max_timeout {
            return Err(TransactionError::InvalidTimeout);
        }
        if !init.expected.is_none_or(|expected| self.may_be(expected)) {
            return Err(TransactionError::ProducerFenced);
        }
        match self.state {
            TransactionState::Ongoing => {
                self.fence(now);
                return Err(TransactionError::Concurrent);
            }
            state if !state.is_settled() => return Err(TransactionError::Concurrent),
            _ => {}
        }
        let (producer, last_epoch) = self.successor(init.expected)?;
        // The first holder is its own predecessor, as Kafka writes it down.
        self.previous_id = match self.is_taken() {
            true => self.producer.id,
            false => producer.id,
        };
        self.producer = producer;
        self.last_epoch = last_epoch;
        self.state = TransactionState::Empty;
        self.timeout = init.timeout;
        self.started = None;
        self.updated = now;
        self.keep();
        Ok(producer)
    }

    /// Whether a producer that goes on after an error can be the one that holds the id: by its
    /// id, or as the one before whose epochs ran out and who never heard of its new id.
    fn may_be(&self, expected: Producer) -> bool {
        !self.is_taken()
            || expected.id == self.producer.id
            || expected.id == self.previous_id && expected.epoch >= LAST_EPOCH
    }

    /// The next producer, and the epoch before it if the same client goes on.
    fn successor(&self, expected: Option<Producer>) -> Result<(Producer, i16), TransactionError> {
        let current = self.producer;
        let continues = expected.is_none_or(|expected| expected.epoch == current.epoch);
        let last_epoch = expected.map_or(-1, |_| current.epoch);
        if !self.is_taken() || current.epoch >= LAST_EPOCH && continues {
            let id = self.ids.next();
            return Ok((Producer { id, epoch: 0 }, last_epoch));
        }
        if continues {
            let epoch = current.epoch.saturating_add(1);
            return Ok((Producer { epoch, ..current }, last_epoch));
        }
        // A repeated request, whose first answer was lost, gets the same answer.
        match expected.is_some_and(|expected| expected.epoch == self.last_epoch) {
            true => Ok((current, self.last_epoch)),
            false => Err(TransactionError::ProducerFenced),
        }
    }
}
