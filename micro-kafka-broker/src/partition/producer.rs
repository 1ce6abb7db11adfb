//! Idempotent producers: each sequence number is appended once and in order.

use std::collections::{HashMap, VecDeque};

use super::{Admission, MarkerError};
use crate::batch::{Header, Marker};
use crate::log::compaction::LastOfProducer;
use crate::log::disk::ProducerEntry;

/// Batches of a producer that are remembered for recognising a retry.
const WINDOW: usize = 5;

/// Why a batch of an idempotent producer is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ProducerError {
    /// The sequence does not follow the last one.
    #[error("sequence {sequence} of producer {producer_id} does not follow {last}")]
    OutOfOrder {
        /// The producer.
        producer_id: i64,
        /// The sequence number that came.
        sequence: i32,
        /// The last one appended.
        last: i32,
    },
    /// A newer instance of the producer has written already.
    #[error("epoch {epoch} of producer {producer_id} is older than {current}")]
    StaleEpoch {
        /// The producer.
        producer_id: i64,
        /// The epoch that came.
        epoch: i16,
        /// The newest one known.
        current: i16,
    },
    /// A batch outside of the transaction that its producer has open here.
    #[error("producer {producer_id} has an open transaction and sent a batch without one")]
    OutsideTransaction {
        /// The producer.
        producer_id: i64,
    },
}

/// What a batch is to its producer's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sequenced {
    /// The next in order: append it.
    Next,
    /// Appended before: answer with where.
    Duplicate {
        /// Offset of its first record.
        base_offset: i64,
        /// When it was appended, in milliseconds since 1970.
        appended_at: i64,
    },
}

#[derive(Debug, Clone, Copy)]
struct Remembered {
    first_sequence: i32,
    last_sequence: i32,
    base_offset: i64,
    appended_at: i64,
}

impl Remembered {
    /// Sequence number of the last record less that of the first, across the wrap.
    fn delta(&self) -> i32 {
        let delta = self.last_sequence.wrapping_sub(self.first_sequence);
        delta & i32::MAX
    }

    /// Offset of its last record.
    fn last_offset(&self) -> i64 {
        self.base_offset + i64::from(self.delta())
    }
}

#[derive(Debug)]
struct Producer {
    epoch: i16,
    window: VecDeque<Remembered>,
    seen_at: i64,
    /// First offset of its open transaction.
    open: Option<i64>,
    /// The coordinator that ended its last transaction, or -1.
    coordinator_epoch: i32,
}

/// A producer as admin clients see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ActiveProducer {
    /// The producer.
    pub(crate) producer_id: i64,
    /// Its epoch.
    pub(crate) epoch: i16,
    /// The sequence number of its last record, or -1.
    pub(crate) last_sequence: i32,
    /// When it last wrote, in milliseconds since 1970.
    pub(crate) seen_at: i64,
    /// The coordinator that ended its last transaction, or -1.
    pub(crate) coordinator_epoch: i32,
    /// First offset of its open transaction.
    pub(crate) open: Option<i64>,
}

/// The producers that wrote to one partition.
#[derive(Debug, Default)]
pub(crate) struct Producers {
    known: HashMap<i64, Producer>,
}

impl Producers {
    /// Places a batch in its producer's history; batches without a producer are always next.
    ///
    /// A producer that is not known may begin with any sequence, since its state may have expired;
    /// only where every transaction has an epoch of its own must it begin with 0.
    ///
    /// # Errors
    /// [`ProducerError`] when a batch before it is missing or its producer was replaced.
    pub(crate) fn check(
        &self,
        header: &Header,
        admission: Admission,
    ) -> Result<Sequenced, ProducerError> {
        if !header.has_producer() {
            return Ok(Sequenced::Next);
        }
        let producer_id = header.producer_id;
        let Some(producer) = self.known.get(&producer_id) else {
            return match admission == Admission::Added && header.base_sequence != 0 {
                true => Err(out_of_order(header, -1)),
                false => Ok(Sequenced::Next),
            };
        };
        if header.producer_epoch < producer.epoch {
            return Err(ProducerError::StaleEpoch {
                producer_id,
                epoch: header.producer_epoch,
                current: producer.epoch,
            });
        }
        if admission == Admission::Coordinator {
            return Ok(Sequenced::Next);
        }
        let mut last = -1;
        if header.producer_epoch == producer.epoch {
            if let Some(duplicate) = producer.find(header) {
                return Ok(duplicate);
            }
            last = producer.last_sequence();
        }
        if producer.open.is_some() && !header.is_transactional() {
            return Err(ProducerError::OutsideTransaction { producer_id });
        }
        if header.base_sequence == following(last) {
            return Ok(Sequenced::Next);
        }
        Err(out_of_order(header, last))
    }

