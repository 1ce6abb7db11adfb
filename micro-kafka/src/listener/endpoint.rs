//! A listener with everything resolved: what a container runs.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::{
    AckMode, BatchSpec, BreakerSpec, Delivery, Dispatch, Filter, HandlerFuture, HandlerSlot,
    Invoke, Layers, Order, QuarantineSpec, RateLimit, RetryBudgetSpec, SendTo, Started,
    TopicPartitions, TransactionSpec,
};
use crate::codec::PayloadLimits;
use crate::config::AlarmSettings;
use crate::error::RetryTopics;
use crate::idempotent::Idempotent;
use crate::observe::MetricTags;

/// About how many bytes of payload one read of a partition takes.
pub(crate) const READ_BYTES: usize = 4 << 20;

/// The code of a listener: an annotated function or a closure.
#[derive(Clone)]
#[non_exhaustive]
pub enum Handler {
    /// Made by `#[kafka_listener]`.
    Function(Invoke),
    /// Registered by the program.
    Closure(Arc<dyn Fn(Delivery) -> HandlerFuture + Send + Sync>),
}

impl Handler {
    /// Starts the handler, polling it once.
    #[inline]
    pub(crate) fn start(&self, delivery: Delivery, slot: &mut HandlerSlot) -> Started {
        match self {
            Self::Function(invoke) => invoke(delivery, slot),
            Self::Closure(invoke) => {
                let mut future = invoke(delivery);
                let context = &mut Context::from_waker(Waker::noop());
                match future.as_mut().poll(context) {
                    Poll::Ready(finished) => Ok(finished),
                    Poll::Pending => Err(future),
                }
            }
        }
    }

    /// Makes the handler, to be polled elsewhere.
    pub(crate) fn unpolled(&self, delivery: Delivery) -> HandlerFuture {
        match self {
            Self::Function(invoke) => match invoke(delivery, &mut HandlerSlot::unpolled()) {
                Ok(finished) => Box::pin(std::future::ready(finished)),
                Err(future) => future,
            },
            Self::Closure(invoke) => invoke(delivery),
        }
    }
}

impl fmt::Debug for Handler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Function(_) => "Function",
            Self::Closure(_) => "Closure",
        })
    }
}

/// A listener with attribute, settings and placeholders resolved: Spring's
/// `KafkaListenerEndpoint`.
#[derive(Debug, Clone)]
pub struct ListenerEndpoint {
    /// The id.
    pub id: Arc<str>,
    /// The topics as the broker knows them, namespace included.
    pub topics: Vec<String>,
    /// A pattern of topics instead, as librdkafka takes it.
    pub topic_pattern: Option<String>,
    /// Partitions of those topics, without a group's assignment; none: the group assigns.
    pub topic_partitions: Vec<TopicPartitions>,
    /// Where what the handler returns goes.
    pub send_to: Option<SendTo>,
    /// A text that the handler may take.
    pub info: Option<Arc<str>>,
    /// The consumer group as the broker knows it, namespace included.
    pub group_id: Arc<str>,
    /// The prefix of `client.id`; `-n` is appended per consumer.
    pub client_id: String,
    /// How many consumers, each on its own thread.
    pub concurrency: u32,
    /// Whether it starts with the application.
    pub auto_startup: bool,
    /// Whether the application does not start while a topic is missing.
    pub missing_topics_fatal: bool,
    /// Which records wait for one another.
    pub order: Order,
    /// The most handlers at work for one consumer; `None`: one for each partition.
    pub parallelism: Option<usize>,
    /// Where handlers run.
    pub dispatch: Dispatch,
    /// How long an attempt may take.
    pub timeout: Option<Duration>,
    /// How many records may begin in a time.
    pub rate_limit: Option<RateLimit>,
    /// Stops for a while when too much fails.
    pub breaker: Option<BreakerSpec>,
    /// How many records may go to retry topics and dead letters in a minute.
    pub retry_budget: Option<RetryBudgetSpec>,
    /// When a record is held to be what kills its processes; `None`: never.
    pub quarantine: Option<QuarantineSpec>,
    /// How it tells records that it has handled before.
    pub idempotent: Option<Idempotent>,
    /// Whether each attempt is a span.
    pub spans: bool,
    /// Tags of its figures.
    pub metric_tags: MetricTags,
    /// What stands around the handler, inside of the application's layers.
    pub layers: Layers,
    /// How many records go into one call; `None`: one.
    pub batch: Option<BatchSpec>,
    /// How its transactions are made; `None`: it is not transactional.
    pub transaction: Option<TransactionSpec>,
    /// Which records are handled; `None`: all.
    pub filter: Option<Filter>,
    /// When offsets are committed.
    pub ack_mode: AckMode,
    /// Commit what is handled at this interval instead: `enable-auto-commit`, honoured safely.
    pub auto_commit: Option<Duration>,
    /// Whether the next records wait until a commit is answered; `None`: with a commit per record.
    pub sync_commits: Option<bool>,
    /// Records beyond the lowest unfinished one, after which a partition is not read.
    pub max_uncommitted: usize,
    /// What a partition's records beyond the lowest unfinished one may weigh, where records
    /// overtake one another.
    pub max_uncommitted_bytes: usize,
    /// About how many bytes of payload one read of a partition takes out of librdkafka's queue.
    pub read_bytes: usize,
    /// How large and how deep payloads may be.
    pub payload_limits: PayloadLimits,
    /// Commit at latest after this time.
    pub commit_interval: Duration,
    /// Commit at latest after this many records.
    pub commit_count: usize,
    /// How long a consumer has no record before that is told; each time again.
    pub idle_event: Option<Duration>,
    /// The same of a partition.
    pub idle_partition_event: Option<Duration>,
    /// How long handlers may go on after their partition was revoked.
    pub revoke_drain: Duration,
    /// How long handlers may go on after a stop.
    pub shutdown_timeout: Duration,
    /// When its failures are worth an alarm.
    pub alarm: AlarmSettings,
    /// The consumers' librdkafka properties, complete but for `client.id` and
    /// `group.instance.id`'s suffix.
    pub properties: Vec<(String, String)>,
    /// Its retry topics, if it has some.
    pub retry_topics: Option<Arc<RetryTopics>>,
    /// Whether it reads those, for the listener whose they are: its records wait until they are
    /// due.
    pub reads_retries: bool,
    /// The code.
    pub handler: Handler,
}

impl ListenerEndpoint {
    /// The listener whose retry topics it reads.
    #[must_use]
    pub fn retry_of(&self) -> Option<&Arc<str>> {
        let topics = self.retry_topics.as_ref().filter(|_| self.reads_retries);
        topics.map(|topics| topics.listener())
    }

    /// A transactional listener commits by its transactions alone.
    pub(super) fn without_other_commits(mut self) -> Self {
        if let Some(spec) = &mut self.transaction {
            if self.ack_mode == AckMode::Record {
                spec.max = 1;
            }
            self.ack_mode = AckMode::Batch;
            self.sync_commits = Some(false);
            self.auto_commit = None;
        }
        self
    }

    /// Whether a lane waits until the commit of its record is answered.
    pub(super) fn waits_for_commits(&self) -> bool {
        let by_record = self.auto_commit.is_none() && self.ack_mode == AckMode::Record;
        self.sync_commits.unwrap_or(by_record)
    }
}
