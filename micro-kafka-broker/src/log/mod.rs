//! The log of one partition: batches in offset order, in memory.
//!
//! A log is a row of segments, so that retention and compaction can drop or replace whole
//! segments, and a segment on disk can stand where one in memory stands. Offsets are assigned by
//! the caller (the partition), which also synchronises access.

mod cleaning;
pub(crate) mod compaction;
mod layout;
mod retention;
mod segment;
mod slabs;

use bytes::Bytes;

pub(crate) use cleaning::{CleanedSegment, SegmentInfo};
pub(crate) use layout::LogLayout;
pub(crate) use retention::Retention;
pub(crate) use segment::Placement;
use segment::Segment;

use crate::batch::Batch;

/// What a read may return.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReadLimit {
    /// Batches from this offset on are not returned.
    pub(crate) up_to: i64,
    /// Most bytes.
    pub(crate) max_bytes: usize,
    /// Whether the first batch is returned even if it is larger than `max_bytes`.
    pub(crate) at_least_one: bool,
}

/// Batches in offset order.
#[derive(Debug)]
pub(crate) struct Log {
    layout: LogLayout,
    segments: Vec<Segment>,
    start_offset: i64,
    end_offset: i64,
}

impl Log {
    /// An empty log that begins at offset 0.
    pub(crate) fn new(layout: LogLayout) -> Self {
        Self {
            layout,
            segments: Vec::new(),
            start_offset: 0,
            end_offset: 0,
        }
    }

    /// The first offset that can be read.
    pub(crate) fn start_offset(&self) -> i64 {
        self.start_offset
    }

    /// The offset after the last record.
    pub(crate) fn end_offset(&self) -> i64 {
        self.end_offset
    }

    /// Changes the layout of what is appended from now on.
    pub(crate) fn set_layout(&mut self, layout: LogLayout) {
        self.layout = layout;
    }

    /// Appends a checked batch as it is, patched with its place.
    ///
    /// `place.base_offset` is not below [`Log::end_offset`].
    pub(crate) fn append(&mut self, batch: &Batch, place: Placement) {
        let last_offset = place.base_offset + i64::from(batch.header.last_offset_delta);
        let active = self.segments.last();
        if active.is_none_or(|active| active.is_full_for(batch, &place, &self.layout)) {
            self.segments
                .push(Segment::new(place.base_offset, &self.layout, place.now));
        }
        if let Some(segment) = self.segments.last_mut() {
            segment.append(batch, place);
        }
        self.end_offset = last_offset + 1;
    }

    /// Whole batches, the first of which contains `offset` or is the next after it.
    ///
    /// A read ends at the end of a segment; empty at the end of the log.
    pub(crate) fn read(&mut self, offset: i64, limit: ReadLimit) -> Vec<Bytes> {
        let after = self
            .segments
            .partition_point(|segment| segment.base_offset() <= offset);
        for segment in &mut self.segments[after.saturating_sub(1)..] {
            let from = segment.position_of(offset);
            let to = match limit.up_to >= self.end_offset {
                true => segment.size(),
                false => segment.position_of(limit.up_to),
            };
            if from < segment.size() {
                return segment.read(from, to, limit.max_bytes, limit.at_least_one);
            }
        }
        Vec::new()
    }

    /// The first batch that ends at or after `offset` and claims to hold a record at or after
    /// `timestamp` (milliseconds since 1970).
    pub(crate) fn batch_at_time(&mut self, timestamp: i64, offset: i64) -> Option<Bytes> {
        let offset = offset.max(self.start_offset);
        let after = self.segments.partition_point(|s| s.base_offset() <= offset);
        let segments = &mut self.segments[after.saturating_sub(1)..];
        let mut late = segments
            .iter_mut()
            .filter(|s| s.max_timestamp() >= timestamp);
        late.find_map(|segment| segment.batch_at_time(timestamp, offset))
    }

    /// The largest timestamp of the log.
    pub(crate) fn max_timestamp(&self) -> Option<i64> {
        self.segments.iter().map(Segment::max_timestamp).max()
    }
}

#[cfg(test)]
mod tests;
