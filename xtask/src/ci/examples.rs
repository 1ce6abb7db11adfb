use std::fs;
use std::time::Duration;

use super::step::{CiError, Run, same_lines};
use crate::kafka::KafkaError;
use crate::workspace;

/// What an example prints, in its own folder.
const EXPECTED: &str = "expected.txt";

/// The same where it has a cluster.
const EXPECTED_ON_CLUSTER: &str = "expected-on-cluster.txt";

const LIMIT: Duration = Duration::from_secs(60);

/// Runs every example that says what it prints, and compares.
pub(super) fn check() -> Result<(), CiError> {
    let names = names(false)?;
    let packages = names.iter().map(|name| format!(" -p {name}"));
    // Together, so that none compiles while it is timed: alone, one may have other features.
    Run::cargo(&format!("build --locked{}", packages.collect::<String>())).check()?;
    names.iter().try_for_each(|name| compare_built(name))
}

/// The examples that need a feature of their own, `all`, to be built.
pub(super) fn optional() -> Result<Vec<String>, CiError> {
    names(true)
}

/// Runs an example that is built, and compares what it prints.
pub(super) fn compare_built(name: &str) -> Result<(), CiError> {
    compare(name, built(name), EXPECTED)
}

/// The same on a cluster that the environment tells.
pub(super) fn compare_on(name: &str, environment: &[(&str, &str)]) -> Result<(), CiError> {
    let run = environment
        .iter()
        .fold(built(name), |run, (key, value)| run.env(key, value));
    compare(name, run, EXPECTED_ON_CLUSTER)
}

fn built(name: &str) -> Run {
    let program = workspace::target().join("debug").join(name);
    Run::program(&program.to_string_lossy(), "")
}

fn compare(name: &str, run: Run, expected: &str) -> Result<(), CiError> {
    let folder = workspace::root().join("examples").join(name);
    let file = folder.join(expected);
    let expected = fs::read_to_string(&file).map_err(KafkaError::io(&file))?;
    // In its own folder, where its settings are.
    let printed = run.dir(&folder).limit(LIMIT).stdout()?;
    same_lines(name, &printed, &expected)
}

/// The examples that say what they print and need features, or those that need none, in order.
fn names(optional: bool) -> Result<Vec<String>, CiError> {
    let examples = workspace::root().join("examples");
    let mut names = Vec::new();
    for entry in fs::read_dir(&examples).map_err(KafkaError::io(&examples))? {
        let folder = entry.map_err(KafkaError::io(&examples))?.path();
        let Some(name) = folder
            .file_name()
            .filter(|_| folder.join(EXPECTED).exists())
        else {
            continue;
        };
        let manifest = folder.join("Cargo.toml");
        let manifest = fs::read_to_string(&manifest).map_err(KafkaError::io(&manifest))?;
        if manifest.contains("required-features") == optional {
            names.push(name.to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_that_say_what_they_print_are_found() {
        let names = names(false).unwrap();
        assert!(names.is_sorted());
        assert!(names.iter().any(|name| name == "key-order"));
        // Its table is compared by a step of its own.
        assert!(!names.iter().any(|name| name == "flights"));
    }
}
