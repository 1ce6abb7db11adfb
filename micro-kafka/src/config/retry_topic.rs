//! `[kafka.retry.topic]` (all listeners) and `[kafka.listeners.<id>.retry-topic]` (one of them).

use std::collections::BTreeMap;
use std::time::Duration;

use super::names::check_topic;
use super::section::Section;
use super::values::{
    back_off, boolean, checked, choice, duration, integer, list, positive_duration, share,
};
use crate::error::{BackOff, DltStrategy, RetryCompat, RetryOrder, SameInterval, TopicSuffixing};

/// As in Spring, whose header counts no further.
const MOST_ATTEMPTS: u32 = 32_767;
const MOST_PARTITIONS: u32 = 10_000;
const MOST_CONSUMERS: u32 = 1_000;
/// The ledger of a partition has a slot for each record.
const MOST_WINDOW: usize = 100_000_000;

/// How failed records go through retry topics, as it was written; `None` where nothing was.
///
/// ```toml
/// [kafka.listeners.charge.retry-topic]
/// attempts = 5                 # deliveries in all
/// backoff = "1s..5m x4"
/// jitter = 0.2
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RetryTopicSettings {
    /// `enabled`: whether failed records go through retry topics. `#[retryable]` says yes.
    pub enabled: Option<bool>,
    /// `attempts`: deliveries in all, the first one included; 1 to 32,767.
    pub attempts: Option<u32>,
    /// `backoff`: the waits between them.
    pub backoff: Option<BackOff>,
    /// `max-delay`: no wait is longer.
    pub max_delay: Option<Duration>,
    /// `jitter`: how far a wait may differ, as a share of it: 0 to 1.
    pub jitter: Option<f64>,
    /// `timeout`: the time since the record was first sent, after which it is not retried.
    pub timeout: Option<Duration>,
    /// `include`: the only errors that are retried, by variant or type.
    pub include: Option<Vec<String>>,
    /// `exclude`: errors that are not retried.
    pub exclude: Option<Vec<String>>,
    /// `suffix`: what the names of retry topics end with.
    pub suffix: Option<String>,
    /// `dlt-suffix`: what the names of dead-letter topics end with.
    pub dlt_suffix: Option<String>,
    /// `suffixing`: what retry topics are named after.
    pub suffixing: Option<TopicSuffixing>,
    /// `same-interval`: whether equal waits share a topic.
    pub same_interval: Option<SameInterval>,
    /// `dlt-strategy`: what becomes of records whose retries are used up.
    pub dlt_strategy: Option<DltStrategy>,
    /// `dlt-routing`: by error, what stands between the topic's name and the suffix of dead letters,
    /// as in `Timeout=-timeout`.
    pub dlt_routing: Option<BTreeMap<String, String>>,
    /// `auto-create`: whether retry and dead-letter topics are created at start.
    pub auto_create: Option<bool>,
    /// `partitions`: how many partitions created topics have.
    pub partitions: Option<u32>,
    /// `replication-factor`: how many replicas they have.
    pub replication_factor: Option<u16>,
    /// `concurrency`: how many consumers read the retry topics.
    pub concurrency: Option<u32>,
    /// `window`: how many records of a partition are read ahead.
    pub window: Option<usize>,
    /// `compat`: whose groups read them.
    pub compat: Option<RetryCompat>,
    /// `group-in-names`: whether the group stands in the topics' names.
    pub group_in_names: Option<bool>,
    /// `in-place-attempts`: deliveries in place before each step to a retry topic.
    pub in_place_attempts: Option<u32>,
    /// `in-place-backoff`: the waits between those.
    pub in_place_backoff: Option<BackOff>,
    /// `order`: which records wait for one that is retried.
    pub order: Option<RetryOrder>,
    /// `max-fenced-keys`: how many keys of a partition may be in retry at once, with an order.
    pub max_fenced_keys: Option<usize>,
}

