//! The one reader of a template's replies, and who waits for which.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{OnceCell, mpsc};

use super::correlation::{CorrelationId, Correlations};
use super::{CORRELATION_ID, ReplyConfig, RequestError};
use crate::admin::NewTopic;
use crate::client::{AssignedConsumer, TopicPartition};
use crate::record::Record;
use crate::template::blocking::blocking;
use crate::template::{KafkaError, KafkaTemplate};

/// How long the reader waits for a record before it looks whether it is to stop.
const POLL: Duration = Duration::from_millis(100);

/// A template's requests under way.
#[derive(Debug, Default)]
pub(in crate::template) struct Requests {
    reader: OnceCell<Arc<Replies>>,
    closed: AtomicBool,
}

/// Replies that came, by what became of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ReplyCounts {
    /// Requests that wait for a reply.
    pub pending: usize,
    /// Replies that were handed over.
    pub received: u64,
    /// Replies to requests of this instance that nobody waits for any more.
    pub late: u64,
    /// Replies to requests of other instances, and records that are no replies.
    pub foreign: u64,
}

impl Requests {
    /// The reader of replies, once it has its partitions.
    pub(super) async fn replies(
        &self,
        template: &KafkaTemplate,
    ) -> Result<&Arc<Replies>, KafkaError> {
        let replies = self
            .reader
            .get_or_try_init(async || Replies::start(template).await)
            .await?;
        if self.closed.load(Ordering::Acquire) {
            replies.close();
        }
        Ok(replies)
    }

    pub(in crate::template) fn counts(&self) -> ReplyCounts {
        self.reader
            .get()
            .map(|replies| replies.counts())
            .unwrap_or_default()
    }

    /// Fails who waits, and whoever asks later.
    pub(in crate::template) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        if let Some(replies) = self.reader.get() {
            replies.close();
        }
    }
}

impl Drop for Requests {
    fn drop(&mut self) {
        self.close();
    }
}

/// What the reader and those who wait share.
#[derive(Debug)]
pub(super) struct Replies {
    /// As the broker knows it.
    pub(super) topic: String,
    pub(super) partition: Option<i32>,
    correlations: Correlations,
    /// `None` once closed.
    pending: Mutex<Option<HashMap<CorrelationId, mpsc::UnboundedSender<Record>>>>,
    received: AtomicU64,
    late: AtomicU64,
    foreign: AtomicU64,
}

impl Replies {
    async fn start(template: &KafkaTemplate) -> Result<Arc<Self>, KafkaError> {
        let config = template.reply_config();
        let topic = config.topic.as_deref().ok_or(RequestError::NoReplyTopic)?;
        let starts = starts(template, topic, config).await?;
        let replies = Arc::new(Self {
            topic: template.admin().wire_name(topic),
            partition: config.partition,
            correlations: Correlations::new(),
            pending: Mutex::new(Some(HashMap::new())),
            received: AtomicU64::new(0),
            late: AtomicU64::new(0),
            foreign: AtomicU64::new(0),
        });
        let mut settings = template.consumer_settings();
        settings.extend(config.limits());
        let shared = Arc::clone(&replies);
        blocking(move || {
            let consumer = AssignedConsumer::new(settings, &starts, "earliest")?;
            let thread = std::thread::Builder::new().name("mk-replies".into());
            let read = thread.spawn(move || shared.read(&consumer));
            read.map(drop)
                .map_err(|error| crate::client::ClientError::Create(error.to_string()))
        })
        .await
        .map_err(RequestError::Reader)?;
        Ok(replies)
    }

    fn read(&self, consumer: &AssignedConsumer) {
        while !self.is_closed() {
            match consumer.next(POLL) {
                Some(Ok(record)) => self.take(record),
                Some(Err(code)) => {
                    tracing::warn!(topic = self.topic, %code, "replies cannot be read at present");
                }
                None => {}
            }
        }
    }

    fn take(&self, record: Record) {
        let id = record.headers().get(CORRELATION_ID);
        let id = id.and_then(|header| header.value).unwrap_or_default();
        if !self.correlations.is_own(id) {
            self.foreign.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let waiting = CorrelationId::try_from(id)
            .ok()
            .and_then(|id| self.pending.lock().as_ref()?.get(&id).cloned());
        let (partition, offset) = (record.partition(), record.offset());
        // Counted before whoever waits can look.
        self.received.fetch_add(1, Ordering::Relaxed);
        if waiting.is_none_or(|waiting| waiting.send(record).is_err()) {
            self.received.fetch_sub(1, Ordering::Relaxed);
            self.late.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(
                topic = self.topic,
                partition,
                offset,
                "a reply came too late"
            );
        }
    }

    /// Registers a request before it is sent; `None` once closed.
    pub(super) fn expect(self: &Arc<Self>) -> Option<Expected> {
        let id = self.correlations.next();
        let (sender, receiver) = mpsc::unbounded_channel();
        self.pending.lock().as_mut()?.insert(id, sender);
        Some(Expected {
            id,
            receiver,
            replies: Arc::clone(self),
        })
    }

    fn is_closed(&self) -> bool {
        self.pending.lock().is_none()
    }

    fn close(&self) {
        let pending = self.pending.lock().take();
        let failed = pending.map_or(0, |pending| pending.len());
        if failed > 0 {
            tracing::warn!(failed, "requests were not answered before the end");
        }
    }

    fn counts(&self) -> ReplyCounts {
        ReplyCounts {
            pending: self.pending.lock().as_ref().map_or(0, HashMap::len),
            received: self.received.load(Ordering::Relaxed),
            late: self.late.load(Ordering::Relaxed),
            foreign: self.foreign.load(Ordering::Relaxed),
        }
    }
}

/// Where the partitions of the replies end now.
async fn starts(
    template: &KafkaTemplate,
    topic: &str,
    config: &ReplyConfig,
) -> Result<Vec<(TopicPartition, i64)>, KafkaError> {
    let admin = template.admin();
    if admin.partition_count(topic).await?.is_none() {
        admin.create_topics(&[NewTopic::new(topic)]).await?;
        tracing::info!(topic, "topic for replies created");
    }
    let wire = admin.wire_name(topic);
    let ends = admin.end_offsets(topic).await?;
    let starts: Vec<_> = ends
        .into_iter()
        .filter(|(partition, _)| config.partition.is_none_or(|own| own == *partition))
        .map(|(partition, end)| (TopicPartition::new(&wire, partition), end))
        .collect();
    match config.partition {
        Some(partition) if starts.is_empty() => Err(RequestError::NoReplyPartition {
            topic: wire,
            partition,
        }
        .into()),
        _ => Ok(starts),
    }
}

/// A request that waits; forgotten on drop.
#[derive(Debug)]
pub(super) struct Expected {
    pub(super) id: CorrelationId,
    receiver: mpsc::UnboundedReceiver<Record>,
    replies: Arc<Replies>,
}

impl Expected {
    /// The next reply; `None` once the template is closed.
    pub(super) async fn next(&mut self) -> Option<Record> {
        self.receiver.recv().await
    }
}

impl Drop for Expected {
    fn drop(&mut self) {
        if let Some(pending) = self.replies.pending.lock().as_mut() {
            pending.remove(&self.id);
        }
    }
}
