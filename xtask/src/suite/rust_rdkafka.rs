//! rust-rdkafka's integration tests, from the package `rdkafka`.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::broker::Needs;
use super::source;
use super::trial::Trial;
use super::{Prepared, Round, Variables};
use crate::ci::{CiError, Run};
use crate::kafka::{Jars, KafkaError};

const BUILD: Duration = Duration::from_secs(20 * 60);
const LIMIT: Duration = Duration::from_secs(2 * 60);

pub(super) fn prepare(from: Option<&Path>) -> Result<Prepared, CiError> {
    let dir = source::place("rust-rdkafka");
    let from = match from {
        Some(from) => from.to_owned(),
        None => source::package("rdkafka")?,
    };
    source::copy(&from, &dir)?;
    let mut trials = Vec::new();
    for program in built(&dir)? {
        trials.extend(of_program(&dir, &program)?);
    }
    let needs = Needs {
        auto_create: true,
        default_partitions: 3,
        port: Some(9092),
    };
    Ok(Prepared {
        dir,
        rounds: vec![Round { needs, trials }],
        variables,
    })
}

fn variables(_: &Path, bootstrap: &str) -> Result<Variables, CiError> {
    Ok(vec![
        ("KAFKA_HOST", bootstrap.to_owned()),
        ("KAFKA_VERSION", Jars::version().to_owned()),
        ("RUST_LOG", "off".to_owned()),
    ])
}

/// The programs of its integration tests. Its own manifest is a workspace then, not a part of ours.
fn built(dir: &Path) -> Result<Vec<PathBuf>, CiError> {
    let manifest = dir.join("Cargo.toml");
    let text = fs::read_to_string(&manifest).map_err(KafkaError::io(&manifest))?;
    if !text.contains("[workspace]") {
        let text = format!("{text}\n[workspace]\n");
        fs::write(&manifest, text).map_err(KafkaError::io(&manifest))?;
    }
    let said = Run::cargo("test --test * --no-run --message-format json --target-dir target")
        .dir(dir)
        .limit(BUILD)
        .stdout()?;
    Ok(programs(&said))
}

fn programs(messages: &str) -> Vec<PathBuf> {
    let built = messages.split("\"executable\":\"").skip(1);
    built
        .filter_map(|rest| rest.split('"').next().map(PathBuf::from))
        .collect()
}

/// The tests of one program, each run by itself.
fn of_program(dir: &Path, program: &Path) -> Result<Vec<Trial>, CiError> {
    let path = program.display().to_string();
    let list = Run::program(&path, "--list --format terse")
        .dir(dir)
        .stdout()?;
    let file = program.file_stem().unwrap_or_default().to_string_lossy();
    let file = file.rsplit_once('-').map_or(&*file, |(name, _hash)| name);
    let tests = list.lines().filter_map(|line| line.strip_suffix(": test"));
    Ok(tests
        .map(|test| Trial {
            name: format!("{file}::{test}"),
            program: path.clone(),
            arguments: vec!["--exact".to_owned(), test.to_owned()],
            limit: LIMIT,
            verdicts: |_| Vec::new(),
            alone: None,
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_what_cargo_says_it_has_built() {
        let messages =
            "{\"executable\":null}\n{\"executable\":\"/t/test_admin-0f\",\"fresh\":true}\n";
        assert_eq!(programs(messages), [Path::new("/t/test_admin-0f")]);
    }
}
