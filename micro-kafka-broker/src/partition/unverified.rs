//! Batches that wait for their transaction's coordinator.

use std::collections::HashMap;

use super::producer::ProducerError;
use crate::batch::Header;

/// Producers remembered at most: who sends more ids than that means no good.
const MOST: usize = 10_000;

/// The lowest sequence number that each producer has sent since its last transaction, though it may
/// have been refused: a later one must not come before it, or it could never be written.
#[derive(Debug, Default)]
pub(super) struct Unverified {
    lowest: HashMap<i64, Lowest>,
}

#[derive(Debug)]
struct Lowest {
    epoch: i16,
    sequence: i32,
    seen_at: i64,
}

impl Unverified {
    /// Notes a batch that is to be verified.
    pub(super) fn seen(&mut self, header: &Header, now_millis: i64) {
        let (epoch, sequence) = (header.producer_epoch, header.base_sequence);
        if self.lowest.len() >= MOST && !self.lowest.contains_key(&header.producer_id) {
            return;
        }
        let lowest = self.lowest.entry(header.producer_id).or_insert(Lowest {
            epoch,
            sequence,
            seen_at: now_millis,
        });
        if epoch > lowest.epoch {
            (lowest.epoch, lowest.sequence) = (epoch, sequence);
        } else if epoch == lowest.epoch {
            lowest.sequence = lowest.sequence.min(sequence);
        }
    }

    /// Refuses a batch that would come before an earlier one.
    ///
    /// # Errors
    /// [`ProducerError::OutOfOrder`].
    pub(super) fn check(&self, header: &Header) -> Result<(), ProducerError> {
        match self.lowest.get(&header.producer_id) {
            Some(lowest) if header.base_sequence > lowest.sequence => {
                Err(ProducerError::OutOfOrder {
                    producer_id: header.producer_id,
                    sequence: header.base_sequence,
                    last: lowest.sequence.saturating_sub(1),
                })
            }
            _ => Ok(()),
        }
    }

    /// Forgets a producer whose transaction has begun, or ended.
    pub(super) fn forget(&mut self, producer_id: i64) {
        self.lowest.remove(&producer_id);
    }

    /// Forgets what was noted before that time.
    pub(super) fn expire(&mut self, before_millis: i64) {
        self.lowest
            .retain(|_, lowest| lowest.seen_at >= before_millis);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::BatchBuilder;

    fn batch(epoch: i16, sequence: i32) -> Header {
        let bytes = BatchBuilder::new().value("a").build();
        Header {
            producer_id: 7,
            producer_epoch: epoch,
            base_sequence: sequence,
            ..Header::read(&bytes).unwrap()
        }
    }

    #[test]
    fn nothing_comes_before_what_was_refused() {
        let mut unverified = Unverified::default();
        assert!(unverified.check(&batch(0, 5)).is_ok());
        unverified.seen(&batch(0, 3), 0);
        unverified.seen(&batch(0, 2), 0);
        assert!(unverified.check(&batch(0, 3)).is_err());
        assert!(unverified.check(&batch(0, 2)).is_ok());
        unverified.seen(&batch(1, 4), 0);
        assert!(unverified.check(&batch(1, 4)).is_ok(), "a new epoch");
        unverified.forget(7);
        assert!(unverified.check(&batch(1, 9)).is_ok());
    }

    #[test]
    fn what_is_old_is_forgotten() {
        let mut unverified = Unverified::default();
        unverified.seen(&batch(0, 0), 10);
        unverified.expire(10);
        assert!(unverified.check(&batch(0, 1)).is_err());
        unverified.expire(11);
        assert!(unverified.check(&batch(0, 1)).is_ok());
    }
}
