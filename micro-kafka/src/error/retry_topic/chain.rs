//! The retry topics of a listener, in line.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::headers::{self, RetryHeaders};
use super::{DltStrategy, RetryCompat, RetryOrder, RetryTopicPolicy, SameInterval, TopicSuffixing};
use crate::error::{FencePlace, FencedCopy, ListenerError};
use crate::listener::Delivery;
use crate::record::Record;

/// Longer names of topics are refused by brokers.
const LONGEST_NAME: usize = 249;
/// More topics than this are a mistake: each wait of its own has one.
const MOST_TOPICS: usize = 100;
/// What the name of the topic that keeps the order of keys ends with, after the retry topics' suffix.
const ORDERED: &str = "-ordered";

/// Retry topics that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RetryTopicError {
    /// No topic can have that name.
    #[error(
        "`{topic}` would be longer than the 249 characters that a topic's name may have: choose \
         shorter suffixes"
    )]
    TooLong {
        /// The topic, as the broker would know it.
        topic: String,
    },
    /// A record would come back to where it failed.
    #[error(
        "`{topic}` would be a source and a retry or dead-letter topic at once: choose another \
         suffix"
    )]
    Loop {
        /// The topic, as the broker knows it.
        topic: String,
    },
    /// Each wait of its own has a topic.
    #[error(
        "{count} retry topics are too many, {MOST_TOPICS} at most: give the back-off a longest \
         wait, or fewer attempts"
    )]
    TooMany {
        /// How many there would be.
        count: usize,
    },
}

/// The retry topics of a listener, in line, and where a record goes from each: the counterpart of
/// Spring's `DestinationTopicContainer`.
#[derive(Debug, Clone, PartialEq)]
pub struct RetryTopics {
    /// The listener's id.
    listener: Arc<str>,
    policy: RetryTopicPolicy,
    /// The suffix of the topic for each retry, the first one first.
    steps: Vec<String>,
    /// Of each retry topic: what its records' names begin with.
    bases: BTreeMap<String, String>,
    /// Of each source: the same.
    sources: BTreeMap<String, String>,
    /// Where dead letters go, if that is not named after the source.
    dead_letter_topic: Option<String>,
}

/// A topic that has to exist, and the one that it is as wide as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Needed {
    pub(crate) source: String,
    pub(crate) topic: String,
}

/// What a consumer of retry topics reads, and in which group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RetryReader {
    /// What comes after the listener's id, its group and its client id.
    pub(crate) suffix: String,
    pub(crate) topics: Vec<String>,
}

impl RetryTopics {
    /// The retry topics of a listener and its sources, as the broker knows them, namespace included;
    /// `group` is the listener's own without.
    ///
    /// # Errors
    /// If there can be no such topics.
    pub fn new(
        listener: Arc<str>,
        policy: RetryTopicPolicy,
        sources: &[String],
        group: &str,
        dead_letter_topic: Option<String>,
    ) -> Result<Self, RetryTopicError> {
        let steps = suffixes(&policy);
        let base = |source: &String| match policy.group_in_names {
            true => format!("{source}-{group}"),
            false => source.clone(),
        };
        let sources: BTreeMap<_, _> = sources
            .iter()
            .map(|source| (source.clone(), base(source)))
            .collect();
        let mut bases = BTreeMap::new();
        for base in sources.values() {
            bases.extend(
                steps
                    .iter()
                    .map(|suffix| (format!("{base}{suffix}"), base.clone())),
            );
        }
        let chain = Self {
            listener,
            policy,
            steps,
            bases,
            sources,
            dead_letter_topic,
        };
        chain.check()?;
        Ok(chain)
    }

    fn check(&self) -> Result<(), RetryTopicError> {
        let count = self.bases.len();
        if count > MOST_TOPICS {
            return Err(RetryTopicError::TooMany { count });
        }
        let dead_letters = self.dead_letter_topics().map(|needed| needed.topic);
        for topic in self.bases.keys().cloned().chain(dead_letters.clone()) {
            if topic.len() > LONGEST_NAME {
                return Err(RetryTopicError::TooLong { topic });
            }
            if self.sources.contains_key(&topic) {
                return Err(RetryTopicError::Loop { topic });
            }
        }
        let mut dead_letters = dead_letters;
        match dead_letters.find(|topic| self.bases.contains_key(topic)) {
            Some(topic) => Err(RetryTopicError::Loop { topic }),
            None => Ok(()),
        }
    }

