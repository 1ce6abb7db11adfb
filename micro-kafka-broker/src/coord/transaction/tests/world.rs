//! Producers of two transactional ids, with two partitions, a group, and what must be true of
//! them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use super::harness::*;
use crate::batch::{BatchBuilder, Header, Marker, Verdict, records};
use crate::coord::group::{
    self, Caller, CommitPartition, CommittedOffset, Group, GroupLimits, OFFSETS_TOPIC,
    PartitionKey, Token,
};
use crate::coord::transaction::{Event, Producer, Protocol, TransactionState};
use crate::coord::{Moment, ProducerIds};
use crate::meta::{BrokerConfig, Catalog, NewTopic, TopicSettings};
use crate::partition::{Admission, Isolation, Partition, ReadRequest};

pub(super) const PROTOCOLS: [Protocol; 2] = [Protocol::Classic, Protocol::EpochPerTransaction];

/// A producer that believes to hold its transactional id.
#[derive(Debug, Clone)]
pub(super) struct Instance {
    id: usize,
    producer: Producer,
    sequences: [i32; 2],
    replaced: bool,
}

/// What became of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Open,
    Decided(Verdict),
}

/// A record that was appended: its offset, its transaction if any, whether its marker is written.
#[derive(Debug)]
struct Written {
    offset: i64,
    transaction: Option<usize>,
    settled: bool,
}

pub(super) struct World {
    ids: [Sim; 2],
    pub(super) instances: Vec<Instance>,
    partitions: [Partition; 2],
    settings: TopicSettings,
    group: Group,
    now: Moment,
    /// By number, what became of each transaction.
    fates: Vec<Fate>,
    /// The number of each id's open or ending transaction.
    current: [Option<usize>; 2],
    records: [Vec<Written>; 2],
    /// Offsets that were committed in transactions, in order: transaction, offset, settled.
    offsets: Vec<(usize, i64, bool)>,
    next: i64,
}

impl World {
    pub(super) fn new() -> Self {
        let config = BrokerConfig::default();
        let limits = GroupLimits::from_config(&config);
        let new = NewTopic {
            name: "t".to_owned(),
            partitions: 2,
            replication_factor: 1,
            ..NewTopic::default()
        };
        let catalog = Catalog::new(config, vec![1]);
        let ids = Arc::new(ProducerIds::default());
        let now = Moment {
            instant: Instant::now(),
            unix_millis: 1_000_000,
        };
        Self {
            ids: [Sim::with_ids(&ids), Sim::with_ids(&ids)],
            instances: Vec::new(),
            partitions: [Partition::new(0), Partition::new(0)],
            settings: catalog.create_topic(&new, true).unwrap().settings.clone(),
            group: Group::new(limits),
            now,
            fates: Vec::new(),
            current: [None; 2],
            records: [Vec::new(), Vec::new()],
            offsets: Vec::new(),
            next: 0,
        }
    }

    /// A new instance takes an id, if the last one's transaction has ended.
    pub(super) fn init(&mut self, id: usize) {
        let taken = self.ids[id].init();
        self.notice_abort(id);
        let Ok(producer) = taken else { return };
        for other in self.instances.iter_mut().filter(|other| other.id == id) {
            other.replaced = true;
        }
        self.instances.push(Instance {
            id,
            producer,
            sequences: [0; 2],
            replaced: false,
        });
    }

    /// An instance, however old, writes to a partition.
    pub(super) fn write(&mut self, instance: usize, partition: usize) {
        let Instance {
            id,
            producer,
            sequences,
            replaced,
        } = self.instances[instance].clone();
        let key = super::harness::partition(i32::try_from(partition).unwrap());
        if self.join(id, producer, key).is_none() {
            return;
        }
        assert!(!replaced, "a zombie was let in");
        let batch = BatchBuilder::new()
            .producer(producer.id, producer.epoch, sequences[partition])
            .flags(0x10)
            .value("a")
            .build();
        let admission = match PROTOCOLS[id] {
            Protocol::Classic => Admission::Verified,
            Protocol::EpochPerTransaction => Admission::Added,
        };
        let appended = self.partitions[partition]
            .append(&batch, &self.settings, admission, 0)
            .expect("whoever is in the transaction may write");
        self.instances[instance].sequences[partition] += 1;
        self.records[partition].push(Written {
            offset: appended.base_offset,
            transaction: self.current[id],
            settled: false,
        });
    }

