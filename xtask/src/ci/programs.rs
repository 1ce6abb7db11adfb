//! The guide's programs in other languages, run as they stand there.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::step::{CiError, Run, same_lines};
use crate::kafka::{Jars, KafkaError};
use crate::suite;
use crate::workspace;

const GUIDE: &str = "docs/guide/07-broker.md";
const LIMIT: Duration = Duration::from_secs(2 * 60);
const RELEASES: &str = "xtask/programs/releases.py";
/// Where the programs look for the broker.
const BROKER: &str = "MICRO_KAFKA_BROKER";

/// Takes the Python and the Java program out of the guide and runs them; each starts a broker. A
/// third one, of ours, starts brokers that pass for older releases.
pub(super) fn check() -> Result<(), CiError> {
    Run::cargo("build --release --locked -p micro-kafka-broker").check()?;
    let broker = workspace::target().join("release/micro-kafka-broker");
    let broker = broker.to_string_lossy();
    let guide = workspace::root().join(GUIDE);
    let guide = fs::read_to_string(&guide).map_err(KafkaError::io(&guide))?;
    let (python, sources) = suite::python()?;
    let program = written("faults.py", &code(&guide, "python")?)?;
    let said = Run::program(&python.to_string_lossy(), "")
        .arguments([&program])
        .env("PYTHONPATH", &sources.to_string_lossy())
        .env(BROKER, &broker)
        .limit(LIMIT)
        .stdout()?;
    same_lines("the Python program", &said, "sent twice, stored once")?;
    let said = Run::program(&python.to_string_lossy(), RELEASES)
        .env("PYTHONPATH", &sources.to_string_lossy())
        .env(BROKER, &broker)
        .limit(LIMIT)
        .stdout()?;
    same_lines("what a client sees of releases", &said, &releases())?;
    let program = written("Faults.java", &code(&guide, "java")?)?;
    // A file in the place of a class is compiled and run.
    let java = Jars::resolve()?.java(&program.to_string_lossy(), "-Xmx256m", "ERROR");
    let said = Run::command(java)
        .env(BROKER, &broker)
        .limit(LIMIT)
        .stdout()?;
    same_lines(
        "the Java program",
        &said,
        "refused: TopicAuthorizationException\nstored at offset 0\n1 hit",
    )
}

/// The client has taken each release for what it is, and has read and committed one record.
fn releases() -> String {
    let seen = ["0.11", "1.1", "2.4", "2.8", "3.3", "3.9", "4.0", "4.3"];
    seen.map(|release| format!("{release}: hello, committed 1"))
        .join("\n")
}

/// The first code block of a language.
fn code(guide: &str, language: &str) -> Result<String, CiError> {
    let fence = format!("```{language}\n");
    let block = guide
        .split_once(&fence)
        .and_then(|(_, rest)| rest.split_once("\n```"));
    let block = block.map(|(code, _)| format!("{code}\n"));
    block.ok_or_else(|| CiError::NoSource {
        what: format!("a program in {language}"),
        place: PathBuf::from(GUIDE),
        fix: "the chapter shows one",
    })
}

fn written(name: &str, text: &str) -> Result<PathBuf, CiError> {
    let dir = workspace::target().join("programs");
    fs::create_dir_all(&dir).map_err(KafkaError::io(&dir))?;
    let path = Path::join(&dir, name);
    fs::write(&path, text).map_err(KafkaError::io(&path))?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_found_by_its_language() {
        let guide = "a\n```text\nx\n```\n```java\nclass A {}\n```\n";
        assert_eq!(code(guide, "java").unwrap(), "class A {}\n");
        assert!(code(guide, "python").is_err());
    }
}
