//! A stretch of the log with its indexes.

mod integrity;
mod opening;

use std::fs::File;
use std::sync::Arc;

use bytes::Bytes;

use super::age::Age;
use super::disk::{IndexFiles, Kind, PartitionDir, Suffix};
use super::index::Indexes;
use super::slabs::Slabs;
use super::store::{Placed, Store};
use super::{LogLayout, ReadBatches, SegmentInfo, StorageError};
use crate::batch::{Batch, Header};

/// What the leader decides about batches it appends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Placement {
    /// Offset of the first record.
    pub(crate) base_offset: i64,
    /// The leader's epoch.
    pub(crate) leader_epoch: i32,
    /// The broker's time in milliseconds since 1970, where it replaces the producer's.
    pub(crate) stamp: Option<i64>,
    /// When they are appended, in milliseconds since 1970.
    pub(crate) now: i64,
}

/// What is about to be appended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Incoming {
    size: usize,
    end_offset: i64,
    /// The largest timestamp, in milliseconds since 1970.
    newest: i64,
    now: i64,
}

impl Incoming {
    pub(super) fn new(batches: &[Batch], place: Placement, end_offset: i64) -> Self {
        let times = batches.iter().map(|batch| batch.header.max_timestamp);
        Self {
            size: batches.iter().map(|batch| batch.bytes.len()).sum(),
            end_offset,
            newest: place.stamp.or(times.max()).unwrap_or(-1),
            now: place.now,
        }
    }
}

#[derive(Debug)]
pub(super) struct Segment {
    base_offset: i64,
    store: Store,
    indexes: Indexes,
    age: Age,
    /// Where the indexes are kept, on disk.
    index_files: Option<IndexFiles>,
    /// Whether every batch is known to be whole; otherwise each is checked when it is read.
    checked: bool,
}

impl Segment {
    /// An empty segment in memory.
    pub(super) fn in_memory(base_offset: i64, layout: &LogLayout) -> Self {
        Self {
            base_offset,
            store: Store::Memory(Slabs::default()),
            indexes: Indexes::new(layout.index_interval_bytes),
            age: Age::new(layout),
            index_files: None,
            checked: true,
        }
    }

    pub(super) fn base_offset(&self) -> i64 {
        self.base_offset
    }

    pub(super) fn size(&self) -> usize {
        self.store.len()
    }

    pub(super) fn max_timestamp(&self) -> i64 {
        self.indexes.max_timestamp()
    }

    /// The file that holds the batches, if one does.
    pub(super) fn file(&self) -> Option<Arc<File>> {
        match &self.store {
            Store::Memory(_) => None,
            Store::File(file) => Some(file.handle()),
        }
    }

    /// Waits until the batches have reached the disk.
    pub(super) fn flush(&self) -> Result<(), StorageError> {
        match &self.store {
            Store::Memory(_) => Ok(()),
            Store::File(file) => file.flush(),
        }
    }

    /// Its files have their own names now; nothing more is written to them.
    pub(super) fn moved_into(&mut self, dir: &PartitionDir) {
        if let Store::File(file) = &mut self.store {
            file.moved(dir.file(self.base_offset, Kind::Log, Suffix::None));
        }
        self.index_files = None;
    }

    /// Ends the segment: its indexes are written. What cannot be written is made again when the
    /// segment is loaded.
    pub(super) fn close(&mut self) {
        self.indexes.note_max();
        let Some(files) = &mut self.index_files else {
            return;
        };
        if let Err(error) = files.write(&self.indexes) {
            tracing::warn!(%error, "a segment's indexes cannot be written");
            files.discard();
        }
    }

    /// The largest timestamp, or the time of the last append where no batch has one.
    pub(super) fn largest_timestamp(&self) -> i64 {
        match self.max_timestamp() {
            ..0 => self.age.modified_at,
            known => known,
        }
    }

    /// What compaction must know; the segment ends before `end_offset`.
    pub(super) fn info(&self, end_offset: i64) -> SegmentInfo {
        SegmentInfo {
            base_offset: self.base_offset,
            end_offset,
            size: self.size(),
            index_bytes: self.indexes.bytes(),
            first_timestamp: self.age.first_timestamp,
            largest_timestamp: self.largest_timestamp(),
            modified_at: self.age.modified_at,
        }
    }

    /// Whether batches belong into a new segment: by size, by age or by their offsets.
    pub(super) fn is_full_for(&self, incoming: &Incoming, layout: &LogLayout) -> bool {
        let limit = layout.segment_bytes.min(i32::MAX.unsigned_abs() as usize);
        let reach = incoming.end_offset - 1 - self.base_offset;
        self.size() > 0
            && (self.size() + incoming.size > limit
                || self.age.is_over(incoming.newest, incoming.now, layout)
                || self.indexes.bytes() >= layout.max_index_bytes
                || i32::try_from(reach).is_err())
    }

