//! What `#[retryable]` and its settings come to.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{DltStrategy, RetryCompat, RetryOrder, SameInterval, TopicSuffixing};
use crate::config::{ErrorPolicy, RetrySettings, RetryTopicSettings};
use crate::error::back_off::jittered;
use crate::error::{BackOff, COMMON, Cause, ListenerError, Policy};

/// The longest wait that is believed when a header tells it, where the policy has no longer one.
const LONGEST_BELIEVED: Duration = Duration::from_secs(24 * 3_600);

/// How a listener's failed records go through its retry topics: Spring's `@RetryableTopic`, with
/// every default filled in.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RetryTopicPolicy {
    /// Deliveries in all, the first one included. Default 3.
    pub attempts: u32,
    /// The waits between them. Default 1 s.
    pub back_off: BackOff,
    /// How far a wait may differ from the back-off's, as a share of it: 0 to 1. Default 0.
    pub jitter: f64,
    /// After this time since the record was first sent there are no more retries. Default: never.
    pub timeout: Option<Duration>,
    /// The only errors that are retried, by variant or type; empty: all but those of `exclude`. A
    /// type that the code names is looked for among the causes, too.
    pub include: Vec<String>,
    /// Errors that are not retried, by variant or type.
    pub exclude: Vec<String>,
    /// What the names of retry topics end with. Default `-retry`.
    pub suffix: String,
    /// What the names of dead-letter topics end with. Default `-dlt`.
    pub dlt_suffix: String,
    /// What retry topics are named after.
    pub suffixing: TopicSuffixing,
    /// Whether equal waits share a topic.
    pub same_interval: SameInterval,
    /// What becomes of records whose retries are used up.
    pub dlt_strategy: DltStrategy,
    /// Dead-letter topics of certain errors: by variant or type, what stands between the topic's
    /// name and the suffix of dead letters.
    pub dlt_routing: BTreeMap<String, String>,
    /// Whether retry and dead-letter topics are created at start. Default `true`.
    pub auto_create: bool,
    /// How many partitions created topics have. Default: as many as the source.
    pub partitions: Option<u32>,
    /// How many replicas they have. Default: the broker's.
    pub replication_factor: Option<u16>,
    /// How many consumers read the retry topics. Default: as many as the listener has.
    pub concurrency: Option<u32>,
    /// How many records of a retry topic's partition are read ahead, so that one that is due late
    /// does not hold back others. Default 10,000.
    pub window: usize,
    /// Whose groups read them.
    pub compat: RetryCompat,
    /// Whether the group stands in the topics' names, so that several listeners of one topic do not
    /// share retry topics. Default `false`, as in Spring.
    pub group_in_names: bool,
    /// Deliveries in place before each step to a retry topic. Default 1.
    pub in_place_attempts: u32,
    /// The waits between those.
    pub in_place_back_off: BackOff,
    /// Which records wait for one that is retried. Default: none.
    pub order: RetryOrder,
    /// How many keys of a partition may be in retry at once, where their records wait for one
    /// another; with more, the partition is not read. Default 10,000.
    pub max_fenced_keys: usize,
    /// Types among those names, which are looked for among an error's causes.
    pub(crate) causes: Vec<Cause>,
    /// What the settings say of single errors.
    pub(crate) errors: RetrySettings,
}

/// What becomes of a record by its error, attempts apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Class {
    Retry {
        attempts: u32,
        /// The wait, if it is not the policy's.
        delay: Option<Duration>,
    },
    DeadLetter,
    Skip,
    Park,
    Stop,
}

impl RetryTopicPolicy {
    /// What settings come to; `errors` are those of `[kafka.listeners.<id>.retry]`.
    pub(crate) fn new(settings: &RetryTopicSettings, errors: &RetrySettings) -> Self {
        let back_off = settings
            .backoff
            .unwrap_or(BackOff::Fixed(Duration::from_secs(1)));
        Self {
            attempts: settings.attempts.unwrap_or(3),
            back_off: capped(back_off, settings.max_delay),
            jitter: settings.jitter.unwrap_or(0.0),
            timeout: settings.timeout,
            include: settings.include.clone().unwrap_or_default(),
            exclude: settings.exclude.clone().unwrap_or_default(),
            suffix: settings
                .suffix
                .clone()
                .unwrap_or_else(|| "-retry".to_owned()),
            dlt_suffix: settings
                .dlt_suffix
                .clone()
                .unwrap_or_else(|| "-dlt".to_owned()),
            suffixing: settings.suffixing.unwrap_or_default(),
            same_interval: settings.same_interval.unwrap_or_default(),
            dlt_strategy: settings.dlt_strategy.unwrap_or_default(),
            dlt_routing: settings.dlt_routing.clone().unwrap_or_default(),
            auto_create: settings.auto_create.unwrap_or(true),
            partitions: settings.partitions,
            replication_factor: settings.replication_factor,
            concurrency: settings.concurrency,
            window: settings.window.unwrap_or(10_000),
            compat: settings.compat.unwrap_or_default(),
            group_in_names: settings.group_in_names.unwrap_or(false),
            in_place_attempts: settings.in_place_attempts.unwrap_or(1),
            in_place_back_off: settings.in_place_backoff.unwrap_or(BackOff::NONE),
            order: settings.order.unwrap_or_default(),
            max_fenced_keys: settings.max_fenced_keys.unwrap_or(10_000),
            causes: COMMON.iter().map(Cause::from).collect(),
            errors: errors.clone(),
        }
    }

