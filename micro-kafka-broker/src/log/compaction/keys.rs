//! The last offset of each key in the dirty part of a log.

use std::collections::HashMap;

use bytes::Bytes;

use super::markers::Markers;
use crate::batch::{BatchError, Header, outlines};
use crate::log::AbortedEntry;

/// What an entry takes beside its key.
const ENTRY: usize = 48;

/// The last offset of each key, in bounded memory.
#[derive(Debug)]
pub(crate) struct LastOffsets {
    offsets: HashMap<Box<[u8]>, i64>,
    /// Bytes that may still be taken.
    left: usize,
    from: i64,
    end: i64,
    markers: Markers,
}

impl LastOffsets {
    /// For records from the offset `from` on, in about `max_bytes`.
    pub(crate) fn new(from: i64, aborted: Vec<AbortedEntry>, max_bytes: usize) -> Self {
        Self {
            offsets: HashMap::new(),
            left: max_bytes,
            from,
            end: from,
            markers: Markers::new(aborted),
        }
    }

    /// Notes the keys of the next batch; false when there is no memory for more batches.
    ///
    /// A batch that cannot be read has no keys. One batch is always noted, whatever it takes.
    pub(crate) fn note(&mut self, header: &Header, batch: &Bytes) -> bool {
        let aborted = self.markers.pass(header, batch);
        if !header.is_control() && !aborted {
            let is_first = self.end == self.from;
            let fits = self.note_keys(batch, is_first).unwrap_or(true);
            if !fits {
                return false;
            }
        }
        self.note_end(header.last_offset() + 1);
        true
    }

    fn note_keys(&mut self, batch: &Bytes, is_first: bool) -> Result<bool, BatchError> {
        for record in outlines(batch)? {
            let record = record?;
            let Some(key) = record.key.filter(|_| record.offset >= self.from) else {
                continue;
            };
            if let Some(last) = self.offsets.get_mut(&key[..]) {
                *last = record.offset;
                continue;
            }
            let needed = key.len() + ENTRY;
            if needed > self.left && !is_first {
                return Ok(false);
            }
            self.left = self.left.saturating_sub(needed);
            self.offsets.insert(Box::from(&key[..]), record.offset);
        }
        Ok(true)
    }

    /// Notes that all before `end` is known, the gap after the last batch included.
    pub(crate) fn note_end(&mut self, end: i64) {
        self.end = self.end.max(end);
    }

    /// The offset before which every key's last record is known.
    pub(crate) fn end(&self) -> i64 {
        self.end
    }

    /// Whether a later record has this key, as far as is known.
    pub(super) fn is_superseded(&self, key: &[u8], offset: i64) -> bool {
        self.offsets.get(key).is_some_and(|last| offset < *last)
    }

    /// How many keys there are.
    pub(crate) fn len(&self) -> usize {
        self.offsets.len()
    }
}