    /// How records go through them.
    #[must_use]
    pub fn policy(&self) -> &RetryTopicPolicy {
        &self.policy
    }

    /// The listener's id.
    #[must_use]
    pub fn listener(&self) -> &Arc<str> {
        &self.listener
    }

    /// What a delivery's headers say, if its record is from one of the retry topics: on any other,
    /// anybody may have written them.
    pub(super) fn believed(&self, delivery: &Delivery) -> RetryHeaders {
        let record = delivery.record();
        match self.contains(record.topic()) {
            true => RetryHeaders::read(record),
            false => RetryHeaders::none(record),
        }
    }

    /// Which delivery this is over retry topics, from 1.
    pub(crate) fn attempts(&self, delivery: &Delivery) -> u32 {
        self.believed(delivery).attempts
    }

    /// Where a record of one of the retry topics was first.
    pub(crate) fn origin(&self, record: &Record) -> Option<(String, i32, i64)> {
        let is_own = self.contains(record.topic());
        is_own.then(|| headers::origin(record)).flatten()
    }

    /// When a retry topic's record is due, since the Unix epoch, if it has to wait; `now` is the same
    /// of the present moment. A wait that no policy of this listener asks for is not believed.
    pub(crate) fn due(&self, record: &Record, now: Duration) -> Option<Duration> {
        let due = RetryHeaders::read(record).due?;
        let left = due.checked_sub(now).filter(|left| !left.is_zero())?;
        // Clocks differ a little.
        let most = self.policy.longest_believed() + Duration::from_secs(60);
        (left <= most).then_some(due)
    }

    /// Whether this is one of the retry topics; `topic` as the broker knows it.
    #[must_use]
    pub fn contains(&self, topic: &str) -> bool {
        self.bases.contains_key(topic)
    }

    /// Whether records of a key wait for one that is retried.
    pub(crate) fn is_ordered(&self) -> bool {
        self.policy.order == RetryOrder::Key && !self.steps.is_empty()
    }

    /// The topic in which records of that source stand in line, in the order of their keys.
    pub(super) fn line(&self, source: &str) -> String {
        format!("{}{}{ORDERED}", self.base(source), self.policy.suffix)
    }

    /// What is fenced while a source's record is in retry, if anything.
    pub(crate) fn fence_place(&self, record: &Record) -> Option<FencePlace> {
        let source = self.is_ordered() && !self.contains(record.topic());
        let key = record.key().filter(|_| source)?;
        Some(FencePlace::new(record.topic(), record.partition(), key))
    }

    /// A copy of a fenced key's record, if it is one.
    pub(crate) fn fenced_copy(&self, record: &Record) -> Option<FencedCopy> {
        let own = self.is_ordered() && self.contains(record.topic());
        own.then(|| headers::fenced_copy(record)).flatten()
    }

    /// The same record, if it was tried since it was published.
    pub(crate) fn tried(record: &Record, attempts: u32, due: i64) -> Option<Record> {
        let says = RetryHeaders::read(record).attempts;
        (says < attempts).then(|| headers::tried(record, attempts, due))
    }

    /// The retry topics of a source, in line, each once.
    #[must_use]
    pub fn topics_of(&self, source: &str) -> Vec<String> {
        let Some(base) = self.sources.get(source) else {
            return Vec::new();
        };
        let mut topics: Vec<String> = Vec::new();
        for suffix in &self.steps {
            let topic = format!("{base}{suffix}");
            if !topics.contains(&topic) {
                topics.push(topic);
            }
        }
        topics
    }

    /// What is read, and in which groups.
    pub(crate) fn readers(&self) -> Vec<RetryReader> {
        if self.bases.is_empty() {
            return Vec::new();
        }
        match self.policy.compat {
            RetryCompat::Own => vec![RetryReader {
                suffix: self.policy.suffix.clone(),
                topics: self.bases.keys().cloned().collect(),
            }],
            RetryCompat::Spring => {
                let mut readers: Vec<RetryReader> = Vec::new();
                for suffix in &self.steps {
                    if readers.iter().all(|reader| reader.suffix != *suffix) {
                        let bases = self.sources.values();
                        readers.push(RetryReader {
                            suffix: suffix.clone(),
                            topics: bases.map(|base| format!("{base}{suffix}")).collect(),
                        });
                    }
                }
                readers
            }
        }
    }

