//! Directories of tests.

use std::path::{Path, PathBuf};

use crate::wire::Uuid;

/// Deleted when it is dropped.
#[derive(Debug)]
pub(crate) struct TemporaryDir(PathBuf);

impl TemporaryDir {
    /// A new, empty directory.
    pub(crate) fn new() -> Self {
        let name = format!("micro-kafka-{}", Uuid::random().hyphenated());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TemporaryDir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
