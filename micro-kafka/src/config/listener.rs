//! `[kafka.listener]` (all listeners) and `[kafka.listeners.<id>]` (one of them).

use std::time::Duration;

use crate::codec::PayloadLimits;
use crate::error::RetryTopicPolicy;
use crate::listener::{
    AckMode, BatchSpec, BreakerSpec, Dispatch, Order, QuarantineSpec, RateLimit, RetryBudgetSpec,
    TopicPartitions, TransactionSpec,
};
use crate::observe::MetricTags;

use super::alarm::AlarmSettings;
use super::batch::BatchSettings;
use super::breaker::BreakerSettings;
use super::dead_letters::{DeadLetterSettings, Recoverer};
use super::names::{check_client_id, check_group, check_name, check_pattern, check_topic};
use super::property_check::{Room, read_properties};
use super::quarantine::QuarantineSettings;
use super::retry_budget::RetryBudgetSettings;
use super::section::Section;
use super::transaction::TransactionSettings;
use super::values::{
    boolean, checked, choice, duration, integer, list, metric_tags, positive_duration, rate_limit,
    size, text, topic_partitions,
};
use super::{Properties, RetrySettings, RetryTopicSettings};

/// Each consumer is a thread.
const MAX_CONCURRENCY: usize = 1_000;

/// Each handler at work has its memory.
const MAX_PARALLELISM: usize = 1_000_000;

/// The ledger of a partition has a slot for each record.
const MAX_UNCOMMITTED: usize = 100_000_000;
/// Values are made by recursion: a stack has its limits.
const MAX_DEPTH: usize = 128;
/// The most keys of one partition in memory.
const MAX_IDEMPOTENCY_CAPACITY: usize = 100_000_000;

