//! Rules as text, and as pairs of names and values, which other formats can be mapped to.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::{Action, ApiKey, Delay, Pattern, Rule};

/// A text that is no rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RuleError {
    /// A name that no part of a rule has.
    #[error("`{0}` is no part of a rule; those are {NAMES}")]
    UnknownName(String),
    /// A value that cannot be read.
    #[error("{name} = `{value}`: {reason}")]
    BadValue {
        /// The part's name.
        name: String,
        /// The value.
        value: String,
        /// What is wrong with it.
        reason: String,
    },
    /// It says two things that exclude each other.
    #[error("`{0}` and `{1}` exclude each other: a rule has one action")]
    TwoActions(String, String),
    /// It does not say what is to happen.
    #[error("nothing is to happen: one of {ACTIONS} is missing")]
    NoAction,
}

const NAMES: &str = "api, broker, topic, partition, client, group, transactional_id, nth, first, \
                     every, times, probability, seed, after, and one of the actions";
const ACTIONS: &str = "answer, delay, disconnect, silence, cut, throttle, corrupt_records, \
                       duplicate, apply_then, hold, proceed";

impl Rule {
    /// Reads a rule from pairs of names and values:
    ///
    /// | name | value | |
    /// |---|---|---|
    /// | `api` | `Produce`, `Produce,Fetch`, `*` | [`Matcher::apis`](super::Matcher::apis) |
    /// | `broker`, `partition` | a number | |
    /// | `topic`, `client`, `group`, `transactional_id` | a pattern, as in `svc-*` | |
    /// | `nth` | a number | that match alone, or `times` from there on |
    /// | `first`, `every`, `times`, `probability`, `seed` | a number | [`Schedule`](super::Schedule) |
    /// | `after` | `50ms`, `50ms..2s` | [`Rule::delay`] |
    /// | `answer` | `NOT_LEADER_OR_FOLLOWER`, `6` | [`Action::Answer`] |
    /// | `delay` | `50ms`, `50ms..2s` | a delay, and then [`Action::Proceed`] |
    /// | `disconnect`, `silence`, `corrupt_records`, `duplicate`, `hold`, `proceed` | `true`, or nothing | |
    /// | `cut` | a number of bytes | [`Action::CutAnswer`] |
    /// | `throttle` | `2s` | [`Action::Throttle`] |
    /// | `apply_then` | `disconnect`, `silence`, or an error | [`Action::ApplyThen`] |
    ///
    /// Dashes stand for underscores too; a number without a unit is of milliseconds.
    ///
    /// # Errors
    /// [`RuleError`], which names the pair.
    pub fn from_pairs<N: AsRef<str>, V: AsRef<str>>(
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Self, RuleError> {
        let mut reader = PairReader::default();
        for (name, value) in pairs {
            reader.read(&name.as_ref().replace('-', "_"), value.as_ref().trim())?;
        }
        reader.finish()
    }
}

#[derive(Default)]
struct PairReader {
    rule: Rule,
    /// The name of the action.
    action: Option<String>,
    nth: bool,
}

impl PairReader {
    fn read(&mut self, name: &str, value: &str) -> Result<(), RuleError> {
        let Rule {
            matcher, schedule, ..
        } = &mut self.rule;
        let pattern = || Some(Pattern::new(value));
        match name {
            "api" | "on" => matcher.apis = apis(name, value)?,
            "broker" => matcher.broker = Some(parsed(name, value)?),
            "topic" => matcher.topic = pattern(),
            "partition" => matcher.partition = Some(parsed(name, value)?),
            "client" => matcher.client = pattern(),
            "group" => matcher.group = pattern(),
            "transactional_id" => matcher.transactional_id = pattern(),
            "nth" => {
                schedule.first = positive(name, value)?;
                self.nth = true;
            }
            "first" => schedule.first = positive(name, value)?,
            "every" => schedule.every = positive(name, value)?,
            "times" => schedule.times = Some(parsed(name, value)?),
            "probability" => schedule.probability = probability(name, value)?,
            "seed" => schedule.seed = Some(parsed(name, value)?),
            "after" => self.rule.delay = Some(delay(name, value)?),
            _ => return self.read_action(name, value),
        }
        Ok(())
    }

