//! A stretch of the log with its indexes.

use bytes::Bytes;

use super::slabs::Slabs;
use super::{LogLayout, SegmentInfo};
use crate::batch::{Batch, HEADER_LEN, Header, patch_log_append_time, patch_prefix};

/// Bodies from this size on are shared with the request they came in instead of copied.
const SHARE_FROM: usize = 256 << 10;

/// Where a batch begins; one entry every `index.interval.bytes`.
#[derive(Debug, Clone, Copy)]
struct IndexEntry {
    relative_offset: u32,
    position: u32,
}

/// The largest timestamp so far, and the first offset of the batch that has it.
#[derive(Debug, Clone, Copy)]
struct TimeEntry {
    timestamp: i64,
    relative_offset: u32,
}

/// What the leader decides about a batch it appends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Placement {
    /// Offset of the first record.
    pub(crate) base_offset: i64,
    /// The leader's epoch.
    pub(crate) leader_epoch: i32,
    /// The broker's time in milliseconds since 1970, where it replaces the producer's.
    pub(crate) stamp: Option<i64>,
    /// When it is appended, in milliseconds since 1970.
    pub(crate) now: i64,
}

#[derive(Debug)]
pub(super) struct Segment {
    base_offset: i64,
    slabs: Slabs,
    index: Vec<IndexEntry>,
    times: Vec<TimeEntry>,
    index_interval: usize,
    max_timestamp: i64,
    /// The largest timestamp of the first batch, from which the segment's age counts.
    first_timestamp: Option<i64>,
    created_at: i64,
    /// When it was last appended to, for batches without timestamps.
    modified_at: i64,
    /// How much earlier than others this segment is full by age.
    jitter_ms: i64,
}

impl Segment {
    pub(super) fn new(base_offset: i64, layout: &LogLayout, now: i64) -> Self {
        Self {
            base_offset,
            slabs: Slabs::default(),
            index: Vec::new(),
            times: Vec::new(),
            index_interval: layout.index_interval_bytes,
            max_timestamp: -1,
            first_timestamp: None,
            created_at: now,
            modified_at: now,
            jitter_ms: layout.jitter(),
        }
    }

    pub(super) fn base_offset(&self) -> i64 {
        self.base_offset
    }

    pub(super) fn size(&self) -> usize {
        self.slabs.len()
    }

    pub(super) fn max_timestamp(&self) -> i64 {
        self.max_timestamp
    }

    /// The largest timestamp, or the time of the last append where no batch has one.
    pub(super) fn largest_timestamp(&self) -> i64 {
        match self.max_timestamp {
            ..0 => self.modified_at,
            known => known,
        }
    }

    /// What compaction must know; the segment ends before `end_offset`.
    pub(super) fn info(&self, end_offset: i64) -> SegmentInfo {
        SegmentInfo {
            base_offset: self.base_offset,
            end_offset,
            size: self.size(),
            index_bytes: self.index_bytes(),
            first_timestamp: self.first_timestamp,
            largest_timestamp: self.largest_timestamp(),
            modified_at: self.modified_at,
        }
    }

    /// Whether a batch belongs into a new segment: by size, by age or by its offsets.
    pub(super) fn is_full_for(&self, batch: &Batch, place: &Placement, layout: &LogLayout) -> bool {
        if self.size() == 0 {
            return false;
        }
        let limit = layout.segment_bytes.min(i32::MAX.unsigned_abs() as usize);
        let last_offset = place.base_offset + i64::from(batch.header.last_offset_delta);
        let newest = place.stamp.unwrap_or(batch.header.max_timestamp);
        let age = match self.first_timestamp {
            Some(first @ 0..) => newest.saturating_sub(first),
            _ => place.now.saturating_sub(self.created_at),
        };
        self.size() + batch.bytes.len() > limit
            || age > layout.segment_ms - self.jitter_ms
            || self.index_bytes() >= layout.max_index_bytes
            || i32::try_from(last_offset - self.base_offset).is_err()
    }

    /// Bytes of the larger index in Kafka's format, which has 8 a batch position and 12 a time.
    fn index_bytes(&self) -> usize {
        (self.index.len() * 8).max(self.times.len() * 12)
    }

    pub(super) fn append(&mut self, batch: &Batch, place: Placement) {
        let position = self.size();
        let relative_offset =
            u32::try_from(place.base_offset - self.base_offset).unwrap_or(u32::MAX);
        self.index_batch(position, relative_offset);
        let timestamp = place.stamp.unwrap_or(batch.header.max_timestamp);
        self.note_timestamp(timestamp, relative_offset);
        self.first_timestamp.get_or_insert(timestamp);
        self.modified_at = place.now;
        if let Some(stamp) = place.stamp {
            let mut bytes = batch.bytes.to_vec();
            patch_log_append_time(&mut bytes, stamp);
            patch_prefix(&mut bytes, place.base_offset, place.leader_epoch);
            return self.slabs.append(&bytes);
        }
        let (header, body) = batch.bytes.split_at(HEADER_LEN);
        let mut patched = [0; HEADER_LEN];
        patched.copy_from_slice(header);
        patch_prefix(&mut patched, place.base_offset, place.leader_epoch);
        self.slabs.append(&patched);
        if body.len() >= SHARE_FROM {
            self.slabs.append_shared(batch.bytes.slice(HEADER_LEN..));
        } else {
            self.slabs.append(body);
        }
    }

