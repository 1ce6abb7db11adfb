//! `.txnindex`: the aborted transactions whose markers lie in a segment.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

use bytes::{Buf, BufMut};

use super::file::failed;
use crate::log::StorageError;

const VERSION: i16 = 0;
const ENTRY: usize = 34;

/// An aborted transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AbortedEntry {
    /// The producer.
    pub(crate) producer_id: i64,
    /// Offset of its first record.
    pub(crate) first_offset: i64,
    /// Offset of its marker.
    pub(crate) last_offset: i64,
    /// The last stable offset once the marker was written.
    pub(crate) last_stable_offset: i64,
}

/// Adds an entry.
pub(super) fn append(file: &Path, entry: &AbortedEntry) -> Result<(), StorageError> {
    let opened = OpenOptions::new().append(true).create(true).open(file);
    let written = opened.and_then(|mut opened| opened.write_all(&encode(entry)));
    written.map_err(|source| failed("write", file, source))
}

/// Reads the entries, as far as they make sense; a file that is missing has none.
pub(super) fn load(file: &Path) -> Result<Vec<AbortedEntry>, StorageError> {
    match std::fs::read(file) {
        Ok(bytes) => Ok(decode(&bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(source) => Err(failed("read", file, source)),
    }
}

/// Replaces all entries; a file without entries is not kept.
pub(super) fn replace(file: &Path, entries: &[AbortedEntry]) -> Result<(), StorageError> {
    let done = match entries {
        [] => match std::fs::remove_file(file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        },
        entries => std::fs::write(file, entries.iter().flat_map(encode).collect::<Vec<_>>()),
    };
    done.map_err(|source| failed("write", file, source))
}

fn encode(entry: &AbortedEntry) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(ENTRY);
    bytes.put_i16(VERSION);
    bytes.put_i64(entry.producer_id);
    bytes.put_i64(entry.first_offset);
    bytes.put_i64(entry.last_offset);
    bytes.put_i64(entry.last_stable_offset);
    bytes
}

fn decode(bytes: &[u8]) -> Vec<AbortedEntry> {
    let mut entries: Vec<AbortedEntry> = Vec::with_capacity(bytes.len() / ENTRY);
    for mut chunk in bytes.chunks_exact(ENTRY) {
        if chunk.get_i16() != VERSION {
            break;
        }
        let entry = AbortedEntry {
            producer_id: chunk.get_i64(),
            first_offset: chunk.get_i64(),
            last_offset: chunk.get_i64(),
            last_stable_offset: chunk.get_i64(),
        };
        let follows = entries
            .last()
            .is_none_or(|last| last.last_offset < entry.last_offset);
        if entry.first_offset > entry.last_offset || !follows {
            break;
        }
        entries.push(entry);
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_back_up_to_the_first_bad_one() {
        let entry = |last_offset| AbortedEntry {
            producer_id: 7,
            first_offset: 3,
            last_offset,
            last_stable_offset: last_offset + 1,
        };
        let mut bytes: Vec<u8> = [entry(5), entry(9)].iter().flat_map(encode).collect();
        assert_eq!(bytes.len(), 2 * ENTRY);
        assert_eq!(decode(&bytes), [entry(5), entry(9)]);
        assert_eq!(decode(&bytes[..ENTRY + 1]), [entry(5)]);
        bytes[ENTRY + 1] = 1;
        assert_eq!(decode(&bytes), [entry(5)], "another version");
    }
}
