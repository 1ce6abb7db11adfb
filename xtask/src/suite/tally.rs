use std::process::ExitCode;

use super::deny::Denials;
use super::trial::{Outcome, Verdict};

/// What has come of the tests.
#[derive(Debug, Default)]
pub(super) struct Tally {
    passed: usize,
    /// Those of the passed that had failed before.
    later: Vec<String>,
    denied: usize,
    failed: Vec<String>,
    /// Denied, and yet passed.
    surprises: Vec<String>,
}

impl Tally {
    pub(super) fn count(&mut self, (test, outcome): &Verdict, denials: &Denials) {
        if *outcome == Outcome::PassedAtLaterTry {
            self.later.push(test.clone());
        }
        match (outcome, denials.reason(test)) {
            (Outcome::Skipped, _) => {}
            (Outcome::Failed, None) => self.failed.push(test.clone()),
            (Outcome::Passed | Outcome::PassedAtLaterTry, None) => self.passed += 1,
            (Outcome::Passed | Outcome::PassedAtLaterTry, Some(_)) => {
                self.surprises.push(test.clone());
            }
            (Outcome::Failed, Some(reason)) => {
                self.denied += 1;
                eprintln!("denied: {test}: {reason}");
            }
        }
    }

    #[expect(clippy::print_stdout, reason = "the line is the result")]
    pub(super) fn tell(&self, forgiving: bool) -> ExitCode {
        for test in &self.later {
            eprintln!("passed at a later try: {test}");
        }
        for test in &self.failed {
            eprintln!("failed: {test}");
        }
        for test in &self.surprises {
            eprintln!("passed, although denied: {test}");
        }
        println!("{}", self.closing());
        if forgiving || (self.failed.is_empty() && self.surprises.is_empty()) {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }

    fn closing(&self) -> String {
        let passed = self.passed + self.surprises.len();
        format!(
            "{passed} of {} passed ({} at a later try), {} denied",
            passed + self.failed.len(),
            self.later.len(),
            self.denied
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closing_line_counts_later_tries_among_the_passed() {
        let denials = Denials::of("librdkafka").unwrap();
        let mut tally = Tally::default();
        for (test, outcome) in [
            ("a", Outcome::Passed),
            ("b", Outcome::PassedAtLaterTry),
            ("c", Outcome::Failed),
            ("d", Outcome::Skipped),
            ("0077_compaction", Outcome::Failed),
        ] {
            tally.count(&(test.to_owned(), outcome), &denials);
        }
        let expected = "2 of 3 passed (1 at a later try), 1 denied";
        assert_eq!(tally.closing(), expected);
        assert_eq!(tally.later, ["b"]);
    }
}
