//! Confluent's own serializers: those for Python, since those for Java are not in Maven's central
//! registry.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use super::step::{CiError, Run};
use crate::kafka::KafkaError;
use crate::workspace;

/// With all that they need, so that the same is installed each time.
const PACKAGES: &str = "xtask/programs/confluent.txt";
const DOWNLOAD: Duration = Duration::from_secs(5 * 60);

/// An interpreter with them, made unless it is there.
pub(super) fn python() -> Result<PathBuf, CiError> {
    let list = workspace::root().join(PACKAGES);
    let wanted = fs::read_to_string(&list).map_err(KafkaError::io(&list))?;
    let environment = workspace::target().join("suites/confluent.venv");
    let python = environment.join("bin/python");
    let installed = environment.join("installed.txt");
    if fs::read_to_string(&installed).is_ok_and(|known| known == wanted) {
        return Ok(python);
    }
    Run::program("python3", "-m venv --clear")
        .arguments([&environment])
        .check()?;
    Run::program(&python.to_string_lossy(), "-m pip install --quiet -r")
        .arguments([&list])
        .limit(DOWNLOAD)
        .check()?;
    fs::write(&installed, wanted).map_err(KafkaError::io(&installed))?;
    Ok(python)
}