/// Settings of listeners as they were written; `None` where nothing was.
///
/// A value is taken from `[kafka.listeners.<id>]`, else from the attribute, else from
/// `[kafka.containers.<name>]` if the listener names one, else from `[kafka.listener]`; [`ResolvedListener`] is the outcome.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ListenerSettings {
    /// `topics`: an array, or a text with commas.
    pub topics: Option<Vec<String>>,
    /// `topic-pattern`: a regular expression; all topics that it matches as a whole, those
    /// included that are made later.
    pub topic_pattern: Option<String>,
    /// `topic-partitions`: partitions without a group's assignment, `orders[0-5,7]@earliest`; an
    /// array, or a text with semicolons.
    pub topic_partitions: Option<Vec<TopicPartitions>>,
    /// `container`: the table `[kafka.containers.<name>]` whose settings count where neither this
    /// table nor the attribute has one.
    pub container: Option<String>,
    /// `[….batch]`: how many records go into one call of a batch listener.
    pub batch: BatchSettings,
    /// `transactional`: whether input, output and offsets go into one transaction.
    pub transactional: Option<bool>,
    /// `[….transaction]`: how a transactional listener makes its transactions.
    pub transaction: TransactionSettings,
    /// `error-handler`: the name of an error handler of the application.
    pub error_handler: Option<String>,
    /// `send-to`: the topic that gets what the handler returns.
    pub send_to: Option<String>,
    /// `info`: a text that handlers may take as `Info`.
    pub info: Option<String>,
    /// `group-id`: the consumer group.
    pub group_id: Option<String>,
    /// `client-id`: how brokers name its consumers.
    pub client_id: Option<String>,
    /// `group-instance-id`: the name of a static member, empty for none; `-n` is added per consumer.
    pub group_instance_id: Option<String>,
    /// `concurrency`: consumers, each on its own thread; 1 to 1,000.
    pub concurrency: Option<usize>,
    /// `auto-startup`: whether it runs once the app has started.
    pub auto_startup: Option<bool>,
    /// `missing-topics-fatal`: whether the app does not start while a topic is missing.
    pub missing_topics_fatal: Option<bool>,
    /// `order`: which records wait for one another.
    pub order: Option<Order>,
    /// `parallelism`: the most handlers at work for one consumer.
    pub parallelism: Option<usize>,
    /// `dispatch`: where handlers run.
    pub dispatch: Option<Dispatch>,
    /// `timeout`: how long an attempt may take.
    pub timeout: Option<Duration>,
    /// `rate-limit`: how many records may begin in a time, as in `100/s`.
    pub rate_limit: Option<RateLimit>,
    /// `spans`: whether each attempt is a span of the `tracing` facade.
    pub spans: Option<bool>,
    /// `metric-tags`: tags of its figures, as in `team=billing`.
    pub metric_tags: MetricTags,
    /// `idempotency-store`: where an `#[idempotent]` listener remembers what it has handled.
    pub idempotency_store: Option<String>,
    /// `idempotency-window`: how long it remembers that.
    pub idempotency_window: Option<Duration>,
    /// `idempotency-topic`: the topic of the store `topic`.
    pub idempotency_topic: Option<String>,
    /// `idempotency-capacity`: how many keys of a partition that store remembers at most.
    pub idempotency_capacity: Option<usize>,
    /// `[….breaker]`: stops the listener for a while when too much fails.
    pub breaker: BreakerSettings,
    /// `[….quarantine]`: keeps a record that kills its processes from killing the next one.
    pub quarantine: QuarantineSettings,
    /// `[….retry-budget]`: bounds how many records go to retry topics and dead letters.
    pub retry_budget: RetryBudgetSettings,
    /// `ack-mode`: when offsets are committed.
    pub ack_mode: Option<AckMode>,
    /// `sync-commits`: whether the next records wait until a commit is answered.
    pub sync_commits: Option<bool>,
    /// `max-uncommitted`: records beyond the lowest unfinished one of a partition, until the
    /// partition is no longer read.
    pub max_uncommitted: Option<usize>,
    /// `max-uncommitted-bytes`: what those records may weigh, where records overtake one another.
    pub max_uncommitted_bytes: Option<u64>,
    /// `max-payload`: the bytes of a payload, above which it is not read.
    pub max_payload: Option<u64>,
    /// `max-depth`: how deep a payload may be nested.
    pub max_depth: Option<usize>,
    /// `idle-event-interval`: how long a consumer has no record before that is told.
    pub idle_event_interval: Option<Duration>,
    /// `idle-partition-event-interval`: the same of a partition.
    pub idle_partition_event_interval: Option<Duration>,
    /// `revoke-drain`: how long records in flight may take to finish when their partition is
    /// taken away.
    pub revoke_drain: Option<Duration>,
    /// `commit-interval`: offsets are committed at latest after this time.
    pub commit_interval: Option<Duration>,
    /// `commit-count`: offsets are committed at latest after so many records.
    pub commit_count: Option<u32>,
    /// `[….retry]`: attempts and waits, also by error variant.
    pub retry: RetrySettings,
    /// `[….retry-topic]`: how failed records go through retry topics.
    pub retry_topic: RetryTopicSettings,
    /// `dead-letter-topic`: over `<topic>-dlt`.
    pub dead_letter_topic: Option<String>,
    /// `recoverer`: who takes the records that are not tried again.
    pub recoverer: Option<Recoverer>,
    /// `[….dead-letters]`: the headers of dead letters.
    pub dead_letters: DeadLetterSettings,
    /// `[….alarm]`: when failures are worth an alarm.
    pub alarm: AlarmSettings,
    /// `[….properties]`: librdkafka properties of its consumers.
    pub properties: Properties,
}

