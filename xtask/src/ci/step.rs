use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use crate::kafka::KafkaError;
use crate::process::{Process, wait_until};
use crate::workspace;

/// How long a command may take.
const LIMIT: Duration = Duration::from_secs(20 * 60);

/// One step of continuous integration.
#[derive(Debug)]
pub struct Step {
    /// What it is called on the command line.
    pub name: &'static str,
    /// What it shows.
    pub about: &'static str,
    /// Does it.
    pub run: fn() -> Result<(), CiError>,
}

/// Why a step failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CiError {
    /// A command could not be started.
    #[error("`{command}` could not be started: {source}")]
    NotStarted {
        /// The command line.
        command: String,
        /// What the system said.
        source: io::Error,
    },
    /// A command ended with a failure.
    #[error("`{command}` ended with {status}")]
    Failed {
        /// The command line.
        command: String,
        /// How it ended.
        status: ExitStatus,
    },
    /// A command took longer than it may, and was ended.
    #[error("`{command}` was ended after {} seconds", .limit.as_secs())]
    TooLong {
        /// The command line.
        command: String,
        /// How long it may take.
        limit: Duration,
    },
    /// The output differs from what it must be.
    #[error("{what}: line {line} is\n    {found}\nbut must be\n    {expected}")]
    Differs {
        /// What was compared.
        what: String,
        /// The first line that differs, from 1.
        line: usize,
        /// What was printed there.
        found: String,
        /// What had to be printed there.
        expected: String,
    },
    /// A suite's source is not where it was looked for.
    #[error("{what} is not in {}: {fix}", .place.display())]
    NoSource {
        /// What was looked for.
        what: String,
        /// Where it was looked for.
        place: PathBuf,
        /// How to bring it there.
        fix: &'static str,
    },
    /// A line of a deny-list is not `name: reason`.
    #[error("{}:{line}: expected `test: reason`", .file.display())]
    Denial {
        /// The deny-list.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// Apache Kafka could not be used.
    #[error(transparent)]
    Kafka(#[from] KafkaError),
}

/// A command of a step: run at the repository's root, without input, told before it runs.
#[derive(Debug)]
pub(crate) struct Run {
    command: Command,
    limit: Duration,
}

impl Run {
    /// A `cargo` command; words are split at blanks.
    pub(crate) fn cargo(words: &str) -> Self {
        Self::program("cargo", words)
    }

    /// A command of any program; words are split at blanks.
    pub(crate) fn program(program: &str, words: &str) -> Self {
        Self::command(Command::new(program)).arguments(words.split_whitespace())
    }

    /// A command that is made already.
    pub(crate) fn command(mut command: Command) -> Self {
        command.current_dir(workspace::root()).stdin(Stdio::null());
        Self {
            command,
            limit: LIMIT,
        }
    }

    /// Adds arguments that may hold blanks.
    pub(crate) fn arguments<T: AsRef<OsStr>>(mut self, words: impl IntoIterator<Item = T>) -> Self {
        self.command.args(words);
        self
    }

    /// Gives it a file to read.
    pub(crate) fn input(mut self, file: &Path) -> Result<Self, CiError> {
        let file = File::open(file).map_err(KafkaError::io(file))?;
        self.command.stdin(file);
        Ok(self)
    }

    /// Sets an environment variable.
    pub(crate) fn env(mut self, key: &str, value: &str) -> Self {
        self.command.env(key, value);
        self
    }

    /// Runs it in `dir` instead of the repository's root.
    pub(crate) fn dir(mut self, dir: &Path) -> Self {
        self.command.current_dir(dir);
        self
    }

    /// Writes what it prints to `log` instead of the terminal.
    pub(crate) fn log(mut self, log: &Path) -> Result<Self, CiError> {
        let file = File::create(log).map_err(KafkaError::io(log))?;
        let errors = file.try_clone().map_err(KafkaError::io(log))?;
        self.command.stdout(file).stderr(errors);
        Ok(self)
    }

    /// The time it may take instead of 20 minutes.
    pub(crate) fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Runs it to its end.
    pub(crate) fn check(self) -> Result<(), CiError> {
        self.spawn()?.end()
    }

    /// Runs it to its end and returns what it wrote on stdout.
    pub(crate) fn stdout(mut self) -> Result<String, CiError> {
        self.command.stdout(Stdio::piped());
        let mut running = self.spawn()?;
        // In a thread of its own, so that a pipe that nobody closes does not outlast the limit.
        let reader = running.child.stdout.take().map(|mut stdout| {
            std::thread::spawn(move || {
                let mut text = Vec::new();
                stdout.read_to_end(&mut text).map(|_| text)
            })
        });
        let line = running.line.clone();
        running.end()?;
        let text = reader.and_then(|reader| reader.join().ok());
        let text = text.unwrap_or_else(|| Ok(Vec::new()));
        let text = text.map_err(|source| not_started(&line, source))?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    /// In its own process group, so that what it starts ends with it.
    fn spawn(mut self) -> Result<Running, CiError> {
        let line = self.line();
        eprintln!("$ {line}");
        let child = self.command.process_group(0).spawn();
        let child = child.map_err(|source| not_started(&line, source))?;
        Ok(Running {
            child,
            line,
            limit: self.limit,
        })
    }

    fn line(&self) -> String {
        let variables = self
            .command
            .get_envs()
            .filter_map(|(key, value)| Some((key, value?)));
        let mut words: Vec<String> = variables
            .map(|(key, value)| format!("{}={}", key.to_string_lossy(), value.to_string_lossy()))
            .collect();
        words.push(self.command.get_program().to_string_lossy().into_owned());
        words.extend(
            self.command
                .get_args()
                .map(|word| word.to_string_lossy().into_owned()),
        );
        words.join(" ")
    }
}

/// A command that was started.
struct Running {
    child: Child,
    line: String,
    limit: Duration,
}

impl Running {
    fn end(mut self) -> Result<(), CiError> {
        let mut status = None;
        wait_until(self.limit, || {
            status = self.child.try_wait().transpose();
            status.is_some()
        });
        let Some(status) = status else {
            Process::new(self.child.id(), "")
                .stop_group()
                .and_then(|()| self.child.wait())
                .map_err(|source| not_started(&self.line, source))?;
            return Err(CiError::TooLong {
                command: self.line,
                limit: self.limit,
            });
        };
        let status = status.map_err(|source| not_started(&self.line, source))?;
        if status.success() {
            Ok(())
        } else {
            Err(CiError::Failed {
                command: self.line,
                status,
            })
        }
    }
}

fn not_started(line: &str, source: io::Error) -> CiError {
    CiError::NotStarted {
        command: line.to_owned(),
        source,
    }
}

/// Compares line by line.
pub(crate) fn same_lines(what: &str, found: &str, expected: &str) -> Result<(), CiError> {
    let longest = found.lines().count().max(expected.lines().count());
    let line_of = |text: &str, line: usize| {
        text.lines()
            .nth(line)
            .unwrap_or("(nothing)")
            .trim_end()
            .to_owned()
    };
    for line in 0..longest {
        let (found, expected) = (line_of(found, line), line_of(expected, line));
        if found != expected {
            return Err(CiError::Differs {
                what: what.to_owned(),
                line: line + 1,
                found,
                expected,
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_takes_too_long_is_ended() {
        let error = Run::program("tail", "-f /dev/null")
            .limit(Duration::from_millis(50))
            .check()
            .unwrap_err();
        assert!(matches!(error, CiError::TooLong { .. }), "{error}");
        let error = Run::program("tail", "-f /dev/null")
            .limit(Duration::from_millis(50))
            .stdout()
            .unwrap_err();
        assert!(matches!(error, CiError::TooLong { .. }), "{error}");
    }

    #[test]
    fn a_failure_names_the_whole_command() {
        let error = Run::program("sh", "-c false")
            .env("A", "b")
            .check()
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "`A=b sh -c false` ended with exit status: 1"
        );
    }

    #[test]
    fn the_first_line_that_differs_is_told() {
        assert!(same_lines("table", "a \nb\n", "a\nb").is_ok());
        let error = same_lines("table", "a\nb\n", "a\nb\nc\n")
            .unwrap_err()
            .to_string();
        assert_eq!(error, "table: line 3 is\n    (nothing)\nbut must be\n    c");
    }
}