    /// Appends batches one after the other, all or none.
    pub(super) fn append(
        &mut self,
        batches: &[Batch],
        place: Placement,
    ) -> Result<(), StorageError> {
        let mut base_offset = place.base_offset;
        let mut placed = Vec::with_capacity(batches.len());
        for batch in batches {
            placed.push(Placed::new(
                batch,
                base_offset,
                place.leader_epoch,
                place.stamp,
            ));
            base_offset += i64::from(batch.header.last_offset_delta) + 1;
        }
        let mut position = self.size();
        self.store.append(&placed)?;
        let mut base_offset = place.base_offset;
        for (batch, placed) in batches.iter().zip(&placed) {
            let last_offset = base_offset + i64::from(batch.header.last_offset_delta);
            let relative = u32::try_from(last_offset - self.base_offset).unwrap_or(u32::MAX);
            let timestamp = place.stamp.unwrap_or(batch.header.max_timestamp);
            self.indexes
                .note(position, placed.size(), relative, timestamp);
            self.age.note(timestamp, place.now);
            position += placed.size();
            base_offset = last_offset + 1;
        }
        Ok(())
    }

    /// Position of the first batch that ends at or after `offset`, or of the segment's end.
    pub(super) fn position_of(&self, offset: i64) -> Result<usize, StorageError> {
        let from = self
            .indexes
            .before_offset(offset.saturating_sub(self.base_offset));
        let found = self
            .store
            .walk(from)
            .find(|header| header.last_offset() >= offset)?;
        Ok(found.map_or(self.size(), |step| step.at))
    }

    /// The last offset of the first indexed batch that begins at or after a position.
    pub(super) fn indexed_from(&self, position: usize) -> Option<i64> {
        let relative = self.indexes.first_after(position)?;
        Some(self.base_offset + i64::from(relative))
    }

    /// The end of the last whole batch that ends at or before `limit`; `from` begins a batch.
    fn boundary_before(&self, from: usize, limit: usize) -> Result<usize, StorageError> {
        if limit >= self.size() {
            return Ok(self.size());
        }
        let mut boundary = self.indexes.before_position(limit).max(from);
        let mut walk = self.store.walk(boundary);
        while let Some(step) = walk.step()?.filter(|step| step.end <= limit) {
            boundary = step.end;
        }
        Ok(boundary)
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
    ) -> Result<ReadBatches, StorageError> {
        let limit = to.min(from.saturating_add(max_bytes));
        let mut end = self.boundary_before(from, limit)?;
        if end <= from && at_least_one && from < to {
            end = self.store.walk(from).step()?.map_or(from, |step| step.end);
        }
        if end <= from {
            return Ok(ReadBatches::default());
        }
        Ok(ReadBatches {
            slices: self.slices(from, end)?,
            covered: limit.max(end) - from,
        })
    }

    /// The batches between two positions; those of a file that was not checked are checked now.
    fn slices(&mut self, from: usize, to: usize) -> Result<Vec<Bytes>, StorageError> {
        let slices = self.store.read(from, to)?;
        if let ([whole], false) = (slices.as_slice(), self.checked) {
            let good = integrity::check(whole);
            if let Err((at, reason)) = good {
                // What comes before can still be served.
                return match at {
                    0 => Err(self.store.corrupt(from, reason)),
                    at => Ok(vec![whole.slice(..at)]),
                };
            }
        }
        Ok(slices)
    }

    /// Calls `visit` with every batch from `offset` on; with its bytes if it holds markers.
    pub(super) fn replay(
        &self,
        offset: i64,
        visit: &mut impl FnMut(&Header, Option<Bytes>),
    ) -> Result<(), StorageError> {
        let mut walk = self.store.walk(self.position_of(offset)?);
        while let Some(step) = walk.step()? {
            let markers = match step.header.is_control() {
                true => Some(self.store.copy(step.at, step.end)?),
                false => None,
            };
            visit(&step.header, markers);
        }
        Ok(())
    }

    /// The first batch from `offset` on that has a timestamp of at least `timestamp`.
    pub(super) fn batch_at_time(
        &mut self,
        timestamp: i64,
        offset: i64,
    ) -> Result<Option<Bytes>, StorageError> {
        let from = i64::from(self.indexes.before_time(timestamp));
        let position = self.position_of(offset.max(self.base_offset + from))?;
        let walk = self.store.walk(position);
        let Some(step) = walk.find(|header| header.max_timestamp >= timestamp)? else {
            return Ok(None);
        };
        let slices = self.slices(step.at, step.end)?;
        Ok(Some(match <[Bytes; 1]>::try_from(slices) {
            Ok([whole]) => whole,
            Err(parts) => parts.concat().into(),
        }))
    }
}