    /// The retry topics that have to exist.
    pub(crate) fn needed(&self) -> Vec<Needed> {
        let sources = self.sources.keys();
        let topics = sources.flat_map(|source| {
            let topics = self.topics_of(source).into_iter();
            topics.map(|topic| Needed {
                source: source.clone(),
                topic,
            })
        });
        topics.collect()
    }

    /// The dead-letter topics that have to exist.
    pub(crate) fn dead_letter_topics(&self) -> impl Iterator<Item = Needed> + Clone + '_ {
        let suffixes = self.policy.dlt_suffixes();
        self.sources.iter().flat_map(move |(source, base)| {
            let needed = |suffix: &String| Needed {
                source: source.clone(),
                topic: self.dead_letters(base, suffix),
            };
            suffixes.iter().map(needed).collect::<Vec<_>>()
        })
    }

    fn dead_letters(&self, base: &str, suffix: &str) -> String {
        let general = suffix == self.policy.dlt_suffix;
        match &self.dead_letter_topic {
            Some(topic) if general => topic.clone(),
            _ => format!("{base}{suffix}"),
        }
    }

    /// The retry topic for a record of that topic after that many attempts, and the wait; `None`
    /// if there is none.
    pub(super) fn next(&self, topic: &str, attempts: u32) -> Option<(String, Duration)> {
        let base = self.base(topic);
        let last = self.steps.len().checked_sub(1)?;
        let step = usize::try_from(attempts.saturating_sub(1)).unwrap_or(last);
        let suffix = self.steps.get(step.min(last))?;
        Some((format!("{base}{suffix}"), self.policy.delay(attempts)))
    }

    /// The dead-letter topic for a record of that topic; `None` if there is none.
    pub(super) fn dead_letter_topic(&self, topic: &str, error: &ListenerError) -> Option<String> {
        if self.policy.dlt_strategy == DltStrategy::NoDlt {
            return None;
        }
        let base = self.base(topic);
        Some(self.dead_letters(base, &self.policy.dlt_suffix(error)))
    }

    fn base<'t>(&'t self, topic: &'t str) -> &'t str {
        let known = self.bases.get(topic).or_else(|| self.sources.get(topic));
        known.map_or(topic, String::as_str)
    }
}

/// The suffixes of the topics for each retry, as Spring names them; where keys keep their order, all
/// share one.
fn suffixes(policy: &RetryTopicPolicy) -> Vec<String> {
    if policy.order == RetryOrder::Key {
        let one = (policy.attempts > 1).then(|| format!("{}{ORDERED}", policy.suffix));
        return one.into_iter().collect();
    }
    let delays: Vec<u128> = (1..policy.attempts)
        // The factors are fractions: what is a nanosecond short is a whole millisecond all the same.
        .map(|attempt| (policy.delay(attempt).as_nanos() + 500_000) / 1_000_000)
        .take(usize::from(u16::MAX))
        .collect();
    let suffix = &policy.suffix;
    let single = policy.same_interval == SameInterval::SingleTopic;
    let count = |delay: u128| delays.iter().filter(|other| **other == delay).count();
    // Equal waits are at the end: those share the last topic.
    let shared = match delays.last() {
        Some(last) if single => count(*last) - 1,
        _ => 0,
    };
    let topics = delays.len() - shared;
    let equal = delays.len() > 1 && delays.iter().all(|delay| *delay == delays[0]);
    let by_index = policy.suffixing == TopicSuffixing::Index || equal;
    let name = |(at, delay): (usize, &u128)| {
        let at = at.min(topics - 1);
        if single && topics == 1 {
            suffix.clone()
        } else if by_index {
            format!("{suffix}-{at}")
        } else if !single && count(*delay) > 1 {
            let first = delays.iter().position(|other| other == delay).unwrap_or(0);
            format!("{suffix}-{delay}-{}", at - first)
        } else {
            format!("{suffix}-{delay}")
        }
    };
    delays.iter().enumerate().map(name).collect()
}