    fn index_batch(&mut self, position: usize, relative_offset: u32) {
        let position = u32::try_from(position).unwrap_or(u32::MAX);
        let due = match self.index.last() {
            Some(last) => (position - last.position) as usize > self.index_interval,
            None => true,
        };
        if due {
            self.index.push(IndexEntry {
                relative_offset,
                position,
            });
        }
    }

    fn note_timestamp(&mut self, timestamp: i64, relative_offset: u32) {
        if timestamp <= self.max_timestamp {
            return;
        }
        self.max_timestamp = timestamp;
        // One entry per index entry is enough to begin a scan from.
        let indexed = self.index.last().map_or(0, |entry| entry.relative_offset);
        match self.times.last() {
            Some(last) if last.relative_offset >= indexed => {}
            _ => self.times.push(TimeEntry {
                timestamp,
                relative_offset,
            }),
        }
    }

    fn header_at(&self, position: usize) -> Option<Header> {
        let mut bytes = [0; HEADER_LEN];
        if !self.slabs.copy_at(position, &mut bytes) {
            return None;
        }
        Header::read(&bytes).ok()
    }

    /// Batches from `position` on, with their positions.
    fn headers_from(&self, position: usize) -> impl Iterator<Item = (usize, Header)> + '_ {
        let mut next = position;
        std::iter::from_fn(move || {
            let at = next;
            let header = self.header_at(at)?;
            next = at + header.size()?;
            Some((at, header))
        })
    }

    /// Position of the first batch that ends at or after `offset`, or of the segment's end.
    pub(super) fn position_of(&self, offset: i64) -> usize {
        let relative = offset.saturating_sub(self.base_offset);
        let after = self
            .index
            .partition_point(|e| i64::from(e.relative_offset) <= relative);
        let from = after
            .checked_sub(1)
            .map_or(0, |i| self.index[i].position as usize);
        let mut headers = self.headers_from(from);
        headers
            .find(|(_, header)| header.last_offset() >= offset)
            .map_or(self.size(), |(at, _)| at)
    }

    /// The end of the last whole batch that ends at or before `limit`; `from` begins a batch.
    fn boundary_before(&self, from: usize, limit: usize) -> usize {
        if limit >= self.size() {
            return self.size();
        }
        let after = self.index.partition_point(|e| e.position as usize <= limit);
        let indexed = after
            .checked_sub(1)
            .map_or(0, |i| self.index[i].position as usize);
        let mut boundary = indexed.max(from);
        for (at, header) in self.headers_from(boundary) {
            let end = at + header.size().unwrap_or(0);
            if end > limit {
                break;
            }
            boundary = end;
        }
        boundary
    }

    /// Whole batches from position `from` and before position `to`, at most `max_bytes`.
    ///
    /// With `at_least_one`, the first batch is returned even when it is larger.
    pub(super) fn read(
        &mut self,
        from: usize,
        to: usize,
        max_bytes: usize,
        at_least_one: bool,
    ) -> Vec<Bytes> {
        let limit = to.min(from.saturating_add(max_bytes));
        let mut end = self.boundary_before(from, limit);
        if end <= from && at_least_one && from < to {
            end = self
                .header_at(from)
                .and_then(|h| h.size())
                .map_or(from, |size| from + size);
        }
        if end <= from {
            return Vec::new();
        }
        self.slabs.slices(from, end)
    }

    /// The first batch from `offset` on that has a timestamp of at least `timestamp`.
    pub(super) fn batch_at_time(&mut self, timestamp: i64, offset: i64) -> Option<Bytes> {
        let before = self
            .times
            .partition_point(|entry| entry.timestamp < timestamp);
        let from = before
            .checked_sub(1)
            .map_or(0, |i| i64::from(self.times[i].relative_offset));
        let position = self.position_of(offset.max(self.base_offset + from));
        let mut headers = self.headers_from(position);
        let (at, header) = headers.find(|(_, header)| header.max_timestamp >= timestamp)?;
        drop(headers);
        let slices = self.slabs.slices(at, at + header.size()?);
        Some(match <[Bytes; 1]>::try_from(slices) {
            Ok([whole]) => whole,
            Err(parts) => parts.concat().into(),
        })
    }
}