    fn read_action(&mut self, name: &str, value: &str) -> Result<(), RuleError> {
        let (action, wait) = match name {
            "answer" => (Action::Answer(parsed(name, value)?), None),
            "delay" => (Action::Proceed, Some(delay(name, value)?)),
            "cut" => (Action::CutAnswer(parsed(name, value)?), None),
            "throttle" => (Action::Throttle(duration(name, value)?), None),
            "apply_then" => (Action::ApplyThen(Box::new(ending(name, value)?)), None),
            _ => (
                plain(name).ok_or_else(|| RuleError::UnknownName(name.to_owned()))?,
                None,
            ),
        };
        if plain(name).is_some() && !flag(name, value)? {
            return Ok(());
        }
        if let Some(other) = self.action.replace(name.to_owned()) {
            return Err(RuleError::TwoActions(other, name.to_owned()));
        }
        self.rule.action = action;
        self.rule.delay = wait.or(self.rule.delay);
        Ok(())
    }

    fn finish(mut self) -> Result<Rule, RuleError> {
        if self.action.is_none() {
            return Err(RuleError::NoAction);
        }
        if self.nth {
            self.rule.schedule.times.get_or_insert(1);
        }
        Ok(self.rule)
    }
}

/// An action that has no value.
fn plain(name: &str) -> Option<Action> {
    Some(match name {
        "disconnect" => Action::Disconnect,
        "silence" => Action::Silence,
        "corrupt_records" => Action::CorruptRecords,
        "duplicate" => Action::Duplicate,
        "hold" => Action::Hold,
        "proceed" => Action::Proceed,
        _ => return None,
    })
}

fn ending(name: &str, value: &str) -> Result<Action, RuleError> {
    match plain(value).filter(Action::is_ending) {
        Some(action) => Ok(action),
        None => value.parse().map(Action::Answer).map_err(|_| {
            let reason = "expected disconnect, silence, or the name of an error";
            bad(name, value, reason)
        }),
    }
}

fn bad(name: &str, value: &str, reason: impl fmt::Display) -> RuleError {
    RuleError::BadValue {
        name: name.to_owned(),
        value: value.to_owned(),
        reason: reason.to_string(),
    }
}

fn parsed<T: FromStr<Err: fmt::Display>>(name: &str, value: &str) -> Result<T, RuleError> {
    value.parse().map_err(|error| bad(name, value, error))
}

fn positive(name: &str, value: &str) -> Result<u64, RuleError> {
    match parsed(name, value)? {
        0 => Err(bad(name, value, "it is counted from 1")),
        number => Ok(number),
    }
}

fn probability(name: &str, value: &str) -> Result<f64, RuleError> {
    let number: f64 = parsed(name, value)?;
    match (0.0..=1.0).contains(&number) {
        true => Ok(number),
        false => Err(bad(name, value, "expected a number from 0 to 1")),
    }
}

fn flag(name: &str, value: &str) -> Result<bool, RuleError> {
    match value {
        "" | "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(bad(name, value, "expected true or false")),
    }
}

fn apis(name: &str, value: &str) -> Result<Vec<ApiKey>, RuleError> {
    if value == "*" {
        return Ok(Vec::new());
    }
    value
        .split(',')
        .map(|api| parsed(name, api.trim()))
        .collect()
}

fn delay(name: &str, value: &str) -> Result<Delay, RuleError> {
    let (from, to) = value.split_once("..").unwrap_or((value, value));
    let delay = Delay {
        from: duration(name, from)?,
        to: duration(name, to.trim_start_matches('='))?,
    };
    match delay.from <= delay.to {
        true => Ok(delay),
        false => Err(bad(name, value, "the range ends before it begins")),
    }
}

fn duration(name: &str, value: &str) -> Result<Duration, RuleError> {
    let value = value.trim();
    let digits = value.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &value[digits.len()..] {
        "us" => 1,
        "" | "ms" => 1_000,
        "s" => 1_000_000,
        "m" => 60_000_000,
        "h" => 3_600_000_000,
        _ => return Err(bad(name, value, "the units are us, ms, s, m and h")),
    };
    let count: u64 = digits
        .parse()
        .map_err(|_| bad(name, value, "expected a time as in 50ms"))?;
    let micros = count.checked_mul(unit);
    let micros = micros.ok_or_else(|| bad(name, value, "too long"))?;
    Ok(Duration::from_micros(micros))
}

impl FromStr for Rule {
    type Err = RuleError;

