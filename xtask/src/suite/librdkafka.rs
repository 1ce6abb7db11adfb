//! librdkafka's own test runner, from the package `rdkafka-sys`.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::broker::Needs;
use super::source;
use super::trial::{Outcome, Trial, Verdict};
use super::{Prepared, Round, Variables};
use crate::ci::{CiError, Run};
use crate::kafka::{Jars, KafkaError};

const BUILD: Duration = Duration::from_secs(20 * 60);
/// The slowest that pass take about a minute on two cores.
const LIMIT: Duration = Duration::from_secs(4 * 60);
/// What the test runner calls its set-ups, and whether topics are created by asking for them.
const SCENARIOS: [(&str, bool); 2] = [("default", true), ("noautocreate", false)];

pub(super) fn prepare(from: Option<&Path>) -> Result<Prepared, CiError> {
    let dir = built(from)?.join("tests");
    let numbers = numbers(&dir)?;
    let rounds = SCENARIOS.map(|(scenario, auto_create)| Round {
        needs: Needs {
            auto_create,
            default_partitions: 4,
            port: None,
        },
        trials: numbers
            .iter()
            .map(|number| trial(number, scenario))
            .collect(),
    });
    Ok(Prepared {
        dir,
        rounds: rounds.into(),
        variables,
    })
}

fn variables(dir: &Path, bootstrap: &str) -> Result<Variables, CiError> {
    let settings = dir.join("suite.conf");
    let text = format!("bootstrap.servers={bootstrap}\ntest.topic.random=true\n");
    fs::write(&settings, text).map_err(KafkaError::io(&settings))?;
    Ok(vec![
        ("LD_LIBRARY_PATH", "../src:../src-cpp".to_owned()),
        ("TEST_KAFKA_VERSION", Jars::version().to_owned()),
        ("RDKAFKA_TEST_CONF", settings.display().to_string()),
    ])
}

/// Builds the test runner, unless that was done.
fn built(from: Option<&Path>) -> Result<PathBuf, CiError> {
    let dir = source::place("librdkafka");
    let from = match from {
        Some(from) => from.to_owned(),
        None => source::package("rdkafka-sys")?.join("librdkafka"),
    };
    source::copy(&from, &dir)?;
    let log = dir.with_extension("log");
    if !dir.join("Makefile.config").exists() {
        Run::program(
            "bash",
            "./configure --disable-gssapi --disable-curl --disable-lz4-ext --disable-zstd",
        )
        .dir(&dir)
        .log(&log)?
        .check()?;
    }
    for target in ["-C src", "-C src-cpp", "-C tests test-runner"] {
        Run::program("make", target)
            .dir(&dir)
            .log(&log)?
            .limit(BUILD)
            .check()?;
    }
    Ok(dir)
}

/// The numbers that the files of the tests begin with.
fn numbers(tests: &Path) -> Result<Vec<String>, CiError> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(tests).map_err(KafkaError::io(tests))? {
        let name = entry.map_err(KafkaError::io(tests))?.file_name();
        let name = name.to_string_lossy();
        let source = name.ends_with(".c") || name.ends_with(".cpp");
        if let Some((number, _)) = name.split_once('-').filter(|_| source)
            && number.len() == 4
            && number.starts_with('0')
        {
            numbers.push(number.to_owned());
        }
    }
    numbers.sort_unstable();
    numbers.dedup();
    Ok(numbers)
}

/// No local tests, none that emulate sockets, none with known faults; in their quick form.
fn trial(number: &str, scenario: &str) -> Trial {
    Trial {
        name: format!("{number}-{scenario}"),
        program: "./test-runner".to_owned(),
        arguments: ["-p1", "-L", "-E", "-K", "-Q", "-s", scenario, number]
            .map(str::to_owned)
            .into(),
        limit: LIMIT,
        verdicts,
        alone: None,
    }
}

/// Reads the table of results, `| NAME | STATE | TIME |`, and, where the runner has ended itself
/// before it, the line that names what failed.
fn verdicts(text: &str) -> Vec<Verdict> {
    let mut verdicts: Vec<Verdict> = Vec::new();
    for (name, outcome) in text
        .lines()
        .filter_map(|line| row(line).or_else(|| failure(line)))
    {
        if name != "<MAIN>" && !verdicts.iter().any(|(known, _)| known == name) {
            verdicts.push((name.to_owned(), outcome));
        }
    }
    verdicts
}

fn row(line: &str) -> Option<(&str, Outcome)> {
    let mut cells = line.split('|').skip(1).map(str::trim);
    let name = cells.next()?.rsplit(' ').next()?;
    let outcome = match cells.next()? {
        "PASSED" => Outcome::Passed,
        "FAILED" | "RUNNING" => Outcome::Failed,
        "SKIPPED" => Outcome::Skipped,
        _ => return None,
    };
    Some((name, outcome))
}

fn failure(line: &str) -> Option<(&str, Outcome)> {
    let (_, rest) = line.split_once("### Test \"")?;
    let (name, rest) = rest.split_once('"')?;
    // A part of a test is told behind a blank.
    let name = name.split(' ').next()?;
    rest.starts_with(" failed")
        .then_some((name, Outcome::Failed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_read_from_the_table_and_from_what_failed_before_it() {
        let text = "\u{1b}[0m|\u{1b}[32m 0001_multiobj        |     PASSED |   1.0s \u{1b}[0m|\n\
            |\u{1b}[31m 0077_compaction      |     FAILED |   9.2s \u{1b}[0m| why\n\
            |\u{1b}[32m <MAIN>               |     PASSED |   9.9s |\nno | row\n\
            ### Test \"0103_transactions (do_test_basic)\" failed at test.c:1:f() ###\n\
            ### Test \"0077_compaction\" failed at test.c:1:f() ###\n";
        assert_eq!(
            verdicts(text),
            [
                ("0001_multiobj".to_owned(), Outcome::Passed),
                ("0077_compaction".to_owned(), Outcome::Failed),
                ("0103_transactions".to_owned(), Outcome::Failed),
            ]
        );
    }
}