impl ListenerSettings {
    /// These settings, and those of `fallback` where these have none.
    #[must_use]
    pub fn or(self, fallback: &Self) -> Self {
        let mut properties = fallback.properties.clone();
        properties.extend(&self.properties);
        // Whoever names topics in one way overrides all others.
        let named = match self.names_topics() {
            true => &self,
            false => fallback,
        };
        Self {
            topics: named.topics.clone(),
            topic_pattern: named.topic_pattern.clone(),
            topic_partitions: named.topic_partitions.clone(),
            container: self.container.or_else(|| fallback.container.clone()),
            batch: self.batch.or(fallback.batch),
            transactional: self.transactional.or(fallback.transactional),
            transaction: self.transaction.or(&fallback.transaction),
            error_handler: self
                .error_handler
                .or_else(|| fallback.error_handler.clone()),
            send_to: self.send_to.or_else(|| fallback.send_to.clone()),
            info: self.info.or_else(|| fallback.info.clone()),
            group_id: self.group_id.or_else(|| fallback.group_id.clone()),
            client_id: self.client_id.or_else(|| fallback.client_id.clone()),
            group_instance_id: self
                .group_instance_id
                .or_else(|| fallback.group_instance_id.clone()),
            concurrency: self.concurrency.or(fallback.concurrency),
            auto_startup: self.auto_startup.or(fallback.auto_startup),
            missing_topics_fatal: self.missing_topics_fatal.or(fallback.missing_topics_fatal),
            order: self.order.or(fallback.order),
            parallelism: self.parallelism.or(fallback.parallelism),
            dispatch: self.dispatch.or(fallback.dispatch),
            timeout: self.timeout.or(fallback.timeout),
            rate_limit: self.rate_limit.or(fallback.rate_limit),
            spans: self.spans.or(fallback.spans),
            metric_tags: self.metric_tags.over(&fallback.metric_tags),
            idempotency_store: self
                .idempotency_store
                .or_else(|| fallback.idempotency_store.clone()),
            idempotency_window: self.idempotency_window.or(fallback.idempotency_window),
            idempotency_topic: self
                .idempotency_topic
                .or_else(|| fallback.idempotency_topic.clone()),
            idempotency_capacity: self.idempotency_capacity.or(fallback.idempotency_capacity),
            breaker: self.breaker.or(fallback.breaker),
            quarantine: self.quarantine.or(fallback.quarantine),
            retry_budget: self.retry_budget.or(fallback.retry_budget),
            ack_mode: self.ack_mode.or(fallback.ack_mode),
            sync_commits: self.sync_commits.or(fallback.sync_commits),
            max_uncommitted: self.max_uncommitted.or(fallback.max_uncommitted),
            max_uncommitted_bytes: self
                .max_uncommitted_bytes
                .or(fallback.max_uncommitted_bytes),
            max_payload: self.max_payload.or(fallback.max_payload),
            max_depth: self.max_depth.or(fallback.max_depth),
            idle_event_interval: self.idle_event_interval.or(fallback.idle_event_interval),
            idle_partition_event_interval: self
                .idle_partition_event_interval
                .or(fallback.idle_partition_event_interval),
            revoke_drain: self.revoke_drain.or(fallback.revoke_drain),
            commit_interval: self.commit_interval.or(fallback.commit_interval),
            commit_count: self.commit_count.or(fallback.commit_count),
            retry: self.retry.or(&fallback.retry),
            retry_topic: self.retry_topic.or(&fallback.retry_topic),
            dead_letter_topic: self
                .dead_letter_topic
                .or_else(|| fallback.dead_letter_topic.clone()),
            recoverer: self.recoverer.or(fallback.recoverer),
            dead_letters: self.dead_letters.or(&fallback.dead_letters),
            alarm: self.alarm.or(fallback.alarm),
            properties,
        }
    }
}

/// A host without a name is no static member.
fn check_instance(name: &str) -> Result<(), String> {
    match name.trim() {
        "" => Ok(()),
        name => check_client_id(name),
    }
}

impl ListenerSettings {
    /// How many of the ways to name topics are used.
    pub(crate) fn ways_to_topics(&self) -> usize {
        let ways = [
            self.topics.is_some(),
            self.topic_pattern.is_some(),
            self.topic_partitions.is_some(),
        ];
        ways.into_iter().filter(|used| *used).count()
    }

    fn names_topics(&self) -> bool {
        self.ways_to_topics() > 0
    }

