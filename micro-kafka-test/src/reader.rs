//! Reads a topic from its start, without a group, and keeps what it saw.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use micro_kafka::record::{OwnedHeader, OwnedRecord, Timestamp};
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::message::{BorrowedMessage, Headers, Message};
use rdkafka::{Offset, TopicPartitionList};
use tokio::sync::watch;

use crate::gap;

const METADATA_TIMEOUT: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(20);

/// A topic that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("topic `{topic}` cannot be read")]
pub(crate) struct ReadError {
    topic: String,
    #[source]
    source: rdkafka::error::KafkaError,
}

impl ReadError {
    /// Whether the broker does not know the topic, or not yet.
    pub(crate) fn is_unknown_topic(&self) -> bool {
        let code = self.source.rdkafka_error_code();
        code == Some(RDKafkaErrorCode::UnknownTopicOrPartition)
    }
}

/// What was read of a topic so far.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// The records, in the order in which they came.
    pub(crate) records: Vec<Arc<OwnedRecord>>,
    /// By partition, the offset after the last one.
    next: BTreeMap<i32, i64>,
}

impl Seen {
    /// Whether everything before these ends was read.
    pub(crate) fn reaches(&self, ends: &BTreeMap<i32, i64>) -> bool {
        let next = |partition| self.next.get(partition).copied().unwrap_or(0);
        ends.iter().all(|(partition, end)| next(partition) >= *end)
    }

    /// The partitions that are not there yet, and from where on they are to be read.
    fn missing(&self, ends: &BTreeMap<i32, i64>) -> BTreeMap<i32, i64> {
        let next = |partition| self.next.get(partition).copied().unwrap_or(0);
        let behind = ends
            .iter()
            .map(|(partition, end)| (*partition, next(partition), *end));
        behind
            .filter_map(|(partition, next, end)| (next < end).then_some((partition, next)))
            .collect()
    }

    /// There is nothing to be seen before this end.
    fn pass(&mut self, partition: i32, end: i64) {
        let next = self.next.entry(partition).or_insert(end);
        *next = end.max(*next);
    }

    fn add(&mut self, record: OwnedRecord) {
        self.next.insert(record.partition, record.offset + 1);
        self.records.push(Arc::new(record));
    }
}

/// A thread that reads one topic until it is dropped.
pub(crate) struct TopicReader {
    bootstrap: String,
    topic: String,
    seen: Arc<watch::Sender<Seen>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl TopicReader {
    /// Starts to read; blocks for one metadata request.
    pub(crate) fn start(bootstrap: &str, topic: &str) -> Result<Self, ReadError> {
        let failed = |source| ReadError {
            topic: topic.to_owned(),
            source,
        };
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", bootstrap)
            .set("group.id", "micro-kafka-test-reader")
            .set("enable.auto.commit", "false")
            .set("enable.partition.eof", "false")
            .set("reconnect.backoff.ms", "20")
            .create()
            .map_err(failed)?;
        let partitions = partition_count(&consumer, topic).map_err(failed)?;
        let mut assignment = TopicPartitionList::new();
        for partition in 0..partitions {
            assignment
                .add_partition_offset(topic, partition, Offset::Beginning)
                .map_err(failed)?;
        }
        consumer.assign(&assignment).map_err(failed)?;
        let seen = Arc::new(watch::Sender::new(Seen::default()));
        let stop = Arc::new(AtomicBool::new(false));
        let thread = std::thread::spawn({
            let (stop, seen) = (Arc::clone(&stop), Arc::clone(&seen));
            move || read(&consumer, &stop, &seen)
        });
        Ok(Self {
            bootstrap: bootstrap.to_owned(),
            topic: topic.to_owned(),
            seen,
            stop,
            thread: Some(thread),
        })
    }

    /// What was read so far, as it arrives.
    pub(crate) fn seen(&self) -> watch::Receiver<Seen> {
        self.seen.subscribe()
    }

    /// Looks whether there is anything to be seen between what was read and these ends, and where
    /// there is not, counts it as read.
    pub(crate) async fn pass_gaps(&self, ends: &BTreeMap<i32, i64>) {
        let missing = self.seen.borrow().missing(ends);
        if missing.is_empty() {
            return;
        }
        let (bootstrap, topic) = (self.bootstrap.clone(), self.topic.clone());
        let looked =
            tokio::task::spawn_blocking(move || gap::nothing_from(&bootstrap, &topic, &missing));
        let Ok(Ok(empty)) = looked.await else {
            return;
        };
        self.seen.send_modify(|seen| {
            for (partition, end) in ends
                .iter()
                .filter(|(partition, _)| empty.contains(partition))
            {
                seen.pass(*partition, *end);
            }
        });
    }
}

impl std::fmt::Debug for TopicReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TopicReader")
            .field("topic", &self.topic)
            .finish_non_exhaustive()
    }
}

impl Drop for TopicReader {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn partition_count(consumer: &BaseConsumer, topic: &str) -> rdkafka::error::KafkaResult<i32> {
    let metadata = consumer.fetch_metadata(Some(topic), METADATA_TIMEOUT)?;
    let topic = &metadata.topics()[0];
    match topic.error() {
        Some(error) => Err(rdkafka::error::KafkaError::MetadataFetch(error.into())),
        None => Ok(i32::try_from(topic.partitions().len()).unwrap_or(i32::MAX)),
    }
}

fn read(consumer: &BaseConsumer, stop: &AtomicBool, seen: &watch::Sender<Seen>) {
    while !stop.load(Ordering::Relaxed) {
        match consumer.poll(POLL) {
            Some(Ok(message)) => {
                let record = owned(&message);
                seen.send_modify(|seen| seen.add(record));
            }
            Some(Err(error)) => tracing::debug!(%error, "the test's reader goes on after an error"),
            None => {}
        }
    }
}

fn owned(message: &BorrowedMessage<'_>) -> OwnedRecord {
    let mut record = OwnedRecord::new(message.topic(), message.partition(), message.offset());
    record.key = message.key().map(<[u8]>::to_vec);
    record.payload = message.payload().map(<[u8]>::to_vec);
    record.timestamp = match message.timestamp() {
        rdkafka::Timestamp::NotAvailable => Timestamp::NotAvailable,
        rdkafka::Timestamp::CreateTime(ms) => Timestamp::CreateTime(ms),
        rdkafka::Timestamp::LogAppendTime(ms) => Timestamp::LogAppendTime(ms),
    };
    if let Some(headers) = message.headers() {
        record.headers = headers
            .iter()
            .map(|header| OwnedHeader {
                name: header.key.into(),
                value: header.value.map(Into::into),
            })
            .collect();
    }
    record
}
