//! `.lock`: one broker at a time uses a data directory.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use super::DataDirError;

const NAME: &str = ".lock";

/// Held as long as the directory is used; the system releases it when the process ends.
#[derive(Debug)]
pub(super) struct Lock(#[expect(dead_code, reason = "closing it is what releases it")] File);

impl Lock {
    /// Takes the directory, or says that another broker has it.
    pub(super) fn take(dir: &Path) -> Result<Self, DataDirError> {
        let path = dir.join(NAME);
        let failed = |source| DataDirError::Unusable {
            dir: dir.to_owned(),
            source,
        };
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(false).open(path);
        let file = file.map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(DataDirError::InUse(dir.to_owned())),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }
}