    pub(crate) fn read(mut section: Section<'_>) -> Self {
        let settings = Self {
            topics: section.read("topics", list(check_topic)),
            topic_pattern: section.read("topic-pattern", checked(check_pattern)),
            topic_partitions: section.read("topic-partitions", topic_partitions),
            container: section.read("container", checked(check_name)),
            batch: BatchSettings::read(section.inner("batch")),
            transactional: section.read("transactional", boolean),
            transaction: TransactionSettings::read(section.inner("transaction")),
            error_handler: section.read("error-handler", checked(check_name)),
            send_to: section.read("send-to", checked(check_topic)),
            info: section.read("info", text),
            group_id: section.read("group-id", checked(check_group)),
            client_id: section.read("client-id", checked(check_client_id)),
            group_instance_id: section.read("group-instance-id", checked(check_instance)),
            concurrency: section.read("concurrency", integer(1..=MAX_CONCURRENCY)),
            auto_startup: section.read("auto-startup", boolean),
            missing_topics_fatal: section.read("missing-topics-fatal", boolean),
            order: section.read("order", choice(&Order::NAMES)),
            parallelism: section.read("parallelism", integer(1..=MAX_PARALLELISM)),
            dispatch: section.read("dispatch", choice(&Dispatch::NAMES)),
            timeout: section.read("timeout", positive_duration),
            rate_limit: section.read("rate-limit", rate_limit),
            spans: section.read("spans", boolean),
            metric_tags: section.read("metric-tags", metric_tags).unwrap_or_default(),
            idempotency_store: section.read("idempotency-store", checked(check_name)),
            idempotency_window: section.read("idempotency-window", positive_duration),
            idempotency_topic: section.read("idempotency-topic", checked(check_topic)),
            idempotency_capacity: section.read(
                "idempotency-capacity",
                integer(1..=MAX_IDEMPOTENCY_CAPACITY),
            ),
            breaker: BreakerSettings::read(section.inner("breaker")),
            quarantine: QuarantineSettings::read(section.inner("quarantine")),
            retry_budget: RetryBudgetSettings::read(section.inner("retry-budget")),
            ack_mode: section.read("ack-mode", choice(&AckMode::NAMES)),
            sync_commits: section.read("sync-commits", boolean),
            max_uncommitted: section.read("max-uncommitted", integer(1..=MAX_UNCOMMITTED)),
            max_uncommitted_bytes: section.read("max-uncommitted-bytes", size),
            max_payload: section.read("max-payload", size),
            max_depth: section.read("max-depth", integer(1..=MAX_DEPTH)),
            idle_event_interval: section.read("idle-event-interval", positive_duration),
            idle_partition_event_interval: section
                .read("idle-partition-event-interval", positive_duration),
            revoke_drain: section.read("revoke-drain", duration),
            commit_interval: section.read("commit-interval", positive_duration),
            commit_count: section.read("commit-count", integer(1..=u32::MAX)),
            retry: RetrySettings::read(section.inner("retry")),
            retry_topic: RetryTopicSettings::read(section.inner("retry-topic")),
            dead_letter_topic: section.read("dead-letter-topic", checked(check_topic)),
            recoverer: section.read("recoverer", choice(&Recoverer::NAMES)),
            dead_letters: DeadLetterSettings::read(section.inner("dead-letters")),
            alarm: AlarmSettings::read(section.inner("alarm")),
            properties: read_properties(&section.inner("properties"), Room::Consumer),
        };
        section.refuse_unknown();
        settings
    }
}

