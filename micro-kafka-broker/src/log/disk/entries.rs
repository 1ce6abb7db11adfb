//! `.index` and `.timeindex`: eight and twelve bytes an entry.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use bytes::{Buf, BufMut};

use super::file::failed;
use super::names::{Kind, Suffix, path};
use crate::log::StorageError;
use crate::log::index::{Indexes, OffsetEntry, TimeEntry};

const OFFSET_ENTRY: usize = 8;
const TIME_ENTRY: usize = 12;

/// What is in the two files.
pub(in crate::log) type Entries = (Vec<OffsetEntry>, Vec<TimeEntry>);

/// A segment's two index files. They follow the batches at some distance: whatever is missing
/// after a crash is made again from the batches.
#[derive(Debug)]
pub(in crate::log) struct IndexFiles {
    offsets: PathBuf,
    times: PathBuf,
    /// Entries that are in the files.
    written: (usize, usize),
}

impl IndexFiles {
    /// The files of a segment, of which nothing is written yet.
    pub(in crate::log) fn new(dir: &Path, base_offset: i64, suffix: Suffix) -> Self {
        Self {
            offsets: path(dir, base_offset, Kind::Index, suffix),
            times: path(dir, base_offset, Kind::TimeIndex, suffix),
            written: (0, 0),
        }
    }

    /// Reads both files; `None` when one is missing or makes no sense, so that the batches must
    /// be read.
    pub(in crate::log) fn load(
        &mut self,
        log_size: usize,
    ) -> Result<Option<Entries>, StorageError> {
        let (Some(offsets), Some(times)) = (read(&self.offsets)?, read(&self.times)?) else {
            return Ok(None);
        };
        let (Some(offsets), Some(times)) = (parse_offsets(&offsets, log_size), parse_times(&times))
        else {
            return Ok(None);
        };
        self.written = (offsets.len(), times.len());
        Ok(Some((offsets, times)))
    }

    /// Writes the entries that are new, and creates the files.
    ///
    /// # Errors
    /// [`StorageError`]; the next attempt writes the same entries again.
    pub(in crate::log) fn write(&mut self, indexes: &Indexes) -> Result<(), StorageError> {
        let (offsets, times) = (indexes.offsets(), indexes.times());
        let mut bytes = Vec::new();
        for entry in &offsets[self.written.0.min(offsets.len())..] {
            bytes.put_u32(entry.relative_offset);
            bytes.put_u32(entry.position);
        }
        put(&self.offsets, self.written.0 * OFFSET_ENTRY, &bytes)?;
        self.written.0 = offsets.len();
        bytes.clear();
        for entry in &times[self.written.1.min(times.len())..] {
            bytes.put_i64(entry.timestamp);
            bytes.put_u32(entry.relative_offset);
        }
        put(&self.times, self.written.1 * TIME_ENTRY, &bytes)?;
        self.written.1 = times.len();
        Ok(())
    }

    /// Deletes the files, so that the indexes are made again from the batches.
    pub(in crate::log) fn discard(&mut self) {
        for file in [&self.offsets, &self.times] {
            if let Err(error) = std::fs::remove_file(file) {
                tracing::warn!(file = %file.display(), %error, "an index cannot be deleted");
            }
        }
        self.written = (0, 0);
    }
}

fn read(file: &Path) -> Result<Option<Vec<u8>>, StorageError> {
    match std::fs::read(file) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(failed("read", file, source)),
    }
}

/// Everything of the file from `at` on is replaced.
fn put(file: &Path, at: usize, bytes: &[u8]) -> Result<(), StorageError> {
    let at = u64::try_from(at).unwrap_or(u64::MAX);
    let mut options = OpenOptions::new();
    let write = |mut opened: File| {
        opened.set_len(at)?;
        opened.seek(SeekFrom::Start(at))?;
        opened.write_all(bytes)
    };
    let opened = options.write(true).create(true).truncate(false).open(file);
    let written = opened.and_then(write);
    written.map_err(|source| failed("write", file, source))
}

/// Apache Kafka leaves zeros at the end of an index that was not closed.
fn parse_offsets(mut bytes: &[u8], log_size: usize) -> Option<Vec<OffsetEntry>> {
    if !bytes.len().is_multiple_of(OFFSET_ENTRY) {
        return None;
    }
    let mut entries: Vec<OffsetEntry> = Vec::with_capacity(bytes.len() / OFFSET_ENTRY);
    while bytes.has_remaining() {
        let entry = OffsetEntry {
            relative_offset: bytes.get_u32(),
            position: bytes.get_u32(),
        };
        let zero = entry.position == 0 && entry.relative_offset == 0;
        if zero && !entries.is_empty() {
            break;
        }
        let follows = entries.last().is_none_or(|last| {
            last.relative_offset < entry.relative_offset && last.position < entry.position
        });
        if !follows || entry.position as usize >= log_size {
            return None;
        }
        entries.push(entry);
    }
    Some(entries)
}

fn parse_times(mut bytes: &[u8]) -> Option<Vec<TimeEntry>> {
    if !bytes.len().is_multiple_of(TIME_ENTRY) {
        return None;
    }
    let mut entries: Vec<TimeEntry> = Vec::with_capacity(bytes.len() / TIME_ENTRY);
    while bytes.has_remaining() {
        let entry = TimeEntry {
            timestamp: bytes.get_i64(),
            relative_offset: bytes.get_u32(),
        };
        let zero = entry.timestamp == 0 && entry.relative_offset == 0;
        if zero && !entries.is_empty() {
            break;
        }
        let follows = entries.last().is_none_or(|last| {
            last.timestamp < entry.timestamp && last.relative_offset <= entry.relative_offset
        });
        if !follows {
            return None;
        }
        entries.push(entry);
    }
    Some(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_have_kafkas_layout() {
        let bytes = [0, 0, 0, 5, 0, 0, 16, 0, 0, 0, 0, 9, 0, 0, 32, 1];
        let parsed = parse_offsets(&bytes, 10_000).unwrap();
        let expected = [(5, 4096), (9, 8193)];
        assert_eq!(
            parsed
                .iter()
                .map(|e| (e.relative_offset, e.position))
                .collect::<Vec<_>>(),
            expected
        );
        let time = [0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 3];
        let parsed = parse_times(&time).unwrap();
        assert_eq!((parsed[0].timestamp, parsed[0].relative_offset), (256, 3));
    }

    #[test]
    fn an_index_that_was_not_closed_ends_at_its_zeros() {
        let mut bytes = vec![0, 0, 0, 5, 0, 0, 16, 0];
        bytes.extend([0; 80]);
        assert_eq!(parse_offsets(&bytes, 10_000).unwrap().len(), 1);
    }

    #[test]
    fn an_index_that_makes_no_sense_is_refused() {
        assert_eq!(parse_offsets(&[0; 7], 10), None, "not whole entries");
        let bytes = [0, 0, 0, 5, 0, 0, 16, 0, 0, 0, 0, 4, 0, 0, 32, 1];
        assert_eq!(parse_offsets(&bytes, 10_000), None, "offsets go back");
        assert_eq!(parse_offsets(&bytes[..8], 4096), None, "beyond the file");
        assert_eq!(parse_times(&[0; 11]), None);
    }
}