    /// Remembers a batch that was appended at `base_offset`; true when it opened a transaction.
    pub(crate) fn appended(&mut self, header: &Header, base_offset: i64, now_millis: i64) -> bool {
        if !header.has_producer() {
            return false;
        }
        let producer = self.producer(header.producer_id, header.producer_epoch, now_millis);
        if producer.window.len() == WINDOW {
            producer.window.pop_front();
        }
        producer.window.push_back(Remembered {
            first_sequence: header.base_sequence,
            last_sequence: header.last_sequence(),
            base_offset,
            appended_at: now_millis,
        });
        let opened = header.is_transactional() && producer.open.is_none();
        if opened {
            producer.open = Some(base_offset);
        }
        opened
    }

    /// Whether a marker may end the producer's transaction.
    ///
    /// # Errors
    /// [`MarkerError`] when the producer or its coordinator was replaced.
    pub(super) fn check_marker(&self, marker: &Marker) -> Result<(), MarkerError> {
        let Some(producer) = self.known.get(&marker.producer_id) else {
            return Ok(());
        };
        if marker.producer_epoch < producer.epoch {
            return Err(MarkerError::StaleEpoch);
        }
        match marker.coordinator_epoch < producer.coordinator_epoch {
            true => Err(MarkerError::StaleCoordinator),
            false => Ok(()),
        }
    }

    /// Ends the producer's transaction; returns the first offset of one that was open.
    pub(super) fn ended(&mut self, marker: &Marker, now_millis: i64) -> Option<i64> {
        let producer = self.producer(marker.producer_id, marker.producer_epoch, now_millis);
        producer.coordinator_epoch = marker.coordinator_epoch;
        producer.open.take()
    }

    /// What is kept of the producers on disk: the last batch of each, as in Kafka.
    pub(super) fn entries(&self) -> Vec<ProducerEntry> {
        let entries = self.known.iter().map(|(&producer_id, producer)| {
            let last = producer.window.back();
            ProducerEntry {
                producer_id,
                epoch: producer.epoch,
                last_sequence: producer.last_sequence(),
                last_offset: last.map_or(-1, |last| last.base_offset + i64::from(last.delta())),
                offset_delta: last.map_or(0, Remembered::delta),
                timestamp: producer.seen_at,
                coordinator_epoch: producer.coordinator_epoch,
                open: producer.open.unwrap_or(-1),
            }
        });
        let mut entries: Vec<_> = entries.collect();
        entries.sort_unstable_by_key(|entry| entry.producer_id);
        entries
    }

    /// The producers as they were kept.
    pub(super) fn kept(entries: &[ProducerEntry]) -> Self {
        let known = entries.iter().map(|entry| {
            let last = (entry.last_offset >= 0).then(|| Remembered {
                first_sequence: preceding(entry.last_sequence, entry.offset_delta),
                last_sequence: entry.last_sequence,
                base_offset: entry.last_offset - i64::from(entry.offset_delta),
                appended_at: entry.timestamp,
            });
            let producer = Producer {
                epoch: entry.epoch,
                window: last.into_iter().collect(),
                seen_at: entry.timestamp,
                open: (entry.open >= 0).then_some(entry.open),
                coordinator_epoch: entry.coordinator_epoch,
            };
            (entry.producer_id, producer)
        });
        Self {
            known: known.collect(),
        }
    }

