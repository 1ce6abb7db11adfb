//! Segments as compaction sees and replaces them.

use bytes::Bytes;

use super::segment::Segment;
use super::{Log, Placement};
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
    pub(crate) fn append(&mut self, header: Header, bytes: Bytes) {
        let place = Placement {
            base_offset: header.base_offset,
            leader_epoch: header.leader_epoch,
            stamp: None,
            now: self.modified_at,
        };
        self.segment.append(&Batch { header, bytes }, place);
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
    pub(crate) fn read_segment(
        &mut self,
        base_offset: i64,
        position: usize,
        max_bytes: usize,
    ) -> Option<Vec<Bytes>> {
        let index = self.index_of(base_offset)?;
        let segment = &mut self.segments[index];
        let size = segment.size();
        Some(segment.read(position, size, max_bytes, true))
    }

    /// An empty segment that is to replace the ones from `first` on, of which `last` is the last.
    pub(crate) fn cleaned_segment(
        &self,
        first: &SegmentInfo,
        last: &SegmentInfo,
    ) -> CleanedSegment {
        let modified_at = last.modified_at;
        CleanedSegment {
            segment: Segment::new(first.base_offset, &self.layout, modified_at),
            modified_at,
        }
    }

    /// Puts a cleaned segment in the place of the ones it was made of; false when they are not
    /// there any more, as after a deletion.
    pub(crate) fn replace(&mut self, group: &[SegmentInfo], cleaned: CleanedSegment) -> bool {
        let first = group
            .first()
            .and_then(|first| self.index_of(first.base_offset));
        let Some(first) = first else {
            return false;
        };
        let range = first..first + group.len();
        let is_same = self.segments.get(range.clone()).is_some_and(|segments| {
            let bases = segments.iter().map(Segment::base_offset);
            bases.eq(group.iter().map(|info| info.base_offset))
        });
        // The active segment is never replaced.
        if !is_same || range.end >= self.segments.len() {
            return false;
        }
        self.segments.splice(range, [cleaned.segment]);
        true
    }

    fn index_of(&self, base_offset: i64) -> Option<usize> {
        let found = self
            .segments
            .binary_search_by_key(&base_offset, Segment::base_offset);
        found.ok()
    }
}