    /// An instance commits the group's offset as part of its transaction.
    pub(super) fn commit_offset(&mut self, instance: usize) {
        let Instance {
            id,
            producer,
            replaced,
            ..
        } = self.instances[instance].clone();
        let offsets = PartitionKey {
            topic: OFFSETS_TOPIC.into(),
            partition: 0,
        };
        if self.join(id, producer, offsets).is_none() {
            return;
        }
        assert!(!replaced, "a zombie was let in");
        self.next += 1;
        let commit = CommitPartition {
            key: partition(0),
            committed: CommittedOffset {
                offset: self.next,
                ..CommittedOffset::default()
            },
        };
        let caller = Caller {
            generation: -1,
            ..Caller::default()
        };
        let event = group::Event::CommitInTransaction(Token(0), caller, producer, vec![commit]);
        self.group.step(self.now, event);
        let transaction = self.current[id].unwrap();
        self.offsets.push((transaction, self.next, false));
    }

    /// Adds a partition to an instance's transaction, which may begin with it.
    fn join(&mut self, id: usize, producer: Producer, key: PartitionKey) -> Option<()> {
        let sim = &mut self.ids[id];
        let begins = sim.state() != TransactionState::Ongoing;
        let event = Event::Add(producer, PROTOCOLS[id], BTreeSet::from([key]));
        sim.step(event).unwrap().ok()?;
        if begins {
            self.current[id] = Some(self.fates.len());
            self.fates.push(Fate::Open);
        }
        Some(())
    }

    /// A record outside of any transaction.
    pub(super) fn write_plain(&mut self, partition: usize) {
        let batch = BatchBuilder::new().value("a").build();
        let appended = self.partitions[partition]
            .append(&batch, &self.settings, Admission::Plain, 0)
            .unwrap();
        self.records[partition].push(Written {
            offset: appended.base_offset,
            transaction: None,
            settled: true,
        });
    }

    /// An instance, however old, ends its transaction.
    pub(super) fn end(&mut self, instance: usize, verdict: Verdict) {
        let Instance {
            id,
            producer,
            replaced,
            ..
        } = self.instances[instance];
        let sim = &mut self.ids[id];
        let open = sim.state() == TransactionState::Ongoing;
        let Ok(next) = sim.end(producer, PROTOCOLS[id], verdict) else {
            return;
        };
        if open {
            assert!(!replaced, "a zombie ended a transaction");
            let current = self.current[id].unwrap();
            self.fates[current] = Fate::Decided(verdict);
        }
        if next != producer {
            let instance = &mut self.instances[instance];
            instance.producer = next;
            instance.sequences = [0; 2];
        }
    }

    /// The time of an id's open transaction runs out.
    pub(super) fn run_out(&mut self, id: usize) {
        self.ids[id].advance(TIMEOUT);
        self.notice_abort(id);
    }

    fn notice_abort(&mut self, id: usize) {
        if let Some(current) = self.current[id]
            && self.fates[current] == Fate::Open
            && self.ids[id].state() != TransactionState::Ongoing
        {
            self.fates[current] = Fate::Decided(Verdict::Abort);
        }
    }

    /// Writes one of an id's markers; after the last one its transaction has ended.
    pub(super) fn write_marker(&mut self, id: usize) {
        let Some((marker, left)) = self.ids[id].markers.last_mut() else {
            return;
        };
        let (marker, key) = (*marker, left.pop_first());
        if let Some(key) = key {
            return self.write_marker_to(id, &marker, &key);
        }
        self.ids[id].write_markers();
        self.current[id] = None;
    }

