//! A file that tells what became of the flights of a run, so that a later start can go on.
//!
//! ```text
//! run 19aa3f0c11d-4711
//! sent 2013-01-01 UA1545 EWR 0515
//! handled 2013-01-01 UA1545 EWR 0515
//! ```

use std::collections::HashMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use crate::flight::Flight;
use crate::summary::Step;

/// A journal that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The file cannot be opened, read or written.
    #[error("the journal {} cannot be used", .0.display())]
    Io(PathBuf, #[source] io::Error),
    /// Another process writes to it.
    #[error("the journal {} is in use: another service runs with it", .0.display())]
    InUse(PathBuf),
    /// The file holds something else.
    #[error("{}, line {line}: `{text}` is no note on a flight; is this a journal?", file.display())]
    NoJournal {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What stands there.
        text: String,
    },
}

/// An open journal. A note is in the operating system's hands when it is written: it outlives a
/// killed process.
#[derive(Debug)]
pub struct Journal {
    file: File,
}

/// What an earlier process noted.
#[derive(Debug)]
pub(crate) struct Story<'f> {
    pub(crate) run: String,
    pub(crate) steps: Vec<(&'f Flight, Step)>,
}

impl Journal {
    /// Opens a journal and reads what it tells, or begins one for a run of the name `new_run`.
    pub(crate) fn open<'f>(
        path: &Path,
        flights: &'f [Flight],
        new_run: String,
    ) -> Result<(Self, Story<'f>), JournalError> {
        let broken = |error| JournalError::Io(path.to_owned(), error);
        let mut options = OpenOptions::new();
        let file = options.read(true).append(true).create(true).open(path);
        let mut journal = Self {
            file: file.map_err(broken)?,
        };
        match journal.file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(JournalError::InUse(path.to_owned())),
            Err(TryLockError::Error(error)) => return Err(broken(error)),
        }
        let text = journal.complete_lines().map_err(broken)?;
        if text.is_empty() {
            journal.line(&format!("run {new_run}")).map_err(broken)?;
            let (run, steps) = (new_run, Vec::new());
            return Ok((journal, Story { run, steps }));
        }
        let story = Story::read(&text, flights);
        let story = story.map_err(|(line, text)| JournalError::NoJournal {
            file: path.to_owned(),
            line,
            text,
        })?;
        Ok((journal, story))
    }

    /// Notes a step of a flight.
    pub(crate) fn note(&self, flight: &Flight, step: Step) -> io::Result<()> {
        self.line(&format!("{} {}", word(step), flight.id()))
    }

    fn line(&self, text: &str) -> io::Result<()> {
        (&self.file).write_all(format!("{text}\n").as_bytes())
    }

    /// All lines; what follows the last line's end is cut off.
    fn complete_lines(&mut self) -> io::Result<String> {
        let mut text = String::new();
        self.file.rewind()?;
        self.file.read_to_string(&mut text)?;
        let complete = text.rfind('\n').map_or(0, |end| end + 1);
        if complete < text.len() {
            text.truncate(complete);
            self.file.set_len(complete as u64)?;
        }
        Ok(text)
    }
}

impl<'f> Story<'f> {
    /// Reads the lines of a journal; or tells which is none.
    fn read(text: &str, flights: &'f [Flight]) -> Result<Self, (usize, String)> {
        let flights: HashMap<String, &Flight> =
            flights.iter().map(|flight| (flight.id(), flight)).collect();
        let step = |text: &str| {
            let (word, id) = text.split_once(' ')?;
            Some((*flights.get(id)?, step(word)?))
        };
        let mut lines = (1..).zip(text.lines());
        let first = lines.next().unwrap_or((1, ""));
        let run = first.1.strip_prefix("run ").ok_or_else(|| wrong(first))?;
        let steps = lines.map(|line| step(line.1).ok_or_else(|| wrong(line)));
        Ok(Self {
            run: run.to_owned(),
            steps: steps.collect::<Result<_, _>>()?,
        })
    }
}

fn wrong((line, text): (usize, &str)) -> (usize, String) {
    (line, text.chars().take(80).collect())
}

fn word(step: Step) -> &'static str {
    match step {
        Step::Sent => "sent",
        Step::Handled => "handled",
        Step::Cancelled => "cancelled",
        Step::NoArrival => "no-arrival",
    }
}

fn step(word_of_step: &str) -> Option<Step> {
    [Step::Sent, Step::Handled, Step::Cancelled, Step::NoArrival]
        .into_iter()
        .find(|step| word(*step) == word_of_step)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of one test, removed at its end.
    struct Temporary(PathBuf);

    impl Temporary {
        fn new(test: &str) -> Self {
            let name = format!("flights-{test}-{}", std::process::id());
            Self(std::env::temp_dir().join(name))
        }
    }

    impl Drop for Temporary {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    #[test]
    fn a_later_start_reads_what_was_noted() {
        let (file, flights) = (Temporary::new("later"), Flight::january_2013().unwrap());
        let (journal, story) = Journal::open(&file.0, &flights, "a".into()).unwrap();
        assert_eq!((story.run.as_str(), story.steps.len()), ("a", 0));
        journal.note(&flights[7], Step::Sent).unwrap();
        journal.note(&flights[7], Step::NoArrival).unwrap();
        drop(journal);
        let (_, story) = Journal::open(&file.0, &flights, "b".into()).unwrap();
        assert_eq!(story.run, "a");
        let noted = [(&flights[7], Step::Sent), (&flights[7], Step::NoArrival)];
        assert_eq!(story.steps, noted);
    }

    #[test]
    fn a_line_that_was_not_finished_does_not_count() {
        let (file, flights) = (Temporary::new("torn"), Flight::january_2013().unwrap());
        let torn = format!("run a\nsent {}\nhandled 2013-0", flights[0].id());
        std::fs::write(&file.0, torn).unwrap();
        let (journal, story) = Journal::open(&file.0, &flights, "b".into()).unwrap();
        assert_eq!(story.steps, [(&flights[0], Step::Sent)]);
        journal.note(&flights[0], Step::Handled).unwrap();
        let text = std::fs::read_to_string(&file.0).unwrap();
        assert_eq!(text.lines().count(), 3, "{text}");
    }

    #[test]
    fn another_file_is_refused_with_its_line() {
        let (file, flights) = (Temporary::new("other"), Flight::january_2013().unwrap());
        std::fs::write(&file.0, "run a\nsent away\n").unwrap();
        let error = Journal::open(&file.0, &flights, "b".into()).unwrap_err();
        assert!(error.to_string().contains("line 2: `sent away`"), "{error}");
    }

    #[test]
    fn a_journal_has_one_writer() {
        let (file, flights) = (Temporary::new("writer"), Flight::january_2013().unwrap());
        let _first = Journal::open(&file.0, &flights, "a".into()).unwrap();
        let second = Journal::open(&file.0, &flights, "b".into());
        assert!(matches!(second, Err(JournalError::InUse(_))));
    }
}
