//! Why a log cannot be read or written.

use std::io;
use std::path::PathBuf;

/// A failure of what the records are stored on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum StorageError {
    /// The system refuses.
    #[error("cannot {action} {}", .file.display())]
    Io {
        /// What was tried, as in `write`.
        action: &'static str,
        /// The file or directory.
        file: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// What is stored is not what was written.
    #[error("{} is corrupt at byte {position}: {reason}", .file.display())]
    Corrupt {
        /// The file; empty for memory.
        file: PathBuf,
        /// Where the batch begins that cannot be read.
        position: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
}

impl StorageError {
    /// There is no room left, on a disk that a test has filled.
    pub(crate) fn full() -> Self {
        Self::Io {
            action: "write",
            file: PathBuf::from("(a disk that a fault has filled)"),
            source: io::ErrorKind::StorageFull.into(),
        }
    }
}
