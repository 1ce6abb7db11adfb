//! The log of one partition: batches in offset order.
//!
//! A log is a row of segments, so that retention and compaction can drop or replace whole
//! segments, and a segment on disk can stand where one in memory stands. Offsets are assigned by
//! the caller (the partition), which also synchronises access.

mod age;
mod cleaning;
pub(crate) mod compaction;
pub(crate) mod disk;
mod error;
mod flush;
mod index;
mod layout;
mod load;
mod retention;
mod segment;
mod slabs;
mod store;

use bytes::Bytes;

pub(crate) use cleaning::{CleanedSegment, SegmentInfo};
pub(crate) use disk::AbortedEntry;
use disk::{PartitionDir, ProducerEntry};
pub(crate) use error::StorageError;
pub(crate) use layout::LogLayout;
pub(crate) use load::{LogStart, Recovered};
pub(crate) use retention::Retention;
pub(crate) use segment::Placement;
use segment::{Incoming, Segment};

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

/// What a read returns.
#[derive(Debug, Default)]
pub(crate) struct ReadBatches {
    /// Whole batches, as slices in order.
    pub(crate) slices: Vec<Bytes>,
    /// The bytes that the limit covers: with the part of a batch that does not fit.
    pub(crate) covered: usize,
}

/// Batches in offset order.
#[derive(Debug)]
pub(crate) struct Log {
    layout: LogLayout,
    segments: Vec<Segment>,
    start_offset: i64,
    end_offset: i64,
    /// Where the files are, on disk.
    dir: Option<PartitionDir>,
    /// The offset before which everything has reached the disk.
    flushed: i64,
    /// Whether files have come since the directory was flushed.
    new_files: bool,
    /// A segment has begun at this offset since [`Log::take_rolled`].
    rolled: Option<i64>,
    /// What can no longer be relied on to reach the disk.
    failed: bool,
    /// An aborted transaction is missing in its index.
    aborted_missing: bool,
}

