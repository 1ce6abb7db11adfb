use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::ci::{CiError, Run};
use crate::kafka::KafkaError;

/// How one test of a suite ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Passed,
    Failed,
    /// The suite itself left it out.
    Skipped,
}

/// A test's name and how it ended.
pub(super) type Verdict = (String, Outcome);

/// One run of a suite's program: of one test, or of several that it runs one after the other.
#[derive(Debug)]
pub(super) struct Trial {
    /// Names its log, and the failure when the program does not come to its end.
    pub(super) name: String,
    pub(super) program: String,
    pub(super) arguments: Vec<String>,
    pub(super) limit: Duration,
    /// Reads the verdicts from what the program has printed; none: by its exit code.
    pub(super) verdicts: fn(&str) -> Vec<Verdict>,
}

impl Trial {
    /// Runs it in `dir`; its log goes to `logs`.
    pub(super) fn run(
        &self,
        dir: &Path,
        variables: &[(&'static str, String)],
        logs: &Path,
    ) -> Result<Vec<Verdict>, CiError> {
        let log = logs.join(format!("{}.log", self.name.replace(['/', ':'], "-")));
        let run = Run::program(&self.program, "")
            .arguments(&self.arguments)
            .dir(dir)
            .limit(self.limit)
            .log(&log)?;
        let run = variables
            .iter()
            .fold(run, |run, (key, value)| run.env(key, value));
        let ended = run.check();
        let text = fs::read(&log).map_err(KafkaError::io(&log))?;
        let mut verdicts = (self.verdicts)(&String::from_utf8_lossy(&text));
        match ended {
            Ok(()) if verdicts.is_empty() => verdicts.push((self.name.clone(), Outcome::Passed)),
            Ok(()) => {}
            Err(error @ (CiError::Failed { .. } | CiError::TooLong { .. })) => {
                if !verdicts
                    .iter()
                    .any(|(_, outcome)| *outcome == Outcome::Failed)
                {
                    eprintln!("{error}");
                    verdicts.push((self.name.clone(), Outcome::Failed));
                }
            }
            Err(error) => return Err(error),
        }
        Ok(verdicts)
    }
}
