//! The file that holds a segment's batches.

use std::fs::{File, OpenOptions};
use std::io::{self, IoSlice, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;

use crate::log::StorageError;
use crate::log::store::Placed;

/// Failures that a test orders; nothing in the program itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct Faults {
    /// Bytes that can still be written; `None` for no limit.
    #[cfg(test)]
    room: Arc<parking_lot::Mutex<Option<usize>>>,
}

#[cfg(test)]
impl Faults {
    /// The disk has room for so many more bytes.
    pub(crate) fn leave_room(&self, bytes: Option<usize>) {
        *self.room.lock() = bytes;
    }

    fn write(&self, mut file: &File, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut room = self.room.lock();
        let Some(left) = room.as_mut() else {
            return file.write_vectored(slices);
        };
        let first = slices.iter().find(|slice| !slice.is_empty());
        let part = first.map_or(&[][..], |first| &first[..first.len().min(*left)]);
        if part.is_empty() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let written = file.write(part)?;
        *left -= written;
        Ok(written)
    }
}

#[cfg(not(test))]
impl Faults {
    #[expect(clippy::unused_self, reason = "only tests order failures")]
    fn write(&self, mut file: &File, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        file.write_vectored(slices)
    }
}

/// A `.log` file, open for appending and reading.
#[derive(Debug)]
pub(in crate::log) struct LogFile {
    path: PathBuf,
    file: Arc<File>,
    len: usize,
    /// A failed write has left bytes behind that could not be taken back.
    broken: bool,
    faults: Faults,
}

impl LogFile {
    /// Opens or creates a file; what is in it counts as written.
    pub(in crate::log) fn open(path: PathBuf, faults: Faults) -> Result<Self, StorageError> {
        let mut options = OpenOptions::new();
        let opened = options.read(true).append(true).create(true).open(&path);
        let file = opened.map_err(|source| failed("open", &path, source))?;
        let metadata = file.metadata();
        let metadata = metadata.map_err(|source| failed("look at", &path, source))?;
        Ok(Self {
            len: usize::try_from(metadata.len()).unwrap_or(usize::MAX),
            path,
            file: Arc::new(file),
            broken: false,
            faults,
        })
    }

    /// Its path.
    pub(in crate::log) fn path(&self) -> &Path {
        &self.path
    }

    /// It lies elsewhere now.
    pub(in crate::log) fn moved(&mut self, path: PathBuf) {
        self.path = path;
    }

    /// Bytes that were appended.
    pub(in crate::log) fn len(&self) -> usize {
        self.len
    }

    /// The open file, for flushing it while the log goes on.
    pub(in crate::log) fn handle(&self) -> Arc<File> {
        Arc::clone(&self.file)
    }

    /// Appends batches, all or none: what a full disk took is cut off again.
    pub(in crate::log) fn append(&mut self, batches: &[Placed]) -> Result<(), StorageError> {
        if self.broken {
            let reason = "an earlier write failed and could not be undone";
            return Err(failed("write", &self.path, io::Error::other(reason)));
        }
        let mut slices = Vec::with_capacity(2 * batches.len());
        for batch in batches {
            slices.push(IoSlice::new(batch.head()));
            slices.push(IoSlice::new(batch.body()));
        }
        if let Err(source) = self.write_all(&mut slices) {
            self.broken = self.cut(self.len).is_err();
            return Err(failed("write", &self.path, source));
        }
        self.len += batches.iter().map(Placed::size).sum::<usize>();
        Ok(())
    }

    fn write_all(&self, mut slices: &mut [IoSlice<'_>]) -> io::Result<()> {
        // Leaves empty slices behind, which would look like the end.
        IoSlice::advance_slices(&mut slices, 0);
        while !slices.is_empty() {
            match self.faults.write(&self.file, slices) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => IoSlice::advance_slices(&mut slices, written),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Waits until everything has reached the disk.
    pub(in crate::log) fn flush(&self) -> Result<(), StorageError> {
        let flushed = self.file.sync_data();
        flushed.map_err(|source| failed("flush", &self.path, source))
    }

    /// Cuts everything from `len` on.
    pub(in crate::log) fn cut(&mut self, len: usize) -> Result<(), StorageError> {
        let bytes = u64::try_from(len).unwrap_or(u64::MAX);
        let cut = self.file.set_len(bytes);
        cut.map_err(|source| failed("cut", &self.path, source))?;
        self.len = len;
        Ok(())
    }

    /// The bytes from `from` to `to`, both within the length.
    pub(in crate::log) fn read(&self, from: usize, to: usize) -> Result<Bytes, StorageError> {
        let mut bytes = vec![0; to.saturating_sub(from)];
        self.read_at(from, &mut bytes)?;
        Ok(bytes.into())
    }

    /// Fills `target` with the bytes at a position.
    pub(in crate::log) fn read_at(
        &self,
        position: usize,
        target: &mut [u8],
    ) -> Result<(), StorageError> {
        let at = u64::try_from(position).unwrap_or(u64::MAX);
        let read = read_exact_at(&self.file, target, at);
        read.map_err(|source| failed("read", &self.path, source))
    }
}

/// The error of a failed attempt.
pub(in crate::log) fn failed(action: &'static str, file: &Path, source: io::Error) -> StorageError {
    StorageError::Io {
        action,
        file: file.to_owned(),
        source,
    }
}

#[cfg(unix)]
fn read_exact_at(file: &File, target: &mut [u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, target, at)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut target: &mut [u8], mut at: u64) -> io::Result<()> {
    while !target.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, target, at)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => {
                target = &mut target[read..];
                at += read as u64;
            }
        }
    }
    Ok(())
}