    /// Reads a rule as it is written: `Produce topic=orders nth=2 answer=NOT_LEADER_OR_FOLLOWER`.
    fn from_str(text: &str) -> Result<Self, RuleError> {
        let words = text.split_whitespace().enumerate();
        Self::from_pairs(words.map(|(nth, word)| match word.split_once('=') {
            Some(pair) => pair,
            None if nth == 0 && plain(&word.replace('-', "_")).is_none() => ("api", word),
            None => (word, ""),
        }))
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            matcher, schedule, ..
        } = self;
        let apis: Vec<_> = matcher.apis.iter().map(|api| api.name()).collect();
        match apis.is_empty() {
            true => f.write_str("*")?,
            false => f.write_str(&apis.join(","))?,
        }
        let mut pair = |name: &str, value: Option<&dyn fmt::Display>| match value {
            Some(value) => write!(f, " {name}={value}"),
            None => Ok(()),
        };
        fn shown<T: fmt::Display>(value: &Option<T>) -> Option<&dyn fmt::Display> {
            value.as_ref().map(|value| value as &dyn fmt::Display)
        }
        pair("broker", shown(&matcher.broker))?;
        pair("topic", shown(&matcher.topic))?;
        pair("partition", shown(&matcher.partition))?;
        pair("client", shown(&matcher.client))?;
        pair("group", shown(&matcher.group))?;
        pair("transactional_id", shown(&matcher.transactional_id))?;
        pair(
            "first",
            shown(&(schedule.first != 1).then_some(schedule.first)),
        )?;
        pair(
            "every",
            shown(&(schedule.every != 1).then_some(schedule.every)),
        )?;
        pair("times", shown(&schedule.times))?;
        let probability = (schedule.probability < 1.0).then_some(schedule.probability);
        pair("probability", shown(&probability))?;
        pair("seed", shown(&schedule.seed))?;
        match (&self.delay, &self.action) {
            (Some(delay), Action::Proceed) => write!(f, " delay={delay}"),
            (Some(delay), action) => write!(f, " after={delay} {action}"),
            (None, action) => write!(f, " {action}"),
        }
    }
}

impl fmt::Display for Delay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_duration(f, self.from)?;
        if self.from == self.to {
            return Ok(());
        }
        f.write_str("..")?;
        write_duration(f, self.to)
    }
}

fn write_duration(f: &mut fmt::Formatter<'_>, duration: Duration) -> fmt::Result {
    match duration.as_micros() {
        micros if micros % 1_000 == 0 => write!(f, "{}ms", micros / 1_000),
        micros => write!(f, "{micros}us"),
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Proceed => f.write_str("proceed"),
            Self::Answer(code) => write!(f, "answer={code}"),
            Self::Disconnect => f.write_str("disconnect"),
            Self::Silence => f.write_str("silence"),
            Self::CutAnswer(bytes) => write!(f, "cut={bytes}"),
            Self::Throttle(time) => {
                f.write_str("throttle=")?;
                write_duration(f, *time)
            }
            Self::CorruptRecords => f.write_str("corrupt_records"),
            Self::Duplicate => f.write_str("duplicate"),
            Self::ApplyThen(then) => match &**then {
                Self::Answer(code) => write!(f, "apply_then={code}"),
                then => write!(f, "apply_then={then}"),
            },
            Self::Delay(delay, then) => write!(f, "after={delay} {then}"),
            Self::Hold => f.write_str("hold"),
            Self::Hook(_) => f.write_str("hook"),
        }
    }
}

#[cfg(test)]
#[path = "text_tests.rs"]
mod tests;
