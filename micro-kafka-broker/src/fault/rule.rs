//! What a fault is: which requests it meets, when, and what becomes of them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::{ApiKey, ErrorCode, Pattern, RequestView};

/// A fault by rule. Plain data, apart from [`Action::Hook`]; its text is that of
/// [`Rule::from_pairs`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rule {
    /// Which requests.
    pub matcher: Matcher,
    /// Which of those.
    pub schedule: Schedule,
    /// What they wait for, before anything else.
    pub delay: Option<Delay>,
    /// What becomes of them then.
    pub action: Action,
}

/// Which requests a rule is for; what is not given is not asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Matcher {
    /// Of these APIs; of all, if there is none.
    pub apis: Vec<ApiKey>,
    /// Sent to this broker.
    pub broker: Option<i32>,
    /// Concerning this topic.
    pub topic: Option<Pattern>,
    /// Concerning this partition of the topic, or of any.
    pub partition: Option<i32>,
    /// From clients that call themselves so (`client.id`).
    pub client: Option<Pattern>,
    /// Concerning this consumer group.
    pub group: Option<Pattern>,
    /// Concerning this transactional id.
    pub transactional_id: Option<Pattern>,
}

/// Which of the requests that match are met.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Schedule {
    /// From the nth that matches on, counted from 1.
    pub first: u64,
    /// From there on every nth.
    pub every: u64,
    /// At most so many.
    pub times: Option<u64>,
    /// With this probability, from 0 to 1.
    pub probability: f64,
    /// What the dice are thrown by; another number for each rule, if it is not given.
    pub seed: Option<u64>,
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            first: 1,
            every: 1,
            times: None,
            probability: 1.0,
            seed: None,
        }
    }
}

/// How long a request waits: a time in between, by the rule's dice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delay {
    /// At least.
    pub from: Duration,
    /// At most.
    pub to: Duration,
}

impl From<Duration> for Delay {
    fn from(exactly: Duration) -> Self {
        Self {
            from: exactly,
            to: exactly,
        }
    }
}

impl From<std::ops::RangeInclusive<Duration>> for Delay {
    fn from(range: std::ops::RangeInclusive<Duration>) -> Self {
        let (from, to) = range.into_inner();
        Self { from, to }
    }
}

/// What becomes of a request.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub enum Action {
    /// It is served as ever: for rules that only count or delay.
    #[default]
    Proceed,
    /// It is refused with an error, and has no effect. The error stands where the API has it: for
    /// the partitions that the rule names, for the topics or groups, or for the whole answer.
    Answer(ErrorCode),
    /// It has no effect, and its connection is closed.
    Disconnect,
    /// It has no effect and is never answered; the connection stays open, and silent.
    Silence,
    /// It is served, and after so many bytes of the answer, length included, the connection is
    /// closed.
    CutAnswer(usize),
    /// It is served, and the client is told to keep quiet for that long; its connection is not
    /// read meanwhile (KIP-219).
    Throttle(Duration),
    /// It is served, and the records in the answer, of the partitions that the rule names, are not
    /// what was produced: a bit is flipped, so that their checksum is wrong.
    CorruptRecords,
    /// It is served twice, as if it had come twice over the network; the client has the first
    /// answer.
    Duplicate,
    /// It is served, and then the client is dealt with: by `Disconnect` or `Silence` it never learns
    /// the outcome, by `Answer` it is told a wrong one.
    ApplyThen(Box<Self>),
    /// It waits for a time, and then this becomes of it.
    Delay(Delay, Box<Self>),
    /// It waits until the rule is removed, and is served then.
    Hold,
    /// A function sees the request and says what becomes of it.
    Hook(Hook),
}

/// A function that sees a request and says what becomes of it.
#[derive(Clone)]
pub struct Hook(pub(crate) Arc<dyn Fn(&RequestView) -> Action + Send + Sync>);

impl Hook {
    /// A hook that calls this function.
    pub fn new(decide: impl Fn(&RequestView) -> Action + Send + Sync + 'static) -> Self {
        Self(Arc::new(decide))
    }
}

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hook")
    }
}

impl PartialEq for Hook {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Matcher {
    /// Requests of one API.
    #[must_use]
    pub fn on(api: ApiKey) -> Self {
        Self {
            apis: vec![api],
            ..Self::default()
        }
    }

    /// Only those that concern this topic.
    #[must_use]
    pub fn with_topic(mut self, topic: impl Into<Pattern>) -> Self {
        self.topic = Some(topic.into());
        self
    }

    /// Only those that concern this partition.
    #[must_use]
    pub fn with_partition(mut self, partition: i32) -> Self {
        self.partition = Some(partition);
        self
    }

    /// Only those of clients that call themselves so.
    #[must_use]
    pub fn with_client(mut self, client_id: impl Into<Pattern>) -> Self {
        self.client = Some(client_id.into());
        self
    }

    /// Only those that concern this consumer group.
    #[must_use]
    pub fn with_group(mut self, group: impl Into<Pattern>) -> Self {
        self.group = Some(group.into());
        self
    }

    /// Whether a request is one of these.
    #[must_use]
    pub fn matches(&self, request: &RequestView) -> bool {
        let is = |wanted: &Option<Pattern>, name: Option<&str>| match wanted {
            Some(wanted) => name.is_some_and(|name| wanted.matches(name)),
            None => true,
        };
        let any = |wanted: &Option<Pattern>, names: &[String]| match wanted {
            Some(wanted) => names.iter().any(|name| wanted.matches(name)),
            None => true,
        };
        (self.apis.is_empty() || self.apis.contains(&request.api))
            && self.broker.is_none_or(|broker| broker == request.broker)
            && is(&self.client, request.client_id.as_deref())
            && any(&self.group, &request.groups)
            && any(&self.transactional_id, &request.transactional_ids)
            && (self.is_about_all() || request.topics.iter().any(|topic| topic.is_met_by(self)))
    }

    /// Whether it asks for neither topic nor partition.
    pub(crate) fn is_about_all(&self) -> bool {
        self.topic.is_none() && self.partition.is_none()
    }

    /// Whether it is about this partition; `None` where a request names a topic as a whole.
    pub(crate) fn covers(&self, topic: &str, partition: Option<i32>) -> bool {
        self.topic
            .as_ref()
            .is_none_or(|wanted| wanted.matches(topic))
            && self
                .partition
                .is_none_or(|wanted| partition == Some(wanted))
    }
}

impl From<ApiKey> for Matcher {
    fn from(api: ApiKey) -> Self {
        Self::on(api)
    }
}

impl Action {
    /// The action in which `apply_then` may end.
    pub(crate) fn is_ending(&self) -> bool {
        matches!(
            self,
            Self::Answer(_) | Self::Disconnect | Self::Silence | Self::CutAnswer(_)
        )
    }
}
