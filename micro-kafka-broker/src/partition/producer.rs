//! Idempotent producers: each sequence number is appended once and in order.

use std::collections::{HashMap, VecDeque};

use super::unverified::Unverified;
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
        /// The largest timestamp of its records, in milliseconds since 1970.
        timestamp: i64,
    },
}

#[derive(Debug, Clone, Copy)]
struct Remembered {
    first_sequence: i32,
    last_sequence: i32,
    base_offset: i64,
    timestamp: i64,
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
    unverified: Unverified,
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
            if admission != Admission::Coordinator {
                self.unverified.check(header)?;
            }
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
        self.unverified.check(header)?;
        if header.base_sequence != following(last) {
            return Err(out_of_order(header, last));
        }
        if producer.open.is_some() && !header.is_transactional() {
            return Err(ProducerError::OutsideTransaction { producer_id });
        }
        Ok(Sequenced::Next)
    }

    /// Notes a batch that may begin a transaction here, before its coordinator is asked: should it
    /// be refused for now, none that follows it may come before it.
    pub(super) fn verifying(&mut self, header: &Header, now_millis: i64) {
        if !self.is_open(header) {
            self.unverified.seen(header, now_millis);
        }
    }

    /// Whether the producer of a batch has a transaction open here, in the batch's epoch.
    pub(super) fn is_open(&self, header: &Header) -> bool {
        let known = self.known.get(&header.producer_id);
        known.is_some_and(|known| known.open.is_some() && known.epoch == header.producer_epoch)
    }

    /// Whether a producer has written here with a newer epoch.
    pub(super) fn is_stale(&self, producer_id: i64, epoch: i16) -> bool {
        let known = self.known.get(&producer_id);
        known.is_some_and(|known| known.epoch > epoch)
    }

    /// Remembers a batch of this time that was appended at `base_offset`; true when it opened a transaction.
    pub(crate) fn appended(&mut self, header: &Header, base_offset: i64, at_millis: i64) -> bool {
        if !header.has_producer() {
            return false;
        }
        let producer = self.producer(header.producer_id, header.producer_epoch, at_millis);
        if producer.window.len() == WINDOW {
            producer.window.pop_front();
        }
        producer.window.push_back(Remembered {
            first_sequence: header.base_sequence,
            last_sequence: header.last_sequence(),
            base_offset,
            timestamp: at_millis,
        });
        let opened = header.is_transactional() && producer.open.is_none();
        if opened {
            producer.open = Some(base_offset);
        }
        if header.is_transactional() {
            self.unverified.forget(header.producer_id);
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
        self.unverified.forget(marker.producer_id);
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
                timestamp: entry.timestamp,
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
            unverified: Unverified::default(),
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
        self.unverified.expire(before_millis);
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
                timestamp: batch.timestamp,
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
#[path = "producer_tests.rs"]
mod tests;
