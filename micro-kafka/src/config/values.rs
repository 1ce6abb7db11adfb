//! Readers of single values: what a key takes, and what is said when it gets something else.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::names::check_topic;
use super::section::shown;
use super::suggestion::nearest;
use super::tree::{Node, Value};
use crate::error::BackOff;
use crate::listener::{RateLimit, TopicPartitions, TopicPartitionsError};
use crate::observe::MetricTags;

use super::{ConfigError, parse_duration, parse_size};

/// A text; numbers and booleans are not taken for one.
pub(crate) fn text(node: &Node) -> Result<String, ConfigError> {
    match &node.value {
        // It would end the text for librdkafka.
        Value::Text(text) if text.text.contains('\0') => {
            Err(ConfigError::invalid("the value holds a NUL character"))
        }
        Value::Text(text) => Ok(text.text.clone()),
        _ => Err(ConfigError::wrong_type("a text", shown(node, ""))),
    }
}

/// `true` or `false`.
pub(crate) fn boolean(node: &Node) -> Result<bool, ConfigError> {
    match &node.value {
        Value::Bool(yes) => Ok(*yes),
        Value::Text(text) if text.untyped && text.text.trim() == "true" => Ok(true),
        Value::Text(text) if text.untyped && text.text.trim() == "false" => Ok(false),
        _ => Err(ConfigError::wrong_type("true or false", shown(node, ""))),
    }
}

/// A whole number within bounds.
pub(crate) fn integer<T>(range: RangeInclusive<T>) -> impl Fn(&Node) -> Result<T, ConfigError>
where
    T: TryFrom<i128> + PartialOrd + std::fmt::Display,
{
    move |node| {
        let number = match &node.value {
            Value::Integer(number) => Some(*number),
            Value::Text(text) if text.untyped => text.text.trim().parse().ok(),
            _ => None,
        };
        let Some(number) = number else {
            return Err(ConfigError::wrong_type("a whole number", shown(node, "")));
        };
        let value = T::try_from(number).ok().filter(|n| range.contains(n));
        value.ok_or_else(|| {
            let shown = shown(node, "");
            let (from, to) = (range.start(), range.end());
            ConfigError::invalid(format!("{shown} is not between {from} and {to}"))
        })
    }
}

/// A share of a whole: a number from 0 to 1.
pub(crate) fn share(node: &Node) -> Result<f64, ConfigError> {
    let number = match &node.value {
        Value::Integer(_) | Value::Float(_) => node.as_text(),
        Value::Text(text) if text.untyped => node.as_text(),
        _ => None,
    };
    let number = number.and_then(|number| number.trim().parse::<f64>().ok());
    let Some(number) = number else {
        return Err(ConfigError::wrong_type(
            "a number such as 0.2",
            shown(node, ""),
        ));
    };
    match (0.0..=1.0).contains(&number) {
        true => Ok(number),
        false => Err(ConfigError::invalid(format!(
            "{} is not between 0 and 1",
            shown(node, "")
        ))),
    }
}

/// A duration with a unit.
pub(crate) fn duration(node: &Node) -> Result<Duration, ConfigError> {
    parsed(node, "a duration such as \"5s\"", parse_duration)
}

/// A duration with a unit, longer than nothing.
pub(crate) fn positive_duration(node: &Node) -> Result<Duration, ConfigError> {
    match duration(node)? {
        Duration::ZERO => Err(ConfigError::invalid("must be longer than 0")),
        longer => Ok(longer),
    }
}

/// A size with a unit, in bytes.
pub(crate) fn size(node: &Node) -> Result<u64, ConfigError> {
    parsed(node, "a size such as \"16KiB\"", parse_size)
}

/// A back-off such as `100ms` or `1s..5m x4`.
pub(crate) fn back_off(node: &Node) -> Result<BackOff, ConfigError> {
    parsed(node, "a back-off such as \"1s..5m x4\"", str::parse)
}

/// How many records in a time, such as `100/s`.
pub(crate) fn rate_limit(node: &Node) -> Result<RateLimit, ConfigError> {
    parsed(node, "a rate such as \"100/s\"", str::parse)
}

/// A text with a form of its own. A bare number is given to the form too: it knows best what is
/// missing.
fn parsed<T, E: std::fmt::Display>(
    node: &Node,
    expected: &str,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<T, ConfigError> {
    let text = match &node.value {
        Value::Text(text) => text.text.clone(),
        Value::Integer(number) => number.to_string(),
        _ => return Err(ConfigError::wrong_type(expected, shown(node, ""))),
    };
    let refuse = |error: E| ConfigError::invalid(format!("{}: {error}", shown(node, "")));
    parse(&text).map_err(refuse)
}

/// One of a few words.
pub(crate) fn choice<T: Copy>(
    names: &'static [(&'static str, T)],
) -> impl Fn(&Node) -> Result<T, ConfigError> {
    move |node| {
        let text = match &node.value {
            Value::Text(_) | Value::Integer(_) => node.as_text().unwrap_or_default(),
            _ => return Err(ConfigError::wrong_type(words(names), shown(node, ""))),
        };
        let wanted = spelling(text.trim());
        match names.iter().find(|(name, _)| spelling(name) == wanted) {
            Some((_, value)) => Ok(*value),
            None => Err(unknown_word(node, &text, names)),
        }
    }
}