    /// The wait after that many attempts, without jitter.
    pub(super) fn delay(&self, attempts: u32) -> Duration {
        self.back_off.delay(attempts)
    }

    /// The wait for a record with this error, where the policy's is `delay`. One that was told is
    /// kept to the moment.
    pub(super) fn wait(&self, error: &ListenerError, attempts: u32, delay: Duration) -> Duration {
        match (self.class(error, attempts), error.policy()) {
            (
                Class::Retry {
                    delay: Some(told), ..
                },
                Policy::RetryAfter(_),
            ) => told,
            (
                Class::Retry {
                    delay: Some(own), ..
                },
                _,
            ) => jittered(own, self.jitter),
            _ => jittered(delay, self.jitter),
        }
    }

    /// The longest wait that a header is believed to ask for.
    pub(super) fn longest_believed(&self) -> Duration {
        let longest = (1..self.attempts.max(2))
            .map(|attempt| self.delay(attempt))
            .max();
        let longest = longest.unwrap_or_default().saturating_mul(2);
        longest.max(LONGEST_BELIEVED)
    }

    /// What becomes of a record with this error after that many attempts in all.
    pub(super) fn class(&self, error: &ListenerError, attempts: u32) -> Class {
        let over = error.variant().and_then(|name| self.errors.error(name));
        let policy = match (over.and_then(|over| over.policy), error.policy()) {
            (Some(ErrorPolicy::DeadLetter), _) => return Class::DeadLetter,
            (Some(ErrorPolicy::Skip), _) => return Class::Skip,
            (Some(ErrorPolicy::Park), _) => return Class::Park,
            (Some(ErrorPolicy::Stop), _) => return Class::Stop,
            (_, own @ (Policy::Retry { .. } | Policy::RetryAfter(_))) => own,
            (Some(ErrorPolicy::Retry), _) => Policy::Inherit,
            (None, own) => own,
        };
        let (own, back_off) = match policy {
            Policy::DeadLetter => return Class::DeadLetter,
            Policy::Skip => return Class::Skip,
            Policy::Park => return Class::Park,
            Policy::Stop => return Class::Stop,
            Policy::Inherit => (None, None),
            Policy::Retry { attempts, back_off } => (attempts, back_off),
            Policy::RetryAfter(delay) => (None, Some(BackOff::Fixed(delay))),
        };
        if !self.retries(error) {
            return Class::DeadLetter;
        }
        let back_off = over.and_then(|over| over.backoff).or(back_off);
        Class::Retry {
            attempts: over
                .and_then(|over| over.attempts)
                .or(own)
                .unwrap_or(self.attempts),
            delay: back_off.map(|back_off| back_off.delay(attempts)),
        }
    }

    fn retries(&self, error: &ListenerError) -> bool {
        let named = |names: &[String]| names.iter().any(|name| self.names(name, error));
        match self.include.is_empty() {
            true => !named(&self.exclude),
            false => named(&self.include),
        }
    }

    /// Whether a name is that of a type which the code names, or which is common.
    pub(crate) fn has_type(&self, name: &str) -> bool {
        self.causes.iter().any(|cause| cause.name() == name)
    }

    /// Whether a name is an error's, or that of a type which is known to be among its causes.
    fn names(&self, name: &str, error: &ListenerError) -> bool {
        let mut causes = self.causes.iter().filter(|cause| cause.name() == name);
        is_named(error, name) || causes.any(|cause| cause.is_in(error))
    }

    /// What the dead-letter topic's name ends with for this error.
    pub(super) fn dlt_suffix(&self, error: &ListenerError) -> String {
        let mut routes = self.dlt_routing.iter();
        let route = routes.find(|(name, _)| self.names(name, error));
        let route = route.map_or("", |(_, suffix)| suffix);
        format!("{route}{}", self.dlt_suffix)
    }

    /// All that dead-letter topics' names may end with.
    pub(super) fn dlt_suffixes(&self) -> Vec<String> {
        if self.dlt_strategy == DltStrategy::NoDlt {
            return Vec::new();
        }
        let routes = self.dlt_routing.values().map(String::as_str);
        let routes = routes.chain(std::iter::once(""));
        routes
            .map(|route| format!("{route}{}", self.dlt_suffix))
            .collect()
    }
}

/// Whether an error has that name: its variant's, its type's, or its type's with the path.
fn is_named(error: &ListenerError, name: &str) -> bool {
    let path = error.type_name();
    let simple = path.split('<').next().unwrap_or(path);
    let simple = simple.rsplit("::").next().unwrap_or(simple);
    error.variant() == Some(name) || path == name || simple == name
}

fn capped(back_off: BackOff, max_delay: Option<Duration>) -> BackOff {
    let Some(most) = max_delay else {
        return back_off;
    };
    match back_off {
        BackOff::Fixed(wait) => BackOff::Fixed(wait.min(most)),
        BackOff::Exponential {
            initial,
            max,
            multiplier,
        } => BackOff::Exponential {
            initial: initial.min(most),
            max: max.min(most),
            multiplier,
        },
    }
}
