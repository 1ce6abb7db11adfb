//! Rules that read like a sentence.

use std::time::Duration;

use super::{
    Action, Delay, ErrorCode, FaultHandle, Faults, Hook, Matcher, Pattern, RequestView, Rule,
};

/// A rule in the making; begun by [`Faults::on`], put in force by the method that says what is to
/// happen.
#[derive(Debug)]
#[must_use = "a rule is in force once it says what is to happen, as in `disconnect()`"]
pub struct FaultBuilder {
    faults: Faults,
    rule: Rule,
}

impl FaultBuilder {
    pub(super) fn new(faults: Faults, matcher: Matcher) -> Self {
        Self {
            faults,
            rule: Rule {
                matcher,
                ..Rule::default()
            },
        }
    }

    /// Requests of this API too.
    pub fn or(mut self, api: super::ApiKey) -> Self {
        self.rule.matcher.apis.push(api);
        self
    }

    /// Only requests that concern this topic.
    pub fn topic(mut self, topic: impl Into<Pattern>) -> Self {
        self.rule.matcher.topic = Some(topic.into());
        self
    }

    /// Only requests that concern this partition.
    pub fn partition(mut self, partition: i32) -> Self {
        self.rule.matcher.partition = Some(partition);
        self
    }

    /// Only requests sent to this broker.
    pub fn broker(mut self, id: i32) -> Self {
        self.rule.matcher.broker = Some(id);
        self
    }

    /// Only requests of clients that call themselves so.
    pub fn client(mut self, client_id: impl Into<Pattern>) -> Self {
        self.rule.matcher.client = Some(client_id.into());
        self
    }

    /// Only requests that concern this consumer group.
    pub fn group(mut self, group: impl Into<Pattern>) -> Self {
        self.rule.matcher.group = Some(group.into());
        self
    }

    /// Only requests that concern this transactional id.
    pub fn transactional_id(mut self, id: impl Into<Pattern>) -> Self {
        self.rule.matcher.transactional_id = Some(id.into());
        self
    }

    /// The nth of them, counted from 1; with [`FaultBuilder::times`] so many from there on.
    pub fn nth(mut self, nth: u64) -> Self {
        self.rule.schedule.first = nth.max(1);
        self.rule.schedule.times.get_or_insert(1);
        self
    }

    /// Every nth of them.
    pub fn every(mut self, nth: u64) -> Self {
        self.rule.schedule.first = nth.max(1);
        self.rule.schedule.every = nth.max(1);
        self
    }

    /// At most so many of them.
    pub fn times(mut self, times: u64) -> Self {
        self.rule.schedule.times = Some(times);
        self
    }

    /// One of them.
    pub fn once(self) -> Self {
        self.times(1)
    }

    /// Each with this probability, from 0 to 1.
    pub fn with_probability(mut self, probability: f64) -> Self {
        self.rule.schedule.probability = probability;
        self
    }

    /// Dice that fall the same for the same seed.
    pub fn seed(mut self, seed: u64) -> Self {
        self.rule.schedule.seed = Some(seed);
        self
    }

    /// Each after a time, or after one within a range.
    pub fn after(mut self, delay: impl Into<Delay>) -> Self {
        self.rule.delay = Some(delay.into());
        self
    }

    /// The rule so far, as data.
    pub fn rule(&self) -> &Rule {
        &self.rule
    }

    /// They have no effect and are answered with an error, where the API has it.
    pub fn answer(self, error: ErrorCode) -> FaultHandle {
        self.act(Action::Answer(error))
    }

    /// They are served later: after a time, or after one within a range.
    pub fn delay(self, delay: impl Into<Delay>) -> FaultHandle {
        self.after(delay).act(Action::Proceed)
    }

    /// They have no effect, and their connection is closed.
    pub fn disconnect(self) -> FaultHandle {
        self.act(Action::Disconnect)
    }

    /// They have no effect and are never answered; their connection stays open, and silent.
    pub fn silence(self) -> FaultHandle {
        self.act(Action::Silence)
    }

    /// They are served, and after so many bytes of the answer the connection is closed.
    pub fn cut_answer(self, bytes: usize) -> FaultHandle {
        self.act(Action::CutAnswer(bytes))
    }

    /// They are served, the client is told to keep quiet, and its connection is not read meanwhile.
    pub fn throttle(self, time: Duration) -> FaultHandle {
        self.act(Action::Throttle(time))
    }

    /// They are served, with records whose checksum is wrong.
    pub fn corrupt_records(self) -> FaultHandle {
        self.act(Action::CorruptRecords)
    }

    /// They are served twice, and answered once.
    pub fn duplicate(self) -> FaultHandle {
        self.act(Action::Duplicate)
    }

    /// They are served, and then the connection is closed: the client never learns the outcome.
    pub fn apply_then_disconnect(self) -> FaultHandle {
        self.act(Action::ApplyThen(Box::new(Action::Disconnect)))
    }

    /// They are served, and then never answered.
    pub fn apply_then_silence(self) -> FaultHandle {
        self.act(Action::ApplyThen(Box::new(Action::Silence)))
    }

    /// They are served, and the client is told an error.
    pub fn apply_then_answer(self, error: ErrorCode) -> FaultHandle {
        self.act(Action::ApplyThen(Box::new(Action::Answer(error))))
    }

    /// They wait until the rule is removed, and are served then.
    pub fn hold(self) -> FaultHandle {
        self.act(Action::Hold)
    }

    /// They are served as ever, and counted.
    pub fn count(self) -> FaultHandle {
        self.act(Action::Proceed)
    }

    /// A function sees each of them and says what becomes of it.
    pub fn hook(
        self,
        decide: impl Fn(&RequestView) -> Action + Send + Sync + 'static,
    ) -> FaultHandle {
        self.act(Action::Hook(Hook::new(decide)))
    }

    /// What becomes of them.
    pub fn act(mut self, action: Action) -> FaultHandle {
        self.rule.action = action;
        self.faults.add(self.rule)
    }
}
