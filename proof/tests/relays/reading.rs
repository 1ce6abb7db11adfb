//! Reads a whole topic, as a stranger does.

use std::time::{Duration, Instant};

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{Headers as _, Message};
use rdkafka::{Offset, TopicPartitionList};

use super::broker::{Kafka, PARTITIONS};

const PATIENCE: Duration = Duration::from_secs(120);
/// For an answer of the broker.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A record, as far as the proof looks at it.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) key: String,
    pub(crate) number: usize,
    pub(crate) id: String,
}

/// All that committed transactions have left in a topic, partition by partition.
pub(crate) fn read(kafka: &Kafka, topic: &str) -> Vec<Seen> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", &kafka.bootstrap)
        .set("group.id", "none")
        .set("isolation.level", "read_committed")
        .set("enable.partition.eof", "true")
        .create()
        .unwrap();
    let topic = format!("{}.{topic}", kafka.namespace);
    let mut partitions = TopicPartitionList::new();
    let count = i32::try_from(PARTITIONS).unwrap();
    for partition in 0..count {
        let begin = Offset::Beginning;
        partitions
            .add_partition_offset(&topic, partition, begin)
            .unwrap();
    }
    until_settled(kafka, &consumer, &topic);
    consumer.assign(&partitions).unwrap();
    let mut ended = vec![false; PARTITIONS as usize];
    let mut seen = Vec::new();
    let started = Instant::now();
    while ended.iter().any(|ended| !ended) {
        assert!(started.elapsed() < PATIENCE, "{topic} was not read in time");
        match consumer.poll(Duration::from_millis(100)) {
            Some(Ok(message)) => {
                let text = |bytes: Option<&[u8]>| {
                    String::from_utf8(bytes.unwrap_or_default().to_vec()).unwrap()
                };
                let headers = message.headers().into_iter();
                let mut headers = headers.flat_map(|headers| headers.iter());
                let id = headers.find(|header| header.key == "mk-outbox-id");
                seen.push(Seen {
                    key: text(message.key()),
                    number: text(message.payload()).parse().unwrap(),
                    id: text(id.and_then(|id| id.value)),
                });
            }
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                ended[usize::try_from(partition).unwrap()] = true;
            }
            Some(Err(_)) | None => {}
        }
    }
    seen
}

/// Waits until no transaction is open, such as that of a process that was killed: behind it, those
/// who read what is committed see nothing. Nobody announces that.
fn until_settled(kafka: &Kafka, committed: &BaseConsumer, topic: &str) {
    let all: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", &kafka.bootstrap)
        .set("group.id", "none")
        .set("isolation.level", "read_uncommitted")
        .create()
        .unwrap();
    let started = Instant::now();
    for partition in 0..i32::try_from(PARTITIONS).unwrap() {
        let end = |of: &BaseConsumer| of.fetch_watermarks(topic, partition, TIMEOUT).unwrap().1;
        while end(committed) < end(&all) {
            assert!(started.elapsed() < PATIENCE, "{topic} has an open end");
            // There is nothing to be polled: it waits.
            let _ = committed.poll(Duration::from_millis(50));
        }
    }
}
