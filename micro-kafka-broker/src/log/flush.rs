//! How a log reaches the disk.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::disk::{self, failed};
use super::{Log, StorageError};

/// What is to be flushed; done without holding the log.
#[derive(Debug)]
pub(crate) struct FlushWork {
    dir: PathBuf,
    files: Vec<Arc<File>>,
    names: bool,
    end: i64,
}

impl FlushWork {
    /// Waits until everything is on disk; this blocks.
    ///
    /// # Errors
    /// [`StorageError`] when the system cannot say that it is: [`Log::flush_failed`] must be
    /// told.
    pub(crate) fn run(&self) -> Result<(), StorageError> {
        for file in &self.files {
            let flushed = file.sync_data();
            flushed.map_err(|source| failed("flush", &self.dir, source))?;
        }
        match self.names {
            true => disk::sync_dir(&self.dir),
            false => Ok(()),
        }
    }
}

impl Log {
    /// The offset before which everything has reached the disk; the end of a log in memory.
    pub(crate) fn flushed_offset(&self) -> i64 {
        match self.dir {
            Some(_) => self.flushed,
            None => self.end_offset,
        }
    }

    /// Records that may not have reached the disk.
    pub(crate) fn unflushed(&self) -> i64 {
        self.end_offset - self.flushed_offset()
    }

    /// Where the last segment begins, or the end of a log without one.
    pub(crate) fn active_offset(&self) -> i64 {
        self.segments
            .last()
            .map_or(self.end_offset, |s| s.base_offset())
    }

    /// What must be done so that everything before `end` is on disk; `None` when it is.
    pub(crate) fn flush_work(&self, end: i64) -> Option<FlushWork> {
        let dir = self.dir.as_ref()?;
        let end = end.min(self.end_offset);
        if end <= self.flushed || self.failed {
            return None;
        }
        let first = self.segment_of(self.flushed);
        let segments = self.segments.iter().skip(first);
        let dirty = segments.take_while(|segment| segment.base_offset() < end);
        Some(FlushWork {
            dir: dir.path().to_owned(),
            files: dirty.filter_map(super::Segment::file).collect(),
            names: self.new_files,
            end,
        })
    }

    /// Work was done.
    pub(crate) fn flush_done(&mut self, work: &FlushWork) {
        self.flushed = self.flushed.max(work.end);
        if work.names && work.end == self.end_offset {
            self.new_files = false;
        }
    }

    /// Work could not be done: nobody knows what has reached the disk, so nothing more is
    /// appended.
    pub(crate) fn flush_failed(&mut self) {
        self.failed = true;
    }

    /// Whether nothing more can be appended.
    pub(crate) fn is_failed(&self) -> bool {
        self.failed
    }

    pub(super) fn failure(&self) -> StorageError {
        let dir = self.dir.as_ref().map(|dir| dir.path().to_owned());
        let reason = "an earlier flush failed; a restart recovers what is on disk";
        failed("write", &dir.unwrap_or_default(), io::Error::other(reason))
    }

    /// Ends the log: indexes are written, everything is flushed; this blocks.
    ///
    /// # Errors
    /// [`StorageError`] when it must be recovered at the next start.
    pub(crate) fn close(&mut self) -> Result<(), StorageError> {
        if self.failed {
            return Err(self.failure());
        }
        if let Some(last) = self.segments.last_mut() {
            last.close();
        }
        if let Some(work) = self.flush_work(self.end_offset) {
            work.run()?;
            self.flush_done(&work);
        }
        // Nobody appends to a log that was ended.
        self.failed = self.dir.is_some();
        Ok(())
    }

    /// Deletes everything.
    ///
    /// # Errors
    /// [`StorageError`] when files are left behind.
    pub(crate) fn delete(&mut self) -> Result<(), StorageError> {
        let emptied = std::mem::replace(self, Self::new(self.layout));
        match &emptied.dir {
            Some(dir) => dir.delete(),
            None => Ok(()),
        }
    }
}
