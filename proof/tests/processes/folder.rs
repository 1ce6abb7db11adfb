//! A folder for the files of one trial.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// Where the processes write; removed with this, unless it is kept.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    kept: std::cell::Cell<bool>,
}

impl Folder {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("micro-kafka-proof-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self {
            path,
            kept: false.into(),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// For somebody to look into.
    pub(crate) fn keep(&self) -> &Path {
        self.kept.set(true);
        &self.path
    }

    pub(crate) fn remove(&self) {
        self.kept.set(false);
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A panic before the verdict: the logs tell why.
        if !self.kept.get() && !std::thread::panicking() {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}
