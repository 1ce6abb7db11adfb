//! The log of one partition: batches in offset order, in memory.
//!
//! A log is a row of segments, so that retention and compaction can drop or replace whole
//! segments, and a segment on disk can stand where one in memory stands. Offsets are assigned by
//! the caller (the partition), which also synchronises access.

mod segment;
mod slabs;

use bytes::Bytes;

pub(crate) use segment::Placement;
use segment::Segment;

use crate::batch::Batch;

/// How a log lays out its segments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LogLayout {
    /// Bytes at which a new segment begins (`segment.bytes`).
    pub(crate) segment_bytes: usize,
    /// Bytes between two index entries (`index.interval.bytes`).
    pub(crate) index_interval_bytes: usize,
}

impl Default for LogLayout {
    fn default() -> Self {
        Self {
            segment_bytes: 1 << 30,
            index_interval_bytes: 4096,
        }
    }
}

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

    /// Bytes of all batches.
    pub(crate) fn size(&self) -> usize {
        self.segments.iter().map(Segment::size).sum()
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
        let size = batch.bytes.len();
        let segment_bytes = self.layout.segment_bytes;
        let room = self
            .segments
            .last()
            .is_some_and(|s| s.has_room(size, last_offset, segment_bytes));
        if !room {
            self.segments.push(Segment::new(
                place.base_offset,
                self.layout.index_interval_bytes,
            ));
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

    /// The first batch that holds a record at or after `timestamp` (milliseconds since 1970).
    pub(crate) fn batch_at_time(&mut self, timestamp: i64) -> Option<Bytes> {
        let start = self.start_offset;
        let mut segments = self.segments.iter_mut();
        let segment = segments.find(|segment| segment.max_timestamp() >= timestamp)?;
        segment.batch_at_time(timestamp, start)
    }

    /// The first batch with the largest timestamp of the log.
    pub(crate) fn batch_of_max_time(&mut self) -> Option<Bytes> {
        let max = self.segments.iter().map(Segment::max_timestamp).max()?;
        self.batch_at_time(max)
    }
}

#[cfg(test)]
mod tests;
