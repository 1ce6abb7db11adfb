//! Where the suites come from: the packages that cargo has, or a folder that is named.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::ci::{CiError, Run};
use crate::kafka::KafkaError;
use crate::workspace;

/// The folder a suite is built and run in.
pub(super) fn place(suite: &str) -> PathBuf {
    workspace::target().join("suites").join(suite)
}

/// The folder of a package that the workspace depends on.
pub(super) fn package(name: &str) -> Result<PathBuf, CiError> {
    let metadata = Run::cargo("metadata --format-version 1 --locked").stdout()?;
    let manifest = manifest_of(&metadata, name).ok_or_else(|| CiError::NoSource {
        what: format!("the package {name}"),
        place: workspace::root().join("Cargo.lock"),
        fix: "name the folder of its source with --source",
    })?;
    Ok(manifest.parent().map(Path::to_owned).unwrap_or_default())
}

fn manifest_of(metadata: &str, package: &str) -> Option<PathBuf> {
    let mark = "\"manifest_path\":\"";
    metadata.split(mark).skip(1).find_map(|rest| {
        let path = Path::new(rest.split('"').next()?);
        let folder = path.parent()?.file_name()?.to_str()?;
        let version = folder.strip_prefix(package)?.strip_prefix('-')?;
        version
            .starts_with(|first: char| first.is_ascii_digit())
            .then(|| path.to_owned())
    })
}

/// Copies a source to the suite's folder, unless it is there.
pub(super) fn copy(from: &Path, to: &Path) -> Result<(), CiError> {
    if to.exists() {
        return Ok(());
    }
    let parent = to.parent().unwrap_or(to);
    fs::create_dir_all(parent).map_err(KafkaError::io(parent))?;
    let partial = to.with_extension("partial");
    if partial.exists() {
        fs::remove_dir_all(&partial).map_err(KafkaError::io(&partial))?;
    }
    Run::program("cp", "-R")
        .arguments([from, partial.as_path()])
        .limit(Duration::from_secs(60))
        .check()?;
    Ok(fs::rename(&partial, to).map_err(KafkaError::io(to))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_found_by_its_whole_name() {
        let metadata = r#"{"manifest_path":"/r/rdkafka-sys-4.1.0+2.1/Cargo.toml","x":1},
            {"manifest_path":"/r/rdkafka-0.39.0/Cargo.toml"}"#;
        let found = manifest_of(metadata, "rdkafka").unwrap();
        assert_eq!(found, Path::new("/r/rdkafka-0.39.0/Cargo.toml"));
        let found = manifest_of(metadata, "rdkafka-sys").unwrap();
        assert_eq!(found, Path::new("/r/rdkafka-sys-4.1.0+2.1/Cargo.toml"));
        assert_eq!(manifest_of(metadata, "kafka"), None);
    }
}