    /// All producers that are remembered, by id.
    pub(super) fn active(&self) -> Vec<ActiveProducer> {
        let active = self
            .known
            .iter()
            .map(|(&producer_id, producer)| ActiveProducer {
                producer_id,
                epoch: producer.epoch,
                last_sequence: producer.last_sequence(),
                seen_at: producer.seen_at,
                coordinator_epoch: producer.coordinator_epoch,
                open: producer.open,
            });
        let mut active: Vec<_> = active.collect();
        active.sort_unstable_by_key(|producer| producer.producer_id);
        active
    }

    /// What each of them wrote last.
    pub(super) fn last_writes(&self) -> HashMap<i64, LastOfProducer> {
        let lasts = self.known.iter().map(|(&producer_id, producer)| {
            let last = LastOfProducer {
                data_offset: producer.window.back().map(Remembered::last_offset),
                epoch: producer.epoch,
            };
            (producer_id, last)
        });
        lasts.collect()
    }

    /// The producer with this epoch; what an older epoch left behind is forgotten.
    fn producer(&mut self, producer_id: i64, epoch: i16, now_millis: i64) -> &mut Producer {
        let known = self.known.entry(producer_id);
        let producer = known.or_insert_with(|| Producer {
            epoch,
            window: VecDeque::with_capacity(WINDOW),
            seen_at: now_millis,
            open: None,
            coordinator_epoch: -1,
        });
        if producer.epoch != epoch {
            producer.epoch = epoch;
            producer.window.clear();
        }
        producer.seen_at = now_millis;
        producer
    }

    /// Forgets producers that have not written since `before_millis`; returns how many.
    pub(super) fn expire(&mut self, before_millis: i64) -> usize {
        let known = self.known.len();
        self.known
            .retain(|_, producer| producer.open.is_some() || producer.seen_at >= before_millis);
        known - self.known.len()
    }
}

impl Producer {
    /// -1 for none in this epoch.
    fn last_sequence(&self) -> i32 {
        self.window.back().map_or(-1, |batch| batch.last_sequence)
    }

    fn find(&self, header: &Header) -> Option<Sequenced> {
        let last = header.last_sequence();
        let same =
            |b: &&Remembered| b.first_sequence == header.base_sequence && b.last_sequence == last;
        self.window
            .iter()
            .find(same)
            .map(|batch| Sequenced::Duplicate {
                base_offset: batch.base_offset,
                appended_at: batch.appended_at,
            })
    }
}

fn out_of_order(header: &Header, last: i32) -> ProducerError {
    ProducerError::OutOfOrder {
        producer_id: header.producer_id,
        sequence: header.base_sequence,
        last,
    }
}

/// The sequence number `delta` before another, across the wrap.
fn preceding(sequence: i32, delta: i32) -> i32 {
    sequence.wrapping_sub(delta) & i32::MAX
}

