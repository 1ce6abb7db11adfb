//! The bytes of what is due next, within a limit: what is due latest goes first.

use std::collections::BTreeMap;

use super::index::Waiting;
use crate::client::Slot;
use crate::record::{OwnedRecord, Record};

/// What a record takes beside its bytes.
const OVERHEAD: usize = 256;

/// Records by the time they are due at.
#[derive(Debug)]
pub(super) struct Cache {
    records: BTreeMap<(i64, Slot, i64), (OwnedRecord, usize)>,
    bytes: usize,
    limit: usize,
}

/// What a record takes in memory.
pub(super) fn weight(record: &Record) -> u32 {
    let bytes = |bytes: Option<&[u8]>| bytes.map_or(0, <[u8]>::len);
    let headers = record.headers();
    let headers = headers.map(|header| header.raw_name.len() + bytes(header.value) + 48);
    let all = OVERHEAD + bytes(record.key()) + bytes(record.payload()) + headers.sum::<usize>();
    u32::try_from(all).unwrap_or(u32::MAX)
}

fn key(waiting: &Waiting) -> (i64, Slot, i64) {
    (waiting.due, waiting.slot, waiting.offset)
}

impl Cache {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            records: BTreeMap::new(),
            bytes: 0,
            limit,
        }
    }

    /// Whether there is room for so many bytes more of a record due at that time.
    pub(super) fn takes(&self, due: i64, bytes: u32) -> bool {
        let last = self.records.last_key_value();
        self.bytes + bytes as usize <= self.limit
            || last.is_some_and(|((latest, ..), _)| due < *latest)
    }

    /// Keeps a record, unless all others are due before it and there is no room; one that is alone
    /// is kept whatever its size.
    pub(super) fn put(&mut self, waiting: &Waiting, record: OwnedRecord) {
        let bytes = waiting.bytes as usize;
        drop(self.take(waiting));
        self.records.insert(key(waiting), (record, bytes));
        self.bytes += bytes;
        while self.bytes > self.limit && self.records.len() > 1 {
            let Some((_, (_, bytes))) = self.records.pop_last() else {
                return;
            };
            self.bytes -= bytes;
        }
    }

    pub(super) fn has(&self, waiting: &Waiting) -> bool {
        self.records.contains_key(&key(waiting))
    }

    /// Hands a record out.
    pub(super) fn take(&mut self, waiting: &Waiting) -> Option<OwnedRecord> {
        let (record, bytes) = self.records.remove(&key(waiting))?;
        self.bytes -= bytes;
        Some(record)
    }

    /// Drops what is of that partition.
    pub(super) fn revoke(&mut self, slot: Slot) {
        self.records.retain(|(_, of, _), _| *of != slot);
        self.bytes = self.records.values().map(|(_, bytes)| *bytes).sum();
    }

    /// How many records it has.
    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    /// Half of the limit: what is got back at once.
    pub(super) fn portion(&self) -> usize {
        self.limit / 2
    }

    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::super::index::Index;
    use super::*;

    #[test]
    fn what_is_due_latest_makes_room() {
        let mut index = Index::default();
        index.assign(0, 0);
        let mut cache = Cache::new(30);
        let mut put = |cache: &mut Cache, offset: i64, due: i64, bytes: u32| {
            let id = offset.to_string();
            let waiting = index.insert(0, offset, &id, due, bytes).unwrap();
            cache.put(&waiting, OwnedRecord::new("t", 0, offset));
            waiting
        };
        let late = put(&mut cache, 0, 90, 10);
        let soon = put(&mut cache, 1, 10, 10);
        let middle = put(&mut cache, 2, 50, 10);
        assert!(cache.has(&late) && !cache.takes(95, 1) && cache.takes(80, 1));
        let next = put(&mut cache, 3, 20, 10);
        assert!(!cache.has(&late) && cache.has(&soon) && cache.has(&middle) && cache.has(&next));
        let large = put(&mut cache, 4, 5, 100);
        assert!(cache.has(&large) && !cache.has(&soon), "alone, but there");
        assert_eq!(cache.bytes(), 100);
        assert_eq!(cache.take(&large).map(|record| record.offset), Some(4));
        assert_eq!(cache.bytes(), 0);
    }
}
