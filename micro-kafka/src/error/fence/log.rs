//! The topic of fences.

use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::time::Duration;

use super::Fences;
use crate::client::{AssignedConsumer, TopicPartition};
use crate::error::BoxError;
use crate::template::KafkaTemplate;

/// How long the reader waits for a record before it looks whether it is still wanted.
const POLL: Duration = Duration::from_millis(100);
/// librdkafka's name for the start of a partition.
const BEGINNING: i64 = -2;

/// A record on its way; its offset once it is stored.
pub(crate) type Stored = Pin<Box<dyn Future<Output = Result<i64, BoxError>> + Send>>;

/// Where fences are written and read.
pub(crate) trait FenceLog: std::fmt::Debug + Send + Sync {
    /// Queues a record behind those that were queued before.
    fn queue(
        &self,
        key: Vec<u8>,
        value: Option<Vec<u8>>,
    ) -> Pin<Box<dyn Future<Output = Result<Stored, BoxError>> + Send + '_>>;

    /// Begins to read, from the first record on, and never stops while there is a reader.
    fn read(
        &self,
        into: Weak<Fences>,
    ) -> Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send + '_>>;
}

/// The first partition of a compacted topic.
#[derive(Debug)]
pub(crate) struct KafkaFenceLog {
    kafka: KafkaTemplate,
    topic: String,
}

impl KafkaFenceLog {
    /// `topic` as the broker knows it.
    pub(crate) fn new(kafka: &KafkaTemplate, topic: String) -> Self {
        let kafka = kafka.prompt_with_wire_names();
        Self { kafka, topic }
    }
}

impl FenceLog for KafkaFenceLog {
    fn queue(
        &self,
        key: Vec<u8>,
        value: Option<Vec<u8>>,
    ) -> Pin<Box<dyn Future<Output = Result<Stored, BoxError>> + Send + '_>> {
        Box::pin(async move {
            let send = self.kafka.send_bytes(&self.topic, value.as_deref());
            let delivery = send.key(&key[..]).partition(0).queue().await?;
            let stored: Stored = Box::pin(async move {
                let stored = delivery.await?;
                match stored.offset {
                    ..0 => Err("fences need `acks`: the broker tells no offsets without".into()),
                    offset => Ok(offset),
                }
            });
            Ok(stored)
        })
    }

    fn read(
        &self,
        into: Weak<Fences>,
    ) -> Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send + '_>> {
        Box::pin(async move {
            let settings = self.kafka.consumer_settings();
            let topic: Arc<str> = self.topic.as_str().into();
            let start = (TopicPartition::new(&topic, 0), BEGINNING);
            let started = tokio::task::spawn_blocking(move || {
                let consumer = AssignedConsumer::new(settings, &[start], "earliest")?;
                let thread = std::thread::Builder::new().name("mk-fences".into());
                thread.spawn(move || follow(&topic, &consumer, &into))?;
                Ok::<_, BoxError>(())
            });
            started.await?
        })
    }
}

fn follow(topic: &str, consumer: &AssignedConsumer, into: &Weak<Fences>) {
    loop {
        let next = consumer.next(POLL);
        let Some(fences) = into.upgrade() else {
            return;
        };
        match next {
            Some(Ok(record)) => fences.read(
                record.offset(),
                record.key().unwrap_or_default(),
                record.payload(),
            ),
            Some(Err(code)) => tracing::warn!(topic, %code, "fences cannot be read at present"),
            None => {}
        }
    }
}
