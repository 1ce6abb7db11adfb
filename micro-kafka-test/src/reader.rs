//! Reads a topic from its start, without a group, and keeps what it saw.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use micro_kafka::record::{OwnedHeader, OwnedRecord, Timestamp};
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
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
    source: KafkaError,
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
    /// By partition, the last question whose answer is that nothing follows.
    ended: BTreeMap<i32, u64>,
}

impl Seen {
    /// Whether everything before these ends was read; the marks of transactions, which end
    /// partitions as well, are no records, so that a look from `asked` on tells it instead.
    pub(crate) fn reaches(&self, ends: &BTreeMap<i32, i64>, asked: u64) -> bool {
        let next = |partition| self.next.get(partition).copied().unwrap_or(0);
        let ended = |partition| self.ended.get(partition).copied().unwrap_or(0);
        ends.iter()
            .all(|(partition, end)| next(partition) >= *end || ended(partition) >= asked)
    }

    fn add(&mut self, record: OwnedRecord) {
        self.next.insert(record.partition, record.offset + 1);
        self.records.push(Arc::new(record));
    }
}

/// A thread that reads one topic until it is dropped.
pub(crate) struct TopicReader {
    topic: String,
    seen: watch::Receiver<Seen>,
    stop: Arc<AtomicBool>,
    /// How often somebody asked whether more follows.
    looks: Arc<AtomicU64>,
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
            .set("enable.partition.eof", "true")
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
        let (sender, seen) = watch::channel(Seen::default());
        let stop = Arc::new(AtomicBool::new(false));
        let looks = Arc::<AtomicU64>::default();
        let thread = std::thread::spawn({
            let (topic, stop, looks) = (topic.to_owned(), Arc::clone(&stop), Arc::clone(&looks));
            move || {
                let mut looked = Looked::default();
                while !stop.load(Ordering::Relaxed) {
                    looked.again(&consumer, &topic, partitions, &looks, &sender);
                    read(&consumer, &looked, &sender);
                }
            }
        });
        Ok(Self {
            topic: topic.to_owned(),
            seen,
            stop,
            looks,
            thread: Some(thread),
        })
    }

    /// Looks again whether more follows than was read; the number of the look.
    pub(crate) fn look(&self) -> u64 {
        self.looks.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// What was read so far, as it arrives.
    pub(crate) fn seen(&self) -> watch::Receiver<Seen> {
        self.seen.clone()
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
        Some(error) => Err(KafkaError::MetadataFetch(error.into())),
        None => Ok(i32::try_from(topic.partitions().len()).unwrap_or(i32::MAX)),
    }
}

/// The last look.
#[derive(Default)]
struct Looked(u64);

impl Looked {
    /// If somebody asks, reads on from where it is: the end is told once more then.
    fn again(
        &mut self,
        consumer: &BaseConsumer,
        topic: &str,
        partitions: i32,
        looks: &AtomicU64,
        seen: &watch::Sender<Seen>,
    ) {
        let asked = looks.load(Ordering::Relaxed);
        if asked == self.0 {
            return;
        }
        self.0 = asked;
        for partition in 0..partitions {
            let next = seen.borrow().next.get(&partition).copied();
            let next = next.map_or(Offset::Beginning, Offset::Offset);
            if let Err(error) = consumer.seek(topic, partition, next, POLL * 50) {
                tracing::debug!(%error, partition, "the test's reader cannot look again yet");
                self.0 = asked - 1;
            }
        }
    }
}

fn read(consumer: &BaseConsumer, looked: &Looked, seen: &watch::Sender<Seen>) {
    match consumer.poll(POLL) {
        Some(Ok(message)) => {
            let record = owned(&message);
            seen.send_modify(|seen| seen.add(record));
        }
        Some(Err(KafkaError::PartitionEOF(partition))) => {
            seen.send_modify(|seen| {
                seen.ended.insert(partition, looked.0);
            });
        }
        Some(Err(error)) => tracing::debug!(%error, "the test's reader goes on after an error"),
        None => {}
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
