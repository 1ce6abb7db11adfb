//! Partitions that a listener reads without a group's assignment, and where it begins.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::config::parse_duration;

/// The highest number of a partition that is no mistake.
const HIGHEST: i32 = 99_999;
/// All partitions that the topic has.
const ALL: &str = "*";

/// Partitions of one topic, as they are written: `orders[0-5,7]@latest-10`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicPartitions {
    /// The topic.
    pub topic: String,
    /// Its partitions, in order, each once; none stands for all, written `orders[*]`.
    pub partitions: Vec<i32>,
    /// Where to begin.
    pub from: StartFrom,
}

/// Where reading of a partition begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum StartFrom {
    /// Where the group was, else as `auto-offset-reset` says: nothing is written after the
    /// partitions, or `@committed`.
    #[default]
    Committed,
    /// `@earliest`: at each start.
    Earliest,
    /// `@latest`: at each start.
    Latest,
    /// `@latest-10`: so many records before the end, at each start.
    BeforeEnd(u32),
    /// `@1234`: this offset, at each start.
    Offset(i64),
    /// `@time:1764115200000`: the first record from this moment on, in milliseconds since the Unix
    /// epoch.
    Time(i64),
    /// `@ago:1h`: the first record of the last hour.
    Ago(Duration),
}

/// A text that names no partitions.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}: write topic[partitions]@start, for example \"orders[0-5,7]@latest-10\"")]
pub struct TopicPartitionsError(String);

impl TopicPartitions {
    /// Whether all partitions are meant that the topic has when the application starts.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.partitions.is_empty()
    }
}

impl FromStr for TopicPartitions {
    type Err = TopicPartitionsError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = |reason: String| TopicPartitionsError(reason);
        let (topic, rest) = text
            .trim()
            .split_once('[')
            .ok_or_else(|| wrong(format!("{text:?} has no partitions")))?;
        let (list, start) = rest
            .split_once(']')
            .ok_or_else(|| wrong(format!("{text:?} lacks a ]")))?;
        let mut partitions = BTreeSet::new();
        let listed = (list.trim() != ALL).then(|| list.split(','));
        for part in listed.into_iter().flatten() {
            for partition in range(part.trim()).map_err(wrong)? {
                if !partitions.insert(partition) {
                    return Err(wrong(format!("partition {partition} is listed twice")));
                }
            }
        }
        let start = start.trim();
        let from = match start.strip_prefix('@') {
            Some(start) => start_from(start.trim()).map_err(wrong)?,
            None if start.is_empty() => StartFrom::Committed,
            None => return Err(wrong(format!("{start:?} does not begin with @"))),
        };
        Ok(Self {
            topic: topic.trim().to_owned(),
            partitions: partitions.into_iter().collect(),
            from,
        })
    }
}

fn range(text: &str) -> Result<std::ops::RangeInclusive<i32>, String> {
    let number = |text: &str| {
        let number = text.trim().parse().ok();
        let number = number.filter(|number| (0..=HIGHEST).contains(number));
        number.ok_or_else(|| format!("{text:?} is no partition"))
    };
    let (first, last) = match text.split_once('-') {
        Some((first, last)) => (number(first)?, number(last)?),
        None => (number(text)?, number(text)?),
    };
    match first <= last {
        true => Ok(first..=last),
        false => Err(format!("the range {text:?} is upside down")),
    }
}

fn start_from(text: &str) -> Result<StartFrom, String> {
    let unknown = || {
        format!(
            "{text:?} is no start: one of committed, earliest, latest, latest-10, 1234, \
             time:1764115200000, ago:1h"
        )
    };
    let from = match text {
        "committed" => StartFrom::Committed,
        "earliest" => StartFrom::Earliest,
        "latest" => StartFrom::Latest,
        _ => {
            if let Some(count) = text.strip_prefix("latest-") {
                StartFrom::BeforeEnd(count.parse().map_err(|_| unknown())?)
            } else if let Some(millis) = text.strip_prefix("time:") {
                StartFrom::Time(millis.parse().map_err(|_| unknown())?)
            } else if let Some(duration) = text.strip_prefix("ago:") {
                StartFrom::Ago(parse_duration(duration).map_err(|error| error.to_string())?)
            } else {
                let offset = text.parse().ok().filter(|offset| *offset >= 0);
                StartFrom::Offset(offset.ok_or_else(unknown)?)
            }
        }
    };
    Ok(from)
}

impl fmt::Display for TopicPartitions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[", self.topic)?;
        if self.is_all() {
            f.write_str(ALL)?;
        }
        for (at, partition) in self.partitions.iter().enumerate() {
            let separator = if at == 0 { "" } else { "," };
            write!(f, "{separator}{partition}")?;
        }
        f.write_str("]")?;
        match self.from {
            StartFrom::Committed => Ok(()),
            StartFrom::Earliest => f.write_str("@earliest"),
            StartFrom::Latest => f.write_str("@latest"),
            StartFrom::BeforeEnd(count) => write!(f, "@latest-{count}"),
            StartFrom::Offset(offset) => write!(f, "@{offset}"),
            StartFrom::Time(millis) => write!(f, "@time:{millis}"),
            StartFrom::Ago(duration) => write!(f, "@ago:{}ms", duration.as_millis()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<TopicPartitions, String> {
        text.parse()
            .map_err(|error: TopicPartitionsError| error.to_string())
    }

    #[test]
    fn ranges_and_starts_are_read_and_written() {
        for (text, partitions, from) in [
            ("orders[0]", &[0][..], StartFrom::Committed),
            ("orders[*]", &[], StartFrom::Committed),
            ("orders[ * ]@earliest", &[], StartFrom::Earliest),
            ("orders[0-2,7]@earliest", &[0, 1, 2, 7], StartFrom::Earliest),
            ("orders[ 7 , 3 ] @ latest", &[3, 7], StartFrom::Latest),
            ("orders[1]@latest-10", &[1], StartFrom::BeforeEnd(10)),
            ("orders[1]@0", &[1], StartFrom::Offset(0)),
            ("orders[1]@time:17", &[1], StartFrom::Time(17)),
            (
                "orders[1]@ago:1h",
                &[1],
                StartFrom::Ago(Duration::from_secs(3_600)),
            ),
        ] {
            let read = parse(text).unwrap();
            assert_eq!(
                (&*read.topic, &*read.partitions, read.from),
                ("orders", partitions, from)
            );
            assert_eq!(parse(&read.to_string()), Ok(read), "{text}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        for (text, part) in [
            ("orders", "has no partitions"),
            ("orders[0", "lacks a ]"),
            ("orders[]", "\"\" is no partition"),
            ("orders[*,1]", "\"*\" is no partition"),
            ("orders[5-3]", "upside down"),
            ("orders[1,0-3]", "partition 1 is listed twice"),
            ("orders[0-999999999]", "is no partition"),
            ("orders[0]earliest", "does not begin with @"),
            ("orders[0]@first", "is no start"),
            ("orders[0]@-5", "is no start"),
            ("orders[0]@ago:5", "needs a unit"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
