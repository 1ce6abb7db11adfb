//! The words that settings and attributes choose from.

/// What retry topics are named after: Spring's `TopicSuffixingStrategy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum TopicSuffixing {
    /// The wait in milliseconds: `orders-retry-1000`. Topics of equal waits are numbered.
    #[default]
    Delay,
    /// Their place in line: `orders-retry-0`.
    Index,
}

/// Whether equal waits at the end of the line share a topic: Spring's
/// `SameIntervalTopicReuseStrategy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum SameInterval {
    /// They share one.
    #[default]
    SingleTopic,
    /// Each has its own.
    MultipleTopics,
}

/// What becomes of records whose retries are used up: Spring's `DltStrategy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum DltStrategy {
    /// They go to the dead-letter topic; a dead-letter handler that fails is bounded.
    #[default]
    Fail,
    /// They go to the dead-letter topic; a letter whose `#[dlt_handler]` fails goes to the end of that
    /// topic again and again, until it is handled or its error is not retried: Spring's
    /// `ALWAYS_RETRY_ON_ERROR`.
    AlwaysRetry,
    /// There is no dead-letter topic: they are given up, with a line in the log.
    NoDlt,
}

/// Whose groups the retry topics are read by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum RetryCompat {
    /// One consumer and one group, `<group>-retry`, for all retry topics of a listener.
    #[default]
    Own,
    /// A consumer and a group for each retry topic, named as Spring names them, so that services of
    /// both kinds handle each retry once.
    Spring,
}

/// Which records wait for one that is in a retry topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum RetryOrder {
    /// None: they overtake it.
    #[default]
    None,
    /// Those of its key, in their order; records of other keys, and without a key, do not.
    Key,
}

impl RetryOrder {
    pub(crate) const NAMES: [(&'static str, Self); 2] = [("none", Self::None), ("key", Self::Key)];
}

impl TopicSuffixing {
    pub(crate) const NAMES: [(&'static str, Self); 2] =
        [("delay", Self::Delay), ("index", Self::Index)];
}

impl SameInterval {
    pub(crate) const NAMES: [(&'static str, Self); 2] = [
        ("single-topic", Self::SingleTopic),
        ("multiple-topics", Self::MultipleTopics),
    ];
}

impl DltStrategy {
    pub(crate) const NAMES: [(&'static str, Self); 3] = [
        ("fail", Self::Fail),
        ("always-retry", Self::AlwaysRetry),
        ("none", Self::NoDlt),
    ];
}

impl RetryCompat {
    pub(crate) const NAMES: [(&'static str, Self); 2] =
        [("own", Self::Own), ("spring", Self::Spring)];
}
