use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use super::step::{CiError, Run, same_lines};
use crate::kafka::KafkaError;
use crate::workspace;

/// What an example prints, in its own folder.
const EXPECTED: &str = "expected.txt";

const LIMIT: Duration = Duration::from_secs(60);

/// Runs every example that says what it prints, and compares.
pub(super) fn check() -> Result<(), CiError> {
    let folders = folders()?;
    let names = folders.iter().filter_map(|folder| folder.file_name());
    let names: Vec<_> = names.map(|name| name.to_string_lossy()).collect();
    let packages = names.iter().map(|name| format!(" -p {name}"));
    // Together, so that none compiles while it is timed.
    Run::cargo(&format!("build --locked{}", packages.collect::<String>())).check()?;
    for (folder, name) in folders.iter().zip(&names) {
        let file = folder.join(EXPECTED);
        let expected = fs::read_to_string(&file).map_err(KafkaError::io(&file))?;
        let run = Run::cargo(&format!("run --quiet --locked -p {name}")).limit(LIMIT);
        same_lines(name, &run.stdout()?, &expected)?;
    }
    Ok(())
}

fn folders() -> Result<Vec<PathBuf>, CiError> {
    let examples = workspace::root().join("examples");
    let mut folders = Vec::new();
    for entry in fs::read_dir(&examples).map_err(KafkaError::io(&examples))? {
        let folder = entry.map_err(KafkaError::io(&examples))?.path();
        if folder.join(EXPECTED).exists() {
            folders.push(folder);
        }
    }
    folders.sort();
    Ok(folders)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_that_say_what_they_print_are_found() {
        let folders = folders().unwrap();
        assert!(folders.is_sorted() && !folders.is_empty());
        let examples = workspace::root().join("examples");
        assert!(folders.contains(&examples.join("key-order")));
        // Its table is compared by a step of its own.
        assert!(!folders.contains(&examples.join("flights")));
    }
}
