//! The queue that a consumer's partitions share.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::time::Duration;

use super::support::{Broker, Log, handler};
use crate::client::{KafkaConsumer, RecordSource, Slot, SourceEvent};
use crate::record::Record;

/// More than a partition keeps in hand.
const RECORDS: u32 = 3_000;

/// A consumer without a loop: reads the partitions that it is told to.
struct Reader {
    consumer: KafkaConsumer,
    assigned: Vec<Slot>,
    /// By slot.
    read: [Vec<i64>; 2],
}

impl Reader {
    fn new(broker: &Broker) -> Self {
        let log = Log::new();
        let endpoint = broker.endpoint(handler(&log, |_| async { Ok(()) }));
        let mut properties = endpoint.properties;
        properties.push(("group.id".into(), endpoint.group_id.to_string()));
        Self {
            consumer: KafkaConsumer::subscribe(&properties, &endpoint.topics).unwrap(),
            assigned: Vec::new(),
            read: [Vec::new(), Vec::new()],
        }
    }

    /// Reads one partition, and no other, until it has so many records.
    async fn read_until(&mut self, partition: i32, count: usize) {
        let enough = tokio::time::timeout(Duration::from_secs(60), async {
            loop {
                self.turn(partition);
                if self.of(partition).len() >= count {
                    return;
                }
                poll_fn(|context| self.consumer.poll_filled(context)).await;
            }
        });
        let enough = enough.await.is_ok();
        assert!(enough, "{} of {count}", self.of(partition).len());
    }

    fn turn(&mut self, partition: i32) {
        let mut events = Vec::new();
        self.consumer.poll_events(&mut events);
        for event in events {
            match event {
                SourceEvent::Assign(slots) => {
                    self.consumer.assign(&slots).unwrap();
                    self.assigned.extend(slots);
                }
                SourceEvent::Revoke { slots, .. } => self.consumer.unassign(&slots).unwrap(),
                _ => {}
            }
        }
        self.consumer.take_filled(&mut Vec::new());
        let Some(slot) = self.slot(partition) else {
            return;
        };
        let mut records = VecDeque::new();
        while self.consumer.read(slot, 500, &mut records) > 0 {
            let offsets = records.drain(..).map(|record: Record| {
                assert_eq!(record.partition(), partition);
                record.offset()
            });
            self.read[usize::try_from(partition).unwrap()].extend(offsets);
        }
    }

    fn slot(&self, partition: i32) -> Option<Slot> {
        let named = |slot: &&Slot| self.consumer.name(**slot).partition == partition;
        self.assigned.iter().find(named).copied()
    }

    fn of(&self, partition: i32) -> &[i64] {
        &self.read[usize::try_from(partition).unwrap()]
    }
}

fn all(count: u32) -> Vec<i64> {
    (0..i64::from(count)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_that_nobody_reads_holds_up_no_other_and_keeps_its_order() {
    let broker = Broker::with_topic(2).await;
    broker.send(0, 0..RECORDS);
    broker.send(1, 0..RECORDS);
    let mut reader = Reader::new(&broker);
    reader.read_until(1, RECORDS as usize).await;
    assert_eq!(reader.of(1), all(RECORDS));
    assert!(reader.of(0).is_empty(), "nobody read it");
    // What waits apart comes before what is sent now.
    broker.send(0, RECORDS..RECORDS + 100);
    broker.send(1, RECORDS..RECORDS + 100);
    reader.read_until(0, RECORDS as usize + 100).await;
    reader.read_until(1, RECORDS as usize + 100).await;
    assert_eq!(reader.of(0), all(RECORDS + 100));
    assert_eq!(reader.of(1), all(RECORDS + 100));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seek_voids_what_is_in_hand_and_what_waits_apart() {
    let broker = Broker::with_topic(2).await;
    broker.send(0, 0..RECORDS);
    broker.send(1, 0..RECORDS);
    let mut reader = Reader::new(&broker);
    reader.read_until(1, RECORDS as usize).await;
    let stuck = reader.slot(0).unwrap();
    let last = i64::from(RECORDS) - 10;
    reader.consumer.seek(stuck, last).unwrap();
    reader.read_until(0, 10).await;
    assert_eq!(reader.of(0), (last..last + 10).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_that_was_given_up_and_came_back_is_read_again() {
    let broker = Broker::with_topic(1).await;
    broker.send(0, 0..10);
    let mut reader = Reader::new(&broker);
    reader.read_until(0, 10).await;
    let slots = reader.assigned.clone();
    for round in 2..4 {
        reader.consumer.unassign(&slots).unwrap();
        reader.consumer.assign(&slots).unwrap();
        reader.read_until(0, round * 10).await;
    }
    assert_eq!(reader.of(0), [all(10), all(10), all(10)].concat());
}