impl RetryTopicSettings {
    /// These settings, and those of `fallback` where these have none.
    #[must_use]
    pub fn or(self, fallback: &Self) -> Self {
        // One of the two lists replaces both.
        let listed = self.include.is_some() || self.exclude.is_some();
        let (include, exclude) = match listed {
            true => (self.include, self.exclude),
            false => (fallback.include.clone(), fallback.exclude.clone()),
        };
        Self {
            enabled: self.enabled.or(fallback.enabled),
            attempts: self.attempts.or(fallback.attempts),
            backoff: self.backoff.or(fallback.backoff),
            max_delay: self.max_delay.or(fallback.max_delay),
            jitter: self.jitter.or(fallback.jitter),
            timeout: self.timeout.or(fallback.timeout),
            include,
            exclude,
            suffix: self.suffix.or_else(|| fallback.suffix.clone()),
            dlt_suffix: self.dlt_suffix.or_else(|| fallback.dlt_suffix.clone()),
            suffixing: self.suffixing.or(fallback.suffixing),
            same_interval: self.same_interval.or(fallback.same_interval),
            dlt_strategy: self.dlt_strategy.or(fallback.dlt_strategy),
            dlt_routing: self.dlt_routing.or_else(|| fallback.dlt_routing.clone()),
            auto_create: self.auto_create.or(fallback.auto_create),
            partitions: self.partitions.or(fallback.partitions),
            replication_factor: self.replication_factor.or(fallback.replication_factor),
            concurrency: self.concurrency.or(fallback.concurrency),
            window: self.window.or(fallback.window),
            compat: self.compat.or(fallback.compat),
            group_in_names: self.group_in_names.or(fallback.group_in_names),
            in_place_attempts: self.in_place_attempts.or(fallback.in_place_attempts),
            in_place_backoff: self.in_place_backoff.or(fallback.in_place_backoff),
            order: self.order.or(fallback.order),
            max_fenced_keys: self.max_fenced_keys.or(fallback.max_fenced_keys),
        }
    }

    pub(crate) fn read(mut section: Section<'_>) -> Self {
        let settings = Self {
            enabled: section.read("enabled", boolean),
            attempts: section.read("attempts", integer(1..=MOST_ATTEMPTS)),
            backoff: section.read("backoff", back_off),
            max_delay: section.read("max-delay", positive_duration),
            jitter: section.read("jitter", share),
            timeout: section.read("timeout", duration),
            include: section.read("include", list(check_error)),
            exclude: section.read("exclude", list(check_error)),
            suffix: section.read("suffix", checked(check_topic)),
            dlt_suffix: section.read("dlt-suffix", checked(check_topic)),
            suffixing: section.read("suffixing", choice(&TopicSuffixing::NAMES)),
            same_interval: section.read("same-interval", choice(&SameInterval::NAMES)),
            dlt_strategy: section.read("dlt-strategy", choice(&DltStrategy::NAMES)),
            dlt_routing: section
                .read("dlt-routing", list(check_route))
                .map(|routes| routes.iter().filter_map(|it| route(it)).collect()),
            auto_create: section.read("auto-create", boolean),
            partitions: section.read("partitions", integer(1..=MOST_PARTITIONS)),
            replication_factor: section.read("replication-factor", integer(1..=1_000)),
            concurrency: section.read("concurrency", integer(1..=MOST_CONSUMERS)),
            window: section.read("window", integer(1..=MOST_WINDOW)),
            compat: section.read("compat", choice(&RetryCompat::NAMES)),
            group_in_names: section.read("group-in-names", boolean),
            in_place_attempts: section.read("in-place-attempts", integer(1..=MOST_ATTEMPTS)),
            in_place_backoff: section.read("in-place-backoff", back_off),
            order: section.read("order", choice(&RetryOrder::NAMES)),
            max_fenced_keys: section.read("max-fenced-keys", integer(1..=MOST_WINDOW)),
        };
        section.refuse_unknown();
        if settings.include.is_some() && settings.exclude.is_some() {
            let reason = "include and exclude exclude each other";
            let error = super::ConfigError::conflict(reason).hint("keep one of them");
            section.report_at("exclude", error);
        }
        settings
    }
}

/// Whether errors can have this name.
fn check_error(name: &str) -> Result<(), String> {
    match name.trim() {
        "" => Err("an error's name must not be empty".to_owned()),
        _ => Ok(()),
    }
}

/// `Timeout=-timeout`: an error, and the suffix of its dead letters.
fn route(text: &str) -> Option<(String, String)> {
    let (error, suffix) = text.split_once('=')?;
    Some((error.trim().to_owned(), suffix.trim().to_owned()))
}

fn check_route(text: &str) -> Result<(), String> {
    match route(text) {
        Some((error, suffix)) => check_error(&error).and_then(|()| check_topic(&suffix)),
        None => Err(format!("{text:?} is no route: write \"Timeout=-timeout\"")),
    }
}
