//! kafka-python's integration tests, from its source package.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::broker::Needs;
use super::source;
use super::trial::{Outcome, Trial, Verdict};
use super::{Prepared, Round, Variables};
use crate::ci::{CiError, Run};
use crate::kafka::{Jars, KafkaError};

const VERSION: &str = "3.0.12";
/// Codecs that its producer's tests take, and what runs the tests.
const PACKAGES: &str =
    "pytest==9.2.0 pytest-mock==3.17.0 pytest-timeout==2.4.0 crc32c lz4 python-snappy zstandard";
const DOWNLOAD: Duration = Duration::from_secs(5 * 60);
/// A module of the tests that the source package leaves out; nothing is started by way of it here.
const SERVICE: &str = "class ExternalService:
    def __init__(self, host, port):
        pass

    def open(self):
        pass

    def close(self):
        pass


class SpawnedService:
    pass
";

pub(super) fn prepare(from: Option<&Path>) -> Result<Prepared, CiError> {
    let dir = source::place("kafka-python");
    match from {
        Some(from) => source::copy(from, &dir)?,
        None => download(&dir)?,
    }
    complete(&dir)?;
    let trial = Trial {
        name: "integration".to_owned(),
        program: environment(&dir)?.join("bin/python").display().to_string(),
        arguments: arguments(["test/integration".to_owned()]),
        limit: Duration::from_secs(4 * 60),
        verdicts,
        alone: Some(alone),
    };
    let needs = Needs {
        auto_create: true,
        default_partitions: 4,
        port: None,
    };
    Ok(Prepared {
        dir,
        rounds: vec![Round {
            needs,
            trials: vec![trial],
        }],
        variables,
    })
}

/// An interpreter with all that the client needs, and where the client itself is.
pub(crate) fn python() -> Result<(PathBuf, PathBuf), CiError> {
    let dir = source::place("kafka-python");
    download(&dir)?;
    Ok((environment(&dir)?.join("bin/python"), dir))
}

fn variables(dir: &Path, bootstrap: &str) -> Result<Variables, CiError> {
    Ok(vec![
        ("KAFKA_URI", format!("kafka://{bootstrap}")),
        ("KAFKA_VERSION", Jars::version().to_owned()),
        // Where its fixtures would look for a broker to start: any folder that exists.
        ("KAFKA_ROOT", dir.display().to_string()),
    ])
}

fn download(dir: &Path) -> Result<(), CiError> {
    if dir.exists() {
        return Ok(());
    }
    let packages = source::place("packages");
    let package = format!("kafka-python=={VERSION}");
    Run::program(
        "python3",
        "-m pip download --quiet --no-deps --no-binary :all:",
    )
    .arguments([package.as_ref(), "-d".as_ref(), packages.as_os_str()])
    .limit(DOWNLOAD)
    .check()?;
    let archive = packages.join(format!("kafka_python-{VERSION}.tar.gz"));
    let parent = dir.parent().unwrap_or(dir);
    Run::program("tar", "-xzf")
        .arguments([archive.as_path(), Path::new("-C"), parent])
        .check()?;
    let unpacked = parent.join(format!("kafka_python-{VERSION}"));
    Ok(fs::rename(&unpacked, dir).map_err(KafkaError::io(&unpacked))?)
}

/// Adds what the source package lacks of the folder `test`.
fn complete(dir: &Path) -> Result<(), CiError> {
    for (name, text) in [("__init__.py", ""), ("service.py", SERVICE)] {
        let file = dir.join("test").join(name);
        if !file.exists() {
            fs::write(&file, text).map_err(KafkaError::io(&file))?;
        }
    }
    Ok(())
}

/// A Python environment with the client and what its tests need.
fn environment(dir: &Path) -> Result<PathBuf, CiError> {
    let environment = dir.with_extension("venv");
    if !environment.join("bin/pytest").exists() {
        Run::program("python3", "-m venv")
            .arguments([&environment])
            .check()?;
        let python = environment.join("bin/python").display().to_string();
        Run::program(&python, &format!("-m pip install --quiet {PACKAGES}"))
            .limit(DOWNLOAD)
            .check()?;
    }
    Ok(environment)
}

/// Reads lines such as `test/integration/test_x.py::test_y[gzip] PASSED [ 3%]`.
fn verdicts(text: &str) -> Vec<Verdict> {
    text.lines().filter_map(verdict).collect()
}

/// How the tests in these places are run.
fn arguments(places: impl IntoIterator<Item = String>) -> Vec<String> {
    let options = "-v --timeout 60 -p no:cacheprovider".split(' ');
    let before = ["-m", "pytest"].map(str::to_owned);
    let options = options.map(str::to_owned);
    before.into_iter().chain(places).chain(options).collect()
}

/// The client has a race of its own: who subscribes while it asks for the metadata of no topic gets
/// none for five minutes. So each test has several chances.
fn alone(tests: &[&str]) -> Vec<String> {
    let place = |test: &&str| format!("test/integration/{}", test.replacen("::", ".py::", 1));
    arguments(tests.iter().map(place))
}

fn verdict(line: &str) -> Option<Verdict> {
    let (test, rest) = line.strip_prefix("test/integration/")?.split_once(' ')?;
    let outcome = match rest.split_whitespace().next()? {
        "PASSED" => Outcome::Passed,
        "FAILED" | "ERROR" => Outcome::Failed,
        "SKIPPED" => Outcome::Skipped,
        _ => return None,
    };
    Some((test.replace(".py::", "::"), outcome))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_is_named_as_the_runner_knows_it() {
        let arguments = alone(&["test_a::test_b[gzip]"]);
        assert!(arguments.contains(&"test/integration/test_a.py::test_b[gzip]".to_owned()));
    }

    #[test]
    fn verdicts_are_read_from_the_verbose_lines() {
        let text = "test/integration/test_a.py::test_b[gzip] PASSED     [ 96%]\n\
            test/integration/test_a.py::test_c SKIPPED (two words)  [ 97%]\n\
            FAILED test/integration/test_a.py::test_d - Error\n\
            test/integration/test_a.py::test_d FAILED  [100%]\n";
        assert_eq!(
            verdicts(text),
            [
                ("test_a::test_b[gzip]".to_owned(), Outcome::Passed),
                ("test_a::test_c".to_owned(), Outcome::Skipped),
                ("test_a::test_d".to_owned(), Outcome::Failed),
            ]
        );
    }
}
