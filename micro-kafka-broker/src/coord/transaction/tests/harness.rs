//! A transactional id, a clock, and markers that are written when the test says so.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::batch::{Marker, Verdict};
use crate::coord::group::PartitionKey;
use crate::coord::transaction::record::TransactionLogValue;
use crate::coord::transaction::replay::TransactionReplay;
use crate::coord::transaction::{
    Effect, Event, Init, Moment, Producer, Protocol, Transaction, TransactionError,
    TransactionLimits, TransactionState,
};
use crate::coord::{Entry, ProducerIds};

pub(super) const TIMEOUT: Duration = Duration::from_secs(60);

pub(super) type Outcome = Result<Producer, TransactionError>;

pub(super) fn limits() -> TransactionLimits {
    TransactionLimits {
        max_timeout: Duration::from_secs(900),
        expiration: Duration::from_secs(604_800),
    }
}

pub(super) fn partition(index: i32) -> PartitionKey {
    PartitionKey {
        topic: "t".into(),
        partition: index,
    }
}

pub(super) struct Sim {
    pub(super) transaction: Transaction,
    pub(super) now: Moment,
    /// Asked for and not yet written.
    pub(super) markers: Vec<(Marker, BTreeSet<PartitionKey>)>,
    /// What was written down, in order.
    pub(super) kept: Vec<Option<TransactionLogValue>>,
}

impl Sim {
    pub(super) fn new() -> Self {
        Self::with_ids(&Arc::new(ProducerIds::default()))
    }

    pub(super) fn with_ids(ids: &Arc<ProducerIds>) -> Self {
        let now = Moment {
            instant: Instant::now(),
            unix_millis: 1_000_000,
        };
        Self {
            transaction: Transaction::new(limits(), Arc::clone(ids), now),
            now,
            markers: Vec::new(),
            kept: Vec::new(),
        }
    }

    /// A producer whose next epoch is the last but one that there is.
    pub(super) fn near_the_last_epoch() -> (Self, Producer) {
        let mut sim = Self::new();
        let mut producer = sim.init().unwrap();
        while producer.epoch < i16::MAX - 1 {
            producer = sim.init().unwrap();
        }
        (sim, producer)
    }

    pub(super) fn step(&mut self, event: Event) -> Option<Outcome> {
        let mut answer = None;
        for effect in self.transaction.step(self.now, event) {
            match effect {
                Effect::Reply(outcome) => {
                    assert!(answer.replace(outcome).is_none(), "answered twice");
                }
                Effect::Append(value) => self.kept.push(value),
                Effect::WriteMarkers(marker, partitions) => self.markers.push((marker, partitions)),
            }
        }
        assert!(self.markers.len() <= 1, "one transaction ends at a time");
        answer
    }

    fn ask(&mut self, event: Event) -> Outcome {
        self.step(event).expect("every request is answered")
    }

    pub(super) fn init(&mut self) -> Outcome {
        self.init_as(None)
    }

    pub(super) fn init_as(&mut self, expected: Option<Producer>) -> Outcome {
        self.ask(Event::Init(Init {
            timeout: TIMEOUT,
            expected,
        }))
    }

    pub(super) fn add(&mut self, producer: Producer, index: i32) -> Outcome {
        let partitions = BTreeSet::from([partition(index)]);
        self.ask(Event::Add(producer, Protocol::Classic, partitions))
    }

    pub(super) fn verify(&mut self, producer: Producer, index: i32) -> Outcome {
        self.ask(Event::Verify(producer, partition(index)))
    }

    pub(super) fn end(
        &mut self,
        producer: Producer,
        protocol: Protocol,
        verdict: Verdict,
    ) -> Outcome {
        self.ask(Event::End(producer, protocol, verdict))
    }

    /// Writes the markers that were asked for.
    pub(super) fn write_markers(&mut self) -> Option<(Marker, BTreeSet<PartitionKey>)> {
        let written = self.markers.pop()?;
        assert_eq!(self.step(Event::MarkersWritten), None);
        Some(written)
    }

    pub(super) fn advance(&mut self, by: Duration) {
        self.now.instant += by;
        self.now.unix_millis += i64::try_from(by.as_millis()).unwrap();
        assert_eq!(self.step(Event::Tick), None);
    }

    /// What was written down gives the transactional id as it is; only a retry of what was
    /// answered last is not known any more.
    pub(super) fn check_replay(&self) {
        let Some(Some(_)) = self.kept.last() else {
            return assert!(self.transaction.is_dead());
        };
        let mut replay = TransactionReplay::default();
        for value in &self.kept {
            let record = TransactionLogValue::record("x", value.as_ref()).unwrap();
            replay.take(Entry::Record(record, None));
        }
        let ids = Arc::new(ProducerIds::default());
        let replayed = replay.finish(limits(), &ids, self.now).remove("x").unwrap();
        assert_eq!(replayed.describe(), self.transaction.describe());
        assert_eq!(replayed.deadline(), self.transaction.deadline());
        assert_eq!(replayed.previous_id, self.transaction.previous_id);
        assert_eq!(replayed.next_id, self.transaction.next_id);
        assert_eq!(replayed.protocol, self.transaction.protocol);
        let owed = self.markers.last().map(|(marker, _)| *marker);
        let resumed = match replayed.resume() {
            Some(Effect::WriteMarkers(marker, _)) => Some(marker),
            _ => None,
        };
        assert_eq!(resumed, owed);
        let (next, held) = (ids.next(), self.transaction.producer.id);
        assert!(next > held && next > self.transaction.next_id);
    }

    pub(super) fn state(&self) -> TransactionState {
        self.transaction.describe().state
    }
}
