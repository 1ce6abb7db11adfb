//! Segments as compaction sees and replaces them.

use bytes::Bytes;

use super::segment::Segment;
use super::{AbortedEntry, Log, Placement, StorageError};
use crate::batch::{Batch, Header};

/// What compaction must know of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct SegmentInfo {
    /// The first offset that it may hold.
    pub(crate) base_offset: i64,
    /// Where the next segment begins, or the log ends.
    pub(crate) end_offset: i64,
    /// Bytes of its batches.
    pub(crate) size: usize,
    /// Bytes of its larger index.
    pub(crate) index_bytes: usize,
    /// The largest timestamp of its first batch, in milliseconds since 1970.
    pub(crate) first_timestamp: Option<i64>,
    /// Its largest timestamp, or the time of its last append where no batch has one.
    pub(crate) largest_timestamp: i64,
    /// The time of its last append.
    pub(crate) modified_at: i64,
}

/// A segment that is going to stand for others.
#[derive(Debug)]
pub(crate) struct CleanedSegment {
    segment: Segment,
    modified_at: i64,
}

impl CleanedSegment {
    /// Appends a batch that is placed already: its offsets do not change.
    ///
    /// # Errors
    /// [`StorageError`] when it cannot be written.
    pub(crate) fn append(&mut self, header: Header, bytes: Bytes) -> Result<(), StorageError> {
        let place = Placement {
            base_offset: header.base_offset,
            leader_epoch: header.leader_epoch,
            stamp: None,
            now: self.modified_at,
        };
        self.segment.append(&[Batch { header, bytes }], place)
    }

    /// Ends the segment: on disk, everything has reached it then. This blocks.
    ///
    /// # Errors
    /// [`StorageError`] when it cannot be written.
    pub(crate) fn finish(&mut self) -> Result<(), StorageError> {
        self.segment.close();
        self.segment.flush()
    }

    /// Bytes of its batches.
    pub(crate) fn size(&self) -> usize {
        self.segment.size()
    }
}

impl Log {
    /// The segments in order, the active one last.
    pub(crate) fn segments(&self) -> Vec<SegmentInfo> {
        let next = self.segments.iter().skip(1).map(Segment::base_offset);
        let ends = next.chain([self.end_offset]);
        let infos = self.segments.iter().zip(ends);
        infos.map(|(segment, end)| segment.info(end)).collect()
    }

    /// Whole batches of the segment that begins at `base_offset`, from a position on; `None` when
    /// there is no such segment any more.
    ///
    /// # Errors
    /// [`StorageError`] when what is stored there cannot be read.
    pub(crate) fn read_segment(
        &mut self,
        base_offset: i64,
        position: usize,
        max_bytes: usize,
    ) -> Result<Option<Vec<Bytes>>, StorageError> {
        let Some(index) = self.index_of(base_offset) else {
            return Ok(None);
        };
        let segment = &mut self.segments[index];
        let size = segment.size();
        let read = segment.read(position, size, max_bytes, true)?;
        Ok(Some(read.slices))
    }

    /// An empty segment that is to replace the ones from `first` to `last`.
    ///
    /// # Errors
    /// [`StorageError`] when its files cannot be created.
    pub(crate) fn cleaned_segment(
        &self,
        first: &SegmentInfo,
        last: &SegmentInfo,
    ) -> Result<CleanedSegment, StorageError> {
        let base_offset = first.base_offset;
        let segment = match &self.dir {
            Some(dir) => Segment::create_cleaned(dir, base_offset, &self.layout)?,
            None => Segment::in_memory(base_offset, &self.layout),
        };
        Ok(CleanedSegment {
            segment,
            modified_at: last.modified_at,
        })
    }

    /// Puts a cleaned segment in the place of the ones it was made of, with the aborted
    /// transactions that ended in it; false when they are not there any more, as after a
    /// deletion.
    ///
    /// # Errors
    /// [`StorageError`] when files cannot be renamed; the next start ends what was begun.
    pub(crate) fn replace(
        &mut self,
        group: &[SegmentInfo],
        mut cleaned: CleanedSegment,
        aborted: &[AbortedEntry],
    ) -> Result<bool, StorageError> {
        let first = group
            .first()
            .and_then(|first| self.index_of(first.base_offset));
        let Some(first) = first else {
            return Ok(false);
        };
        let range = first..first + group.len();
        let is_same = self.segments.get(range.clone()).is_some_and(|segments| {
            let bases = segments.iter().map(Segment::base_offset);
            bases.eq(group.iter().map(|info| info.base_offset))
        });
        // The active segment is never replaced.
        if !is_same || range.end >= self.segments.len() {
            return Ok(false);
        }
        if let Some(dir) = &self.dir {
            let others: Vec<i64> = group[1..].iter().map(|info| info.base_offset).collect();
            dir.swap_in(group[0].base_offset, &others, aborted)?;
            cleaned.segment.moved_into(dir);
        }
        self.segments.splice(range, [cleaned.segment]);
        Ok(true)
    }

    /// Throws away what was written to replace a group: the next start could take it for the
    /// beginning of something else.
    pub(crate) fn discard_cleaned(&self, group: &[SegmentInfo]) {
        let (Some(dir), Some(first)) = (&self.dir, group.first()) else {
            return;
        };
        if let Err(error) = dir.delete_cleaned(first.base_offset) {
            tracing::warn!(%error, "a cleaned segment is left behind");
        }
    }

    fn index_of(&self, base_offset: i64) -> Option<usize> {
        let found = self
            .segments
            .binary_search_by_key(&base_offset, Segment::base_offset);
        found.ok()
    }
}

#[cfg(test)]
#[path = "cleaning_tests.rs"]
mod tests;
