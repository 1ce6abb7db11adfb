//! What a service noted, line by line, in a file that outlives its end by `kill -9`.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use crate::moment::Moment;

/// One record of one listener.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId {
    /// The listener, which is its topic, too.
    pub listener: String,
    /// The record's key.
    pub key: String,
    /// Which one of its key, from 0.
    pub number: u64,
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.listener, self.key, self.number)
    }
}

/// What was done with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Its handler began.
    Began,
    /// Its handler failed.
    Failed,
    /// Its handler succeeded.
    Ended,
}

/// A line of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// When.
    pub at: Moment,
    /// What.
    pub what: What,
    /// With which one.
    pub record: RecordId,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.what {
            What::Began => "began",
            What::Failed => "failed",
            What::Ended => "ended",
        };
        let at = self.at.since_start().as_nanos();
        write!(f, "{at} {what} {}", self.record)
    }
}

/// A line that is none of a history.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no note: a moment, `began`, `failed` or `ended`, a listener, a key and a number")]
pub struct NotANote(String);

impl FromStr for Note {
    type Err = NotANote;

    fn from_str(line: &str) -> Result<Self, NotANote> {
        let words: Vec<&str> = line.split(' ').collect();
        let [at, what, listener, key, number] = words[..] else {
            return Err(NotANote(line.to_owned()));
        };
        let what = match what {
            "began" => What::Began,
            "failed" => What::Failed,
            "ended" => What::Ended,
            _ => return Err(NotANote(line.to_owned())),
        };
        let (Ok(at), Ok(number)) = (at.parse(), number.parse()) else {
            return Err(NotANote(line.to_owned()));
        };
        Ok(Self {
            at: Moment::at(Duration::from_nanos(at)),
            what,
            record: RecordId {
                listener: listener.to_owned(),
                key: key.to_owned(),
                number,
            },
        })
    }
}

/// Writes a history: each note by one call, so that it is there whole, whenever the process ends.
#[derive(Debug, Clone)]
pub struct History(Arc<File>);

impl History {
    /// A new file.
    ///
    /// # Errors
    /// If it cannot be made, or is there already.
    pub fn create(file: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create_new(true).open(file);
        Ok(Self(Arc::new(file?)))
    }

    /// Notes this.
    ///
    /// # Errors
    /// If it cannot be written: the history is worth nothing then.
    pub fn note(&self, what: What, record: &RecordId) -> io::Result<()> {
        let (at, record) = (Moment::now(), record.clone());
        let line = format!("{}\n", Note { at, what, record });
        (&*self.0).write_all(line.as_bytes())
    }
}

/// All notes of a history.
///
/// # Errors
/// If a line is no note.
pub fn read(text: &str) -> Result<Vec<Note>, NotANote> {
    text.lines().map(str::parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_noted_is_read() {
        let name = format!("micro-kafka-history-{}", std::process::id());
        let file = std::env::temp_dir().join(name);
        let history = History::create(&file).unwrap();
        let record = RecordId {
            listener: "keyed".to_owned(),
            key: "k7".to_owned(),
            number: 3,
        };
        for what in [What::Began, What::Failed, What::Ended] {
            history.note(what, &record).unwrap();
        }
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::remove_file(&file).unwrap();
        let notes = read(&text).unwrap();
        let whats: Vec<What> = notes.iter().map(|note| note.what).collect();
        assert_eq!(whats, [What::Began, What::Failed, What::Ended]);
        assert!(notes.iter().all(|note| note.record == record));
        assert!(notes.is_sorted_by_key(|note| note.at));
    }

    #[test]
    fn other_lines_are_refused() {
        for line in [
            "",
            "1 began a b",
            "x began a b 1",
            "1 slept a b 1",
            "1 ended a b c",
        ] {
            assert!(line.parse::<Note>().is_err(), "{line}");
        }
    }
}
