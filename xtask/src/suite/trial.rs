use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::ci::{CiError, Run};
use crate::kafka::KafkaError;

/// How one test of a suite ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Passed,
    /// Failed, and passed when it was run again.
    PassedAtLaterTry,
    Failed,
    /// The suite itself left it out.
    Skipped,
}

/// The arguments that run tests of these names alone.
pub(super) type Alone = fn(&[&str]) -> Vec<String>;

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
    /// The arguments that run these tests alone; none: the whole is run again.
    pub(super) alone: Option<Alone>,
}

impl Trial {
    /// The same program with other arguments.
    pub(super) fn with(&self, name: String, arguments: Vec<String>) -> Self {
        Self {
            name,
            program: self.program.clone(),
            arguments,
            ..*self
        }
    }

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

/// Takes up what came of failed tests that were run alone.
pub(super) fn amend(verdicts: &mut [Verdict], again: &[Verdict]) {
    for (test, outcome) in verdicts {
        let passed = again
            .iter()
            .any(|(other, now)| other == test && *now == Outcome::Passed);
        if *outcome == Outcome::Failed && passed {
            *outcome = Outcome::PassedAtLaterTry;
        }
    }
}

/// What came of two tries, test by test.
pub(super) fn merged(mut first: Vec<Verdict>, again: Vec<Verdict>) -> Vec<Verdict> {
    // What did not come to its end has no names of its own.
    first.retain(|(test, _)| again.iter().any(|(other, _)| other == test));
    for (test, outcome) in again {
        match first.iter_mut().find(|(known, _)| *known == test) {
            Some((_, Outcome::Passed)) => {}
            Some(known) if outcome == Outcome::Passed => known.1 = Outcome::PassedAtLaterTry,
            Some(_) => {}
            None if outcome == Outcome::Passed => first.push((test, Outcome::PassedAtLaterTry)),
            None => first.push((test, outcome)),
        }
    }
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(test: &str, outcome: Outcome) -> Verdict {
        (test.to_owned(), outcome)
    }

    #[test]
    fn a_test_counts_as_passed_at_a_later_try_only_when_the_first_failed() {
        use Outcome::{Failed, Passed, PassedAtLaterTry};
        let first = [
            verdict("a", Passed),
            verdict("b", Failed),
            verdict("c", Failed),
        ];
        let again = [
            verdict("a", Failed),
            verdict("b", Passed),
            verdict("c", Failed),
        ];
        assert_eq!(
            merged(first.into(), again.into()),
            [
                verdict("a", Passed),
                verdict("b", PassedAtLaterTry),
                verdict("c", Failed)
            ]
        );
    }

    #[test]
    fn what_is_run_alone_changes_no_other_verdict() {
        use Outcome::{Failed, Passed, PassedAtLaterTry};
        let mut verdicts = [
            verdict("a", Passed),
            verdict("b", Failed),
            verdict("c", Failed),
        ];
        amend(&mut verdicts, &[verdict("b", Passed), verdict("c", Failed)]);
        let outcomes = verdicts.map(|(_, outcome)| outcome);
        assert_eq!(outcomes, [Passed, PassedAtLaterTry, Failed]);
    }

    #[test]
    fn tests_that_only_the_second_try_has_named_take_the_place_of_the_whole() {
        use Outcome::{Failed, Passed, PassedAtLaterTry};
        let again = [verdict("a", Passed), verdict("b", Failed)];
        assert_eq!(
            merged([verdict("whole", Failed)].into(), again.into()),
            [verdict("a", PassedAtLaterTry), verdict("b", Failed)]
        );
    }
}
