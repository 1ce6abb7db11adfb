//! Offsets at which no record is to be seen: markers of transactions, aborted records, and those of
//! which nobody knows yet whether they will be committed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};

const PATIENCE: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(20);

/// The partitions that have nothing to be read from these offsets on. Blocks until all of them have
/// answered; those that do not within 10 s count as having something.
///
/// # Errors
/// If a consumer cannot be made.
pub(crate) fn nothing_from(
    bootstrap: &str,
    topic: &str,
    offsets: &BTreeMap<i32, i64>,
) -> KafkaResult<BTreeSet<i32>> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("group.id", "micro-kafka-test-gaps")
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true")
        .set("auto.offset.reset", "earliest")
        .set("fetch.wait.max.ms", "10")
        .create()?;
    let mut assignment = TopicPartitionList::new();
    for (partition, offset) in offsets {
        assignment.add_partition_offset(topic, *partition, Offset::Offset(*offset))?;
    }
    consumer.assign(&assignment)?;
    let mut unknown: BTreeSet<i32> = offsets.keys().copied().collect();
    let (mut empty, begun) = (BTreeSet::new(), Instant::now());
    while !unknown.is_empty() && begun.elapsed() < PATIENCE {
        match consumer.poll(POLL) {
            Some(Ok(message)) => drop(unknown.remove(&message.partition())),
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                empty.extend(unknown.take(&partition));
            }
            Some(Err(error)) => tracing::debug!(%error, "the look for gaps goes on after an error"),
            None => {}
        }
    }
    Ok(empty)
}