impl Log {
    /// An empty log in memory that begins at offset 0.
    pub(crate) fn new(layout: LogLayout) -> Self {
        Self {
            layout,
            segments: Vec::new(),
            start_offset: 0,
            end_offset: 0,
            dir: None,
            flushed: 0,
            new_files: false,
            rolled: None,
            failed: false,
            aborted_missing: false,
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

    /// Appends checked batches as they are, patched with their place: all or none.
    ///
    /// `place.base_offset` is not below [`Log::end_offset`]; the offsets of further batches
    /// follow. They stay together in one segment.
    ///
    /// # Errors
    /// [`StorageError`]; the log is as before then.
    pub(crate) fn append(
        &mut self,
        batches: &[Batch],
        place: Placement,
    ) -> Result<(), StorageError> {
        let deltas = batches.iter().map(|b| b.header.last_offset_delta);
        let records: i64 = deltas.map(|delta| i64::from(delta) + 1).sum();
        let end_offset = place.base_offset + records;
        if self.failed {
            return Err(self.failure());
        }
        let incoming = Incoming::new(batches, place, end_offset);
        let active = self.segments.last();
        if active.is_none_or(|active| active.is_full_for(&incoming, &self.layout)) {
            self.roll(place.base_offset)?;
        }
        if let Some(segment) = self.segments.last_mut() {
            segment.append(batches, place)?;
        }
        self.end_offset = end_offset;
        Ok(())
    }

    /// Begins a new segment.
    fn roll(&mut self, base_offset: i64) -> Result<(), StorageError> {
        let Some(dir) = &self.dir else {
            self.segments
                .push(Segment::in_memory(base_offset, &self.layout));
            return Ok(());
        };
        let next = Segment::create(dir, base_offset, &self.layout)?;
        if let Some(last) = self.segments.last_mut() {
            last.close();
        }
        self.segments.push(next);
        self.new_files = true;
        self.rolled = Some(base_offset);
        Ok(())
    }

    /// Where a segment on disk has begun since the last call: the producers' state there is to be
    /// kept.
    pub(crate) fn take_rolled(&mut self) -> Option<i64> {
        self.rolled.take()
    }

    /// Keeps the producers' state before an offset, on disk. Without it more of the log must be
    /// read at the next start.
    pub(crate) fn keep_producers(&self, offset: i64, producers: &[ProducerEntry]) {
        let Some(dir) = self.dir.as_ref().filter(|_| !self.aborted_missing) else {
            return;
        };
        // At the beginning there is nothing to be kept.
        if offset == self.start_offset {
            return;
        }
        if let Err(error) = dir.store_snapshot(offset, producers) {
            tracing::warn!(%error, "the producers' state is not kept");
        }
    }

    /// Keeps an aborted transaction, on disk, in the index of the segment with its marker.
    pub(crate) fn keep_aborted(&mut self, entry: &AbortedEntry) {
        let Some(dir) = &self.dir else { return };
        let base_offset = self.segments[self.segment_of(entry.last_offset)].base_offset();
        if let Err(error) = dir.append_aborted(base_offset, entry) {
            tracing::warn!(%error, "an aborted transaction is not kept; the log is read for it at the next start");
            self.aborted_missing = true;
        }
    }

    /// Keeps the leader epochs for the next start, if it is on disk.
    pub(crate) fn keep_epochs(&self, starts: &[(i32, i64)]) {
        let Some(dir) = &self.dir else { return };
        if let Err(error) = dir.store_epochs(starts) {
            tracing::warn!(%error, "the leader epochs are not kept");
        }
    }

    /// The segment that an offset belongs to; there must be one.
    fn segment_of(&self, offset: i64) -> usize {
        let after = self.segments.partition_point(|s| s.base_offset() <= offset);
        after.saturating_sub(1)
    }

    /// Whole batches, the first of which contains `offset` or is the next after it.
    ///
    /// A read ends at the end of a segment; empty at the end of the log.
    ///
    /// # Errors
    /// [`StorageError`] when what is stored there cannot be read.
    pub(crate) fn read(
        &mut self,
        offset: i64,
        limit: ReadLimit,
    ) -> Result<ReadBatches, StorageError> {
        let after = self
            .segments
            .partition_point(|segment| segment.base_offset() <= offset);
        for segment in &mut self.segments[after.saturating_sub(1)..] {
            let from = segment.position_of(offset)?;
            let to = match limit.up_to >= self.end_offset {
                true => segment.size(),
                false => segment.position_of(limit.up_to)?,
            };
            if from < segment.size() {
                return segment.read(from, to, limit.max_bytes, limit.at_least_one);
            }
        }
        Ok(ReadBatches::default())
    }

    /// An offset after the last of so many bytes that were read from `offset` on, as far as the
    /// index tells: that of the next entry, or the end of the segment.
    ///
    /// # Errors
    /// [`StorageError`] when what is stored there cannot be read.
    pub(crate) fn bound_of_read(&self, offset: i64, bytes: usize) -> Result<i64, StorageError> {
        let first = self.segment_of(offset);
        for (nth, segment) in self.segments.iter().enumerate().skip(first) {
            let from = segment.position_of(offset)?;
            if from < segment.size() {
                let next = self.segments.get(nth + 1).map(Segment::base_offset);
                let indexed = segment.indexed_from(from + bytes);
                return Ok(indexed.or(next).unwrap_or(self.end_offset));
            }
        }
        Ok(self.end_offset)
    }

    /// The first batch that ends at or after `offset` and claims to hold a record at or after
    /// `timestamp` (milliseconds since 1970).
    ///
    /// # Errors
    /// [`StorageError`] when what is stored there cannot be read.
    pub(crate) fn batch_at_time(
        &mut self,
        timestamp: i64,
        offset: i64,
    ) -> Result<Option<Bytes>, StorageError> {
        let offset = offset.max(self.start_offset);
        let first = self.segment_of(offset);
        for segment in self.segments.iter_mut().skip(first) {
            if segment.max_timestamp() < timestamp {
                continue;
            }
            if let Some(batch) = segment.batch_at_time(timestamp, offset)? {
                return Ok(Some(batch));
            }
        }
        Ok(None)
    }

    /// The largest timestamp of the log.
    pub(crate) fn max_timestamp(&self) -> Option<i64> {
        self.segments.iter().map(Segment::max_timestamp).max()
    }
}

#[cfg(test)]
mod disk_tests;
#[cfg(test)]
mod memory_tests;
#[cfg(test)]
mod tests;