    fn write_marker_to(&mut self, id: usize, marker: &Marker, key: &PartitionKey) {
        if *key.topic == *OFFSETS_TOPIC {
            let committed = marker.verdict == Verdict::Commit;
            let event = group::Event::EndTransaction(marker.producer_id, committed);
            self.group.step(self.now, event);
            for (transaction, _, settled) in &mut self.offsets {
                *settled |= Some(*transaction) == self.current[id];
            }
            return;
        }
        let partition = usize::try_from(key.partition).unwrap();
        self.partitions[partition]
            .end_transaction(marker, 0)
            .unwrap();
        for written in &mut self.records[partition] {
            written.settled |= written.transaction == self.current[id];
        }
    }

    /// Everything that must be true at any time.
    pub(super) fn check(&self) {
        for (partition, written) in self.partitions.iter().zip(&self.records) {
            let all = read(partition, Isolation::ReadUncommitted);
            assert!(all.iter().copied().eq(written.iter().map(|w| w.offset)));
            let request = request(Isolation::ReadCommitted);
            let stable = partition.read(request).unwrap().last_stable_offset;
            let open = written.iter().find(|w| !w.settled).map(|w| w.offset);
            if let Some(open) = open {
                assert_eq!(stable, open, "the oldest open transaction begins there");
            }
            let committed = written.iter().filter(|w| {
                w.offset < stable
                    && w.transaction
                        .is_none_or(|t| self.fates[t] == Fate::Decided(Verdict::Commit))
            });
            let committed: Vec<_> = committed.map(|w| w.offset).collect();
            assert_eq!(read(partition, Isolation::ReadCommitted), committed);
        }
        self.check_offsets();
    }

    fn check_offsets(&self) {
        let settled = |(transaction, _, settled): &&(usize, i64, bool)| {
            *settled && self.fates[*transaction] == Fate::Decided(Verdict::Commit)
        };
        let last = self
            .offsets
            .iter()
            .rfind(settled)
            .map(|(_, offset, _)| *offset);
        let view = self.group.offset(&partition(0));
        assert_eq!(view.committed.map(|c| c.offset), last);
        let unstable = self.offsets.iter().any(|(_, _, settled)| !settled);
        assert_eq!(view.unstable, unstable);
    }

    /// What was written down gives the ids as they are.
    pub(super) fn check_replay(&self) {
        for id in &self.ids {
            id.check_replay();
        }
    }

    /// Lets everything come to its end.
    pub(super) fn settle(&mut self) {
        for id in 0..2 {
            self.run_out(id);
            while !self.ids[id].markers.is_empty() {
                self.write_marker(id);
                self.check();
            }
        }
        for partition in &self.partitions {
            let outcome = partition.read(request(Isolation::ReadCommitted)).unwrap();
            assert_eq!(outcome.last_stable_offset, outcome.high_watermark);
        }
    }
}

fn request(isolation: Isolation) -> ReadRequest {
    ReadRequest {
        offset: 0,
        max_bytes: 1 << 20,
        at_least_one: true,
        isolation,
    }
}

/// The offsets that a client shows its user: those of aborted transactions are left out as the
/// answer tells, and markers always.
fn read(partition: &Partition, isolation: Isolation) -> Vec<i64> {
    let outcome = partition.read(request(isolation)).unwrap();
    let mut rest = Bytes::from(outcome.records.concat());
    let mut begins: BTreeMap<i64, i64> = outcome
        .aborted
        .iter()
        .map(|aborted| (aborted.first_offset, aborted.producer_id))
        .collect();
    let mut aborting = BTreeSet::new();
    let mut offsets = Vec::new();
    while !rest.is_empty() {
        let header = Header::read(&rest).unwrap();
        let batch = rest.split_to(header.size().unwrap());
        let later = begins.split_off(&(header.last_offset() + 1));
        aborting.extend(std::mem::replace(&mut begins, later).into_values());
        if header.is_control() {
            let marker = records(&batch).unwrap().next().unwrap().unwrap();
            if marker.key.unwrap()[3] == 0 {
                aborting.remove(&header.producer_id);
            }
        } else if !(header.is_transactional() && aborting.contains(&header.producer_id)) {
            offsets.extend(
                records(&batch)
                    .unwrap()
                    .map(|record| record.unwrap().offset),
            );
        }
    }
    offsets
}