/// Sequences wrap from `i32::MAX` to 0; -1 stands for "none yet".
fn following(sequence: i32) -> i32 {
    sequence.checked_add(1).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::batch::BatchBuilder;

    fn header(epoch: i16, sequence: i32, records: i32) -> Header {
        let mut header = Header::read(
            &BatchBuilder::new()
                .producer(9, epoch, sequence)
                .value("a")
                .build(),
        )
        .unwrap();
        header.last_offset_delta = records - 1;
        header
    }

    fn check(producers: &Producers, header: &Header) -> Result<Sequenced, ProducerError> {
        producers.check(header, Admission::Plain)
    }

    fn append(producers: &mut Producers, header: &Header, offset: i64) {
        assert_eq!(check(producers, header), Ok(Sequenced::Next));
        producers.appended(header, offset, 0);
    }

    #[test]
    fn a_retry_within_five_batches_gets_its_original_offset() {
        let mut producers = Producers::default();
        for i in 0..6 {
            append(&mut producers, &header(0, i * 10, 10), i64::from(i) * 10);
        }
        for i in 1..6 {
            let again = check(&producers, &header(0, i * 10, 10)).unwrap();
            assert_eq!(
                again,
                Sequenced::Duplicate {
                    base_offset: i64::from(i) * 10,
                    appended_at: 0
                }
            );
        }
        assert!(
            check(&producers, &header(0, 0, 10)).is_err(),
            "the sixth last is forgotten"
        );
        assert!(
            check(&producers, &header(0, 50, 9)).is_err(),
            "same start, other length"
        );
    }

    #[test]
    fn a_gap_is_out_of_order() {
        let mut producers = Producers::default();
        append(&mut producers, &header(0, 0, 1), 0);
        let refused = check(&producers, &header(0, 2, 1)).unwrap_err();
        assert_eq!(
            refused,
            ProducerError::OutOfOrder {
                producer_id: 9,
                sequence: 2,
                last: 0
            }
        );
    }

    #[test]
    fn an_unknown_producer_begins_anywhere_and_a_new_epoch_at_zero() {
        let mut producers = Producers::default();
        append(&mut producers, &header(0, 77, 1), 0);
        assert!(check(&producers, &header(1, 78, 1)).is_err());
        append(&mut producers, &header(1, 0, 1), 1);
        assert!(matches!(
            check(&producers, &header(0, 78, 1)),
            Err(ProducerError::StaleEpoch { .. })
        ));
    }

    #[test]
    fn sequences_wrap_after_two_to_the_31() {
        let mut producers = Producers::default();
        append(&mut producers, &header(0, i32::MAX - 1, 2), 0);
        append(&mut producers, &header(0, 0, 1), 2);
        let mut producers = Producers::default();
        append(&mut producers, &header(0, i32::MAX, 3), 0);
        append(&mut producers, &header(0, 2, 1), 3);
    }

    #[test]
    fn what_is_kept_recognises_the_last_batch_also_across_the_wrap() {
        let mut producers = Producers::default();
        let last = header(0, i32::MAX - 1, 5);
        append(&mut producers, &last, 40);
        let kept = producers.entries();
        let entry = kept[0];
        assert_eq!(
            (entry.last_sequence, entry.last_offset, entry.offset_delta),
            (2, 44, 4)
        );
        let producers = Producers::kept(&kept);
        let again = check(&producers, &last);
        assert!(matches!(
            again,
            Ok(Sequenced::Duplicate {
                base_offset: 40,
                ..
            })
        ));
        assert_eq!(check(&producers, &header(0, 3, 1)), Ok(Sequenced::Next));
        assert_eq!(producers.entries(), kept);
    }

    #[test]
    fn idle_producers_are_forgotten() {
        let mut producers = Producers::default();
        append(&mut producers, &header(0, 0, 1), 0);
        assert_eq!(producers.expire(0), 0);
        assert_eq!(producers.expire(1), 1);
        assert_eq!(check(&producers, &header(0, 40, 1)), Ok(Sequenced::Next));
    }

    proptest! {
        /// A producer with five requests in flight that retries them in any way loses and
        /// doubles nothing.
        #[test]
        fn any_retries_append_each_sequence_once(
            lengths in proptest::collection::vec(1i32..50, 1..40),
            retries in proptest::collection::vec(0usize..5, 40),
            begin in prop_oneof![Just(0), (i32::MAX - 200)..=i32::MAX],
        ) {
            let mut producers = Producers::default();
            let (mut sequence, mut offset) = (begin, 0i64);
            let mut sent: Vec<(Header, i64)> = Vec::new();
            for (length, back) in lengths.into_iter().zip(retries) {
                let next = header(0, sequence, length);
                append(&mut producers, &next, offset);
                sent.push((next, offset));
                offset += i64::from(length);
                sequence = following(next.last_sequence());
                let retried = &sent[sent.len().saturating_sub(back + 1)];
                prop_assert_eq!(
                    check(&producers, &retried.0),
                    Ok(Sequenced::Duplicate { base_offset: retried.1, appended_at: 0 })
                );
            }
        }
    }
}