// A leading minus is a sign and no separator: `-1` is not `1`.
fn spelling(word: &str) -> String {
    match word.strip_prefix('-') {
        Some(number) => format!("-{number}"),
        None => super::key::relaxed(word),
    }
}

fn unknown_word<T>(node: &Node, text: &str, names: &[(&str, T)]) -> ConfigError {
    let error = ConfigError::wrong_type(words(names), shown(node, ""));
    match nearest(text, names.iter().map(|(name, _)| *name)) {
        Some(name) => error.hint(format!("did you mean \"{name}\"?")),
        None => error,
    }
}

fn words<T>(names: &[(&str, T)]) -> String {
    let names: Vec<_> = names
        .iter()
        .map(|(name, _)| format!("\"{name}\""))
        .collect();
    format!("one of {}", names.join(", "))
}

/// Texts: an array of them, or one text with commas; at least one.
pub(crate) fn list(
    check: impl Fn(&str) -> Result<(), String>,
) -> impl Fn(&Node) -> Result<Vec<String>, ConfigError> {
    move |node| {
        let items: Vec<String> = match &node.value {
            Value::Array(nodes) => nodes.iter().map(text).collect::<Result<_, _>>()?,
            Value::Text(text) if text.text.trim().is_empty() => Vec::new(),
            Value::Text(text) => text.text.split(',').map(|t| t.trim().to_owned()).collect(),
            _ => {
                return Err(ConfigError::wrong_type(
                    "a text or an array of texts",
                    shown(node, ""),
                ));
            }
        };
        if items.is_empty() {
            return Err(ConfigError::invalid("must not be empty"));
        }
        for (at, item) in items.iter().enumerate() {
            check(item).map_err(|reason| refused(node, reason))?;
            if items[..at].contains(item) {
                return Err(refused(node, format!("{item:?} is listed twice")));
            }
        }
        Ok(items)
    }
}

/// A text that passes a check.
pub(crate) fn checked(
    check: impl Fn(&str) -> Result<(), String>,
) -> impl Fn(&Node) -> Result<String, ConfigError> {
    move |node| {
        let text = text(node)?;
        check(&text).map_err(|reason| refused(node, reason))?;
        Ok(text)
    }
}

/// Tags of figures, each as in `region=eu`.
pub(crate) fn metric_tags(node: &Node) -> Result<MetricTags, ConfigError> {
    let is_tag = |text: &str| match text.split_once('=') {
        Some((name, _)) if !name.trim().is_empty() => Ok(()),
        _ => Err(format!("{text:?} is no tag: write `name=value`")),
    };
    let tags = list(is_tag)(node)?;
    let tags = tags.iter().filter_map(|tag| tag.split_once('='));
    Ok(tags
        .map(|(name, value)| (name.trim(), value.trim()))
        .collect())
}

/// The reason quotes the value, which a secret forbids.
fn refused(node: &Node, reason: String) -> ConfigError {
    match node.is_secret() {
        true => ConfigError::invalid("the value is refused (not shown: it may be a secret)"),
        false => ConfigError::invalid(reason),
    }
}

/// Partitions and starts: an array of texts, or one text with semicolons; at least one.
pub(crate) fn topic_partitions(node: &Node) -> Result<Vec<TopicPartitions>, ConfigError> {
    let items = match &node.value {
        Value::Array(nodes) => nodes.iter().map(text).collect::<Result<Vec<_>, _>>()?,
        _ => text(node)?.split(';').map(str::to_owned).collect(),
    };
    let mut all: Vec<TopicPartitions> = Vec::new();
    for item in items {
        let refuse = |reason| refused(node, reason);
        let read: TopicPartitions = item
            .parse()
            .map_err(|error: TopicPartitionsError| refuse(error.to_string()))?;
        check_topic(&read.topic).map_err(refuse)?;
        let mut same = all.iter().filter(|other| other.topic == read.topic);
        if same.any(|other| other.is_all() || read.is_all()) {
            let reason = format!("all partitions of {:?} are listed already", read.topic);
            return Err(refuse(reason));
        }
        let again = all
            .iter()
            .filter(|other| other.topic == read.topic)
            .flat_map(|other| &other.partitions)
            .find(|partition| read.partitions.contains(partition));
        if let Some(partition) = again {
            let topic = &read.topic;
            return Err(refused(
                node,
                format!("partition {partition} of {topic:?} is listed twice"),
            ));
        }
        all.push(read);
    }
    Ok(all)
}
