use std::fs;
use std::path::{Path, PathBuf};

use crate::ci::CiError;
use crate::kafka::KafkaError;
use crate::workspace;

/// The tests of a suite that are known not to pass, each with the reason.
#[derive(Debug)]
pub(super) struct Denials(Vec<(String, String)>);

impl Denials {
    /// Reads `xtask/suites/SUITE.deny`: lines `test: reason`; `#` begins a comment.
    pub(super) fn of(suite: &str) -> Result<Self, CiError> {
        let file: PathBuf = workspace::root().join(format!("xtask/suites/{suite}.deny"));
        let text = fs::read_to_string(&file).map_err(KafkaError::io(&file))?;
        Self::parse(&file, &text)
    }

    fn parse(file: &Path, text: &str) -> Result<Self, CiError> {
        let mut denials = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            // A test's name may hold colons: the reason stands after the first colon and blank.
            let denial = line.split_once(": ").ok_or(CiError::Denial {
                file: file.to_owned(),
                line: index + 1,
            })?;
            denials.push((denial.0.to_owned(), denial.1.to_owned()));
        }
        Ok(Self(denials))
    }

    /// Why `test` is not expected to pass; `None` when it is.
    pub(super) fn reason(&self, test: &str) -> Option<&str> {
        let denial = self.0.iter().find(|(name, _)| name == test);
        denial.map(|(_, reason)| reason.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denial_is_a_test_and_its_reason() {
        let text = "# why\n\na::b[x]: needs: two brokers\n";
        let denials = Denials::parse(Path::new("x.deny"), text).unwrap();
        assert_eq!(denials.reason("a::b[x]"), Some("needs: two brokers"));
        assert_eq!(denials.reason("a::b"), None);
    }

    #[test]
    fn a_denial_without_a_reason_is_refused_with_its_line() {
        let error = Denials::parse(Path::new("x.deny"), "a: b\nc\n").unwrap_err();
        assert_eq!(error.to_string(), "x.deny:2: expected `test: reason`");
    }

    #[test]
    fn every_deny_list_can_be_read() {
        for suite in super::super::Suite::ALL {
            Denials::of(suite.name()).unwrap();
        }
    }
}
