//! Reading all of a segment, to find out how much of it is whole.

use super::LogFile;
use crate::batch::{Header, is_whole};
use crate::log::StorageError;
use crate::log::index::Indexes;

/// Bytes read at once.
const CHUNK: usize = 4 << 20;

/// What a scan found.
#[derive(Debug)]
pub(in crate::log) struct Scan {
    /// Bytes of whole batches at the beginning.
    pub(in crate::log) valid: usize,
    /// The offset after the last of them.
    pub(in crate::log) next_offset: i64,
    /// What is wrong with what follows.
    pub(in crate::log) fault: Option<&'static str>,
    /// The indexes of what is valid.
    pub(in crate::log) indexes: Indexes,
}

/// Checks every batch of a file, up to the first that is not whole.
///
/// In a `dense` segment no offset is missing; others were compacted.
///
/// # Errors
/// [`StorageError`] when the file cannot be read.
pub(in crate::log) fn scan(
    file: &LogFile,
    base_offset: i64,
    interval: usize,
    dense: bool,
) -> Result<Scan, StorageError> {
    let mut found = Scan {
        valid: 0,
        next_offset: base_offset,
        fault: None,
        indexes: Indexes::new(interval),
    };
    let mut window = Window::default();
    while found.valid < file.len() {
        match window.batch(file, found.valid)? {
            Ok(batch) => {
                let header = Header::read(batch);
                let header = header.map_err(|_| "bytes end inside a batch's header");
                let checked = header.and_then(|h| check(&h, batch, &found, base_offset, dense));
                match checked {
                    Ok(header) => note(&mut found, &header, batch.len(), base_offset),
                    Err(fault) => found.fault = Some(fault),
                }
            }
            Err(fault) => found.fault = Some(fault),
        }
        if found.fault.is_some() {
            break;
        }
    }
    Ok(found)
}

fn check(
    header: &Header,
    batch: &[u8],
    found: &Scan,
    base_offset: i64,
    dense: bool,
) -> Result<Header, &'static str> {
    if header.magic != 2 {
        return Err("a batch's format is not v2");
    }
    if !is_whole(batch, header) {
        return Err("a batch's checksum does not match");
    }
    let gap = header.base_offset - found.next_offset;
    if gap < 0 || dense && gap > 0 || header.last_offset_delta < 0 {
        return Err("a batch's offset does not follow the last one's");
    }
    match u32::try_from(header.last_offset() - base_offset) {
        Ok(relative) if relative <= i32::MAX.unsigned_abs() => Ok(*header),
        _ => Err("a batch's offset is too far from the segment's first"),
    }
}

fn note(found: &mut Scan, header: &Header, size: usize, base_offset: i64) {
    let relative = u32::try_from(header.last_offset() - base_offset).unwrap_or(u32::MAX);
    let timestamp = header.max_timestamp;
    found.indexes.note(found.valid, size, relative, timestamp);
    found.valid += size;
    found.next_offset = header.last_offset() + 1;
}

/// A part of the file.
#[derive(Default)]
struct Window {
    start: usize,
    bytes: Vec<u8>,
}

impl Window {
    /// The batch at a position, or what is wrong with its length.
    fn batch(
        &mut self,
        file: &LogFile,
        at: usize,
    ) -> Result<Result<&[u8], &'static str>, StorageError> {
        const SHORT: &str = "bytes end inside a batch";
        self.fill(file, at, crate::batch::HEADER_LEN)?;
        let Ok(header) = Header::read(self.from(at)) else {
            return Ok(Err(SHORT));
        };
        let Some(size) = header.size() else {
            return Ok(Err("a batch's length is impossible"));
        };
        if size > file.len() - at {
            return Ok(Err(SHORT));
        }
        self.fill(file, at, size)?;
        Ok(self.from(at).get(..size).ok_or(SHORT))
    }

    fn from(&self, at: usize) -> &[u8] {
        self.bytes.get(at - self.start..).unwrap_or_default()
    }

    /// Sees to it that `size` bytes from `at` on are there, as far as the file has them.
    fn fill(&mut self, file: &LogFile, at: usize, size: usize) -> Result<(), StorageError> {
        if self.start <= at && self.from(at).len() >= size {
            return Ok(());
        }
        let len = size.max(CHUNK).min(file.len() - at);
        self.bytes.clear();
        self.bytes.resize(len, 0);
        self.start = at;
        file.read_at(at, &mut self.bytes)
    }
}
