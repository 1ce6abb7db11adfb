//! The note in the metadata of a committed offset.

use std::fmt;
use std::str::FromStr;

/// What the notes of this crate begin with.
const OWN: &str = "mk1 ";
/// `offset.metadata.max.bytes` of a broker, unless it is set to less.
const LONGEST: usize = 4_096;

/// What a process that is at work notes beside an offset. A clean end takes it away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Marker {
    /// Deaths at this place before.
    pub(super) deaths: u32,
    /// Who is at work.
    pub(super) process: String,
    /// Since when, in milliseconds since 1970.
    pub(super) since: i64,
    /// The one record that is at work, if it runs by itself, and since when.
    pub(super) alone: Option<(i64, i64)>,
    /// What somebody else had noted at the same offset: it is put back by a clean end.
    pub(super) over: String,
}

impl Marker {
    /// Whether a broker takes it.
    pub(super) fn fits(&self) -> bool {
        self.to_string().len() <= LONGEST
    }
}

impl fmt::Display for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            deaths,
            process,
            since,
            alone,
            over,
        } = self;
        write!(f, "{OWN}deaths={deaths} process={process} since={since}")?;
        if let Some((offset, at)) = alone {
            write!(f, " record={offset} at={at}")?;
        }
        if !over.is_empty() {
            write!(f, " over={over}")?;
        }
        Ok(())
    }
}

/// A text that this crate did not write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Foreign;

impl FromStr for Marker {
    type Err = Foreign;

    /// What is unknown in a note is left out, so that later versions may say more.
    fn from_str(text: &str) -> Result<Self, Foreign> {
        let mut rest = text.strip_prefix(OWN).ok_or(Foreign)?;
        let mut marker = Self {
            deaths: 0,
            process: String::new(),
            since: 0,
            alone: None,
            over: String::new(),
        };
        let (mut record, mut at) = (None, None);
        while !rest.is_empty() {
            if let Some(over) = rest.strip_prefix("over=") {
                marker.over = over.to_owned();
                break;
            }
            let (word, tail) = rest.split_once(' ').unwrap_or((rest, ""));
            rest = tail;
            let Some((name, value)) = word.split_once('=') else {
                continue;
            };
            match name {
                "deaths" => marker.deaths = value.parse().map_err(|_| Foreign)?,
                "process" => value.clone_into(&mut marker.process),
                "since" => marker.since = value.parse().map_err(|_| Foreign)?,
                "record" => record = Some(value.parse().map_err(|_| Foreign)?),
                "at" => at = Some(value.parse().map_err(|_| Foreign)?),
                _ => {}
            }
        }
        marker.alone = record.zip(at);
        (!marker.process.is_empty())
            .then_some(marker)
            .ok_or(Foreign)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(
            deaths in any::<u32>(), since in any::<i64>(), over in "[ -~]{0,40}",
            alone in proptest::option::of((any::<i64>(), any::<i64>())),
        ) {
            let process = "42-00ff".to_owned();
            let marker = Marker { deaths, process, since, alone, over };
            prop_assert_eq!(marker.to_string().parse(), Ok(marker));
        }

        #[test]
        fn no_text_does_harm(text in "\\PC{0,60}") {
            let _ = text.parse::<Marker>();
            let _ = format!("{OWN}{text}").parse::<Marker>();
        }
    }

    #[test]
    fn a_later_version_may_say_more() {
        let text = "mk1 deaths=3 colour=red process=1-a x since=5";
        let marker: Marker = text.parse().unwrap();
        assert_eq!((marker.deaths, marker.since), (3, 5));
        assert_eq!("{\"offsets\": []}".parse::<Marker>(), Err(Foreign));
        assert_eq!(
            "mk1 deaths=many process=1-a".parse::<Marker>(),
            Err(Foreign)
        );
    }

    #[test]
    fn more_than_a_broker_takes_is_known() {
        let mut marker: Marker = "mk1 deaths=3 process=1-a since=5".parse().unwrap();
        assert!(marker.fits());
        marker.over = "x".repeat(LONGEST);
        assert!(!marker.fits());
    }
}
