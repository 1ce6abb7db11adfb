//! Reads a topic from its start, without a group, and keeps what it saw.

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

/// A thread that reads one topic until it is dropped.
pub(crate) struct TopicReader {
    topic: String,
    consumer: Arc<BaseConsumer>,
    partitions: i32,
    seen: watch::Receiver<Vec<Arc<OwnedRecord>>>,
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
        let consumer = Arc::new(consumer);
        let (sender, seen) = watch::channel(Vec::new());
        let stop = Arc::new(AtomicBool::new(false));
        let thread = std::thread::spawn({
            let (consumer, stop) = (Arc::clone(&consumer), Arc::clone(&stop));
            move || read(&consumer, &stop, &sender)
        });
        Ok(Self {
            topic: topic.to_owned(),
            consumer,
            partitions,
            seen,
            stop,
            thread: Some(thread),
        })
    }

    /// What was read so far, as it arrives.
    pub(crate) fn seen(&self) -> watch::Receiver<Vec<Arc<OwnedRecord>>> {
        self.seen.clone()
    }

    /// How many records the topic holds at this moment; blocks.
    pub(crate) fn end(&self) -> Result<usize, ReadError> {
        let mut records = 0;
        for partition in 0..self.partitions {
            let (low, high) = self
                .consumer
                .fetch_watermarks(&self.topic, partition, METADATA_TIMEOUT)
                .map_err(|source| ReadError {
                    topic: self.topic.clone(),
                    source,
                })?;
            records += usize::try_from(high - low).unwrap_or(0);
        }
        Ok(records)
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

fn read(consumer: &BaseConsumer, stop: &AtomicBool, seen: &watch::Sender<Vec<Arc<OwnedRecord>>>) {
    while !stop.load(Ordering::Relaxed) {
        match consumer.poll(POLL) {
            Some(Ok(message)) => {
                let record = Arc::new(owned(&message));
                seen.send_modify(|records| records.push(record));
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