/// All that one listener runs with: `[kafka.listeners.<id>]`, its attribute, `[kafka.listener]`,
/// `[kafka.consumer]`, `[kafka]` and the defaults in one, checked.
///
/// Topics are named as they were written; [`KafkaSettings::namespaced`] gives a broker's name.
///
/// [`KafkaSettings::namespaced`]: super::KafkaSettings::namespaced
#[derive(Debug, Clone, PartialEq)]
pub struct ResolvedListener {
    /// The listener's id.
    pub id: String,
    /// The topics it reads, each once; none only with a pattern.
    pub topics: Vec<String>,
    /// The pattern of the topics it reads.
    pub topic_pattern: Option<String>,
    /// The partitions it reads without a group's assignment; their topics are in `topics`.
    pub topic_partitions: Vec<TopicPartitions>,
    /// How batches are collected, if its handler takes batches.
    pub batch: BatchSpec,
    /// How its transactions are made, if it is transactional.
    pub transaction: Option<TransactionSpec>,
    /// The name of its error handler.
    pub error_handler: Option<String>,
    /// The topic that gets what its handler returns.
    pub send_to: Option<String>,
    /// A text that its handler may take as `Info`.
    pub info: Option<String>,
    /// Its group as it was written; the group with its namespace is `group.id` of
    /// [`consumer_properties`](Self::consumer_properties).
    pub group_id: String,
    /// Consumers, each on its own thread. Default 1.
    pub concurrency: usize,
    /// Whether it runs once the app has started. Default `true`.
    pub auto_startup: bool,
    /// Whether the app does not start while a topic is missing. Default `false`: it waits for it.
    pub missing_topics_fatal: bool,
    /// Which records wait for one another. Default `partition`.
    pub order: Order,
    /// The most handlers at work for one consumer. Default one for each of its partitions, and 16
    /// where records overtake one another.
    pub parallelism: Option<usize>,
    /// Where handlers run. Default `inline`.
    pub dispatch: Dispatch,
    /// How long an attempt may take. Default: as long as it wants.
    pub timeout: Option<Duration>,
    /// How many records may begin in a time. Default: as many as there is room for.
    pub rate_limit: Option<RateLimit>,
    /// Whether each attempt is a span. Default: no.
    pub spans: bool,
    /// Tags of its figures, those of `[kafka]` included. Default: none.
    pub metric_tags: MetricTags,
    /// Where it remembers what it has handled, if it is `#[idempotent]`. Default `memory`.
    pub idempotency_store: Option<String>,
    /// How long it remembers that. Default 24 h.
    pub idempotency_window: Duration,
    /// The topic of the store `topic`, without the namespace. Default: the group and `-seen`.
    pub idempotency_topic: Option<String>,
    /// How many keys of a partition that store remembers at most. Default 100,000.
    pub idempotency_capacity: usize,
    /// Stops for a while when too much fails. Default: never.
    pub breaker: Option<BreakerSpec>,
    /// When a record is held to be what kills its processes. Default: never.
    pub quarantine: Option<QuarantineSpec>,
    /// How many records may go to retry topics and dead letters. Default: all that fail.
    pub retry_budget: Option<RetryBudgetSpec>,
    /// When offsets are committed. Default `batch`.
    pub ack_mode: AckMode,
    /// With `enable-auto-commit`: what was handled is committed at this interval, and at no
    /// other time but revoke and stop.
    pub auto_commit: Option<Duration>,
    /// Whether the next records of a partition wait until a commit is answered. Default only in
    /// ack mode `record`.
    pub sync_commits: Option<bool>,
    /// Records beyond the lowest unfinished one of a partition. Default 100,000.
    pub max_uncommitted: usize,
    /// What they may weigh in bytes, where records overtake one another. Default 64 MiB.
    pub max_uncommitted_bytes: usize,
    /// How large and how deep payloads may be. Default 64 MiB and 128 levels.
    pub payload_limits: PayloadLimits,
    /// How long a consumer has no record before that is told. Default: never.
    pub idle_event: Option<Duration>,
    /// The same of a partition.
    pub idle_partition_event: Option<Duration>,
    /// Time to finish records of a partition that is taken away. Default 10 s.
    pub revoke_drain: Duration,
    /// Longest time between two commits. Default 1 s.
    pub commit_interval: Duration,
    /// Most records between two commits. Default 1,000.
    pub commit_count: u32,
    /// Attempts and waits.
    pub retry: RetrySettings,
    /// How its failed records go through retry topics, if they do.
    pub retry_topic: Option<RetryTopicPolicy>,
    /// The dead-letter topic, if it is not `<topic>-dlt`.
    pub dead_letter_topic: Option<String>,
    /// Who takes the records that are not tried again. Default the dead-letter topic, for a
    /// `#[dlt_handler]` the log.
    pub recoverer: Option<Recoverer>,
    /// The headers of its dead letters.
    pub dead_letters: DeadLetterSettings,
    /// When failures are worth an alarm. Default never.
    pub alarm: AlarmSettings,
    /// Every librdkafka property of its consumers, servers and group included.
    pub consumer_properties: Properties,
}
