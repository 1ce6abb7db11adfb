use super::*;
use crate::batch::{BatchBuilder, Header};
use crate::clock::ManualTime;
use crate::meta::{BrokerConfig, NewTopic};
use crate::partition::{Admission, Isolation, ReadRequest};

/// A broker's records and the time, without a broker.
struct World {
    time: Arc<ManualTime>,
    stop: watch::Sender<bool>,
    ended: mpsc::Receiver<()>,
    topic: Arc<Topic>,
    partition: Arc<Partition>,
}

impl World {
    /// A world with one topic, and the tasks running.
    fn start(configs: &[(&str, &str)]) -> Self {
        let catalog = Arc::new(Catalog::new(BrokerConfig::default(), vec![1]));
        let partitions = Arc::new(PartitionTable::new());
        catalog.observe(Arc::<PartitionTable>::clone(&partitions));
        let text = |(name, value): &(&str, &str)| ((*name).to_owned(), Some((*value).to_owned()));
        let new = NewTopic {
            name: "t".to_owned(),
            partitions: 1,
            replication_factor: 1,
            configs: configs.iter().map(text).collect(),
            ..NewTopic::default()
        };
        let topic = catalog.create_topic(&new, false).unwrap();
        let partition = partitions.get(topic.id, 0).unwrap();
        let time = Arc::new(ManualTime::new());
        let (stop, stopping) = watch::channel(false);
        let (alive, ended) = mpsc::channel(1);
        let upkeep = Upkeep {
            catalog,
            partitions,
            clock: Clock::from_source(Arc::<ManualTime>::clone(&time)),
            stop: stopping,
        };
        upkeep.start(&alive);
        Self {
            time,
            stop,
            ended,
            topic,
            partition,
        }
    }

    fn append(&self, key: &str, millis: i64) {
        let batch = BatchBuilder::new().base_timestamp(millis);
        let batch = batch
            .record(Some(key.as_bytes()), Some(b"v"), millis)
            .build();
        let settings = &self.topic.settings;
        let appended = self
            .partition
            .append(&batch, settings, Admission::Plain, millis);
        appended.unwrap();
    }

    fn append_as(&self, producer_id: i64, millis: i64) {
        let batch = BatchBuilder::new().producer(producer_id, 0, 0);
        let batch = batch.record(None, Some(b"v"), millis);
        let (batch, settings) = (batch.build(), &self.topic.settings);
        let appended = self
            .partition
            .append(&batch, settings, Admission::Plain, millis);
        appended.unwrap();
    }

    fn producers(&self) -> Vec<i64> {
        let active = self.partition.active_producers();
        active.iter().map(|producer| producer.producer_id).collect()
    }

    /// Offset of the first batch that a reader sees.
    fn first(&self) -> Option<i64> {
        let request = ReadRequest {
            offset: self.partition.start_offset(),
            max_bytes: 1 << 20,
            at_least_one: true,
            isolation: Isolation::ReadUncommitted,
        };
        let read = self.partition.read(request).unwrap().records.concat();
        Header::read(&read).ok().map(|header| header.base_offset)
    }

    /// Lets the tasks do what is due now.
    async fn settle() {
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn expired_segments_go_at_the_next_look() {
    let world = World::start(&[("retention.ms", "1000"), ("segment.ms", "1")]);
    world.append("a", 0);
    world.append("b", 31_000);
    World::settle().await;
    world.time.advance(Duration::from_secs(29));
    World::settle().await;
    assert_eq!(
        world.partition.start_offset(),
        0,
        "the first look comes late"
    );
    world.time.advance(Duration::from_secs(1));
    while world.partition.start_offset() == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(world.partition.start_offset(), 1);
    world.time.advance(Duration::from_secs(299));
    World::settle().await;
    assert_eq!(world.partition.start_offset(), 1);
    world.time.advance(Duration::from_secs(1));
    while world.partition.start_offset() == 1 {
        tokio::task::yield_now().await;
    }
    assert_eq!(world.first(), None);
}

#[tokio::test]
async fn a_compacted_topic_is_compacted_after_the_pause_and_expires_only_if_told() {
    for (policy, expires) in [("compact", false), ("compact,delete", true)] {
        let world = World::start(&[
            ("cleanup.policy", policy),
            ("segment.ms", "1"),
            ("retention.ms", "100000"),
        ]);
        World::settle().await;
        for millis in [10, 20, 30] {
            world.append("a", millis);
        }
        world.time.advance(Duration::from_secs(14));
        World::settle().await;
        assert_eq!(world.first(), Some(0));
        world.time.advance(Duration::from_secs(1));
        while world.first() == Some(0) {
            tokio::task::yield_now().await;
        }
        assert_eq!(world.first(), Some(1), "the active segment does not count");
        assert_eq!(world.partition.start_offset(), 0);
        world.append("b", 100_000);
        world.time.advance(Duration::from_secs(100));
        let end = if expires { 3 } else { 0 };
        while world.partition.start_offset() != end {
            tokio::task::yield_now().await;
        }
        World::settle().await;
        assert_eq!(world.partition.start_offset(), end);
    }
}

#[tokio::test]
async fn idle_producers_are_forgotten_without_anybody_writing() {
    let world = World::start(&[]);
    World::settle().await;
    let day = 86_400_000;
    world.append_as(1, 0);
    world.append_as(2, day);
    world.time.advance(Duration::from_secs(86_400));
    World::settle().await;
    assert_eq!(world.producers(), [1, 2], "a day is not over by then");
    world.time.advance(Duration::from_secs(600));
    while world.producers() != [2] {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn the_tasks_end_with_the_broker() {
    let mut world = World::start(&[]);
    world.stop.send_replace(true);
    assert_eq!(world.ended.recv().await, None);
    let mut world = World::start(&[]);
    drop(world.stop);
    assert_eq!(world.ended.recv().await, None);
}
