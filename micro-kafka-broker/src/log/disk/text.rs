//! Small files that are replaced as a whole.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use super::file::failed;
use crate::log::StorageError;

/// Replaces a file: after a crash it has either the old content or the new.
///
/// # Errors
/// [`StorageError`]; the file is as before then.
pub(crate) fn replace(file: &Path, content: &[u8]) -> Result<(), StorageError> {
    exchange(file, content, true)?;
    sync_parent(file)
}

/// Replaces a file that can be made again: a crash of the machine may lose it.
///
/// # Errors
/// [`StorageError`]; the file is as before then.
pub(super) fn replace_derived(file: &Path, content: &[u8]) -> Result<(), StorageError> {
    exchange(file, content, false)
}

fn exchange(file: &Path, content: &[u8], lasting: bool) -> Result<(), StorageError> {
    let mut temporary = file.as_os_str().to_owned();
    temporary.push(".tmp");
    let temporary = Path::new(&temporary);
    let written = File::create(temporary).and_then(|mut opened| {
        opened.write_all(content)?;
        match lasting {
            true => opened.sync_all(),
            false => Ok(()),
        }
    });
    let moved = written.and_then(|()| fs::rename(temporary, file));
    moved.map_err(|source| failed("write", file, source))
}

/// Reads a file; `None` when there is none.
///
/// # Errors
/// [`StorageError`] when it cannot be read.
pub(crate) fn read(file: &Path) -> Result<Option<String>, StorageError> {
    match fs::read_to_string(file) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(failed("read", file, source)),
    }
}

/// Makes the names in the file's directory last.
fn sync_parent(file: &Path) -> Result<(), StorageError> {
    let Some(dir) = file.parent() else {
        return Ok(());
    };
    sync_dir(dir)
}

/// Makes the names in a directory last, where the system can.
pub(in crate::log) fn sync_dir(dir: &Path) -> Result<(), StorageError> {
    if cfg!(not(unix)) {
        return Ok(());
    }
    let synced = File::open(dir).and_then(|opened| opened.sync_all());
    synced.map_err(|source| failed("flush", dir, source))
}
