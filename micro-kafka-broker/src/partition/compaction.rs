//! Compacting a partition while it is written to and read.
//!
//! The lock is held for one chunk of a read and for each swap of segments; everything between is
//! done on what was read. Segments that vanish meanwhile, because a client deletes records or the
//! topic, end the run.

use std::collections::HashMap;
use std::fmt;

use bytes::{Bytes, BytesMut};

use super::Partition;
use super::core::Core;
use crate::batch::Header;
use crate::log::compaction::{
    DirtyRange, Filter, FilterRules, GroupLimit, Kept, LastOfProducer, LastOffsets, LogSpan,
    grouped,
};
use crate::log::{AbortedEntry, CleanedSegment, SegmentInfo, StorageError};
use crate::meta::{Cleanup, TopicSettings};

/// Bytes that are read at a time.
const CHUNK: usize = 1 << 20;

/// How a run goes.
#[derive(Clone, Copy)]
pub(crate) struct CompactionRun<'a> {
    /// The topic's settings.
    pub(crate) settings: &'a TopicSettings,
    /// The time, in milliseconds since 1970.
    pub(crate) now_millis: i64,
    /// Bytes for the offsets of keys (`log.cleaner.dedupe.buffer.size`).
    pub(crate) key_bytes: usize,
    /// Whether the run is to end early.
    pub(crate) is_stopped: &'a (dyn Fn() -> bool + Sync),
}

impl fmt::Debug for CompactionRun<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompactionRun")
            .field("settings", self.settings)
            .field("now_millis", &self.now_millis)
            .field("key_bytes", &self.key_bytes)
            .finish_non_exhaustive()
    }
}

/// What a run has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Compacted {
    /// The offset up to which the partition is compacted.
    pub(crate) end: i64,
    /// How many keys the range had.
    pub(crate) keys: usize,
    /// Bytes of the segments before.
    pub(crate) bytes_before: usize,
    /// Bytes of the segments after.
    pub(crate) bytes_after: usize,
    /// Batches that could not be read and were left as they are; the first one's offset.
    pub(crate) unreadable: Option<i64>,
}

/// Why a run did not come to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum CompactionError {
    /// The segments were deleted, or the broker stops.
    #[error("the compaction was interrupted")]
    Interrupted,
    /// Segments cannot be read, or cleaned ones not written.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

use CompactionError::Interrupted;

impl Partition {
    /// The part of the partition that can be compacted.
    pub(crate) fn dirty_range(&self, cleanup: &Cleanup, now_millis: i64) -> Option<DirtyRange> {
        let core = self.core.lock();
        DirtyRange::of(&core.log.segments(), core.span(), cleanup, now_millis)
    }

    /// Compacts a range found before.
    ///
    /// # Errors
    /// [`CompactionError`]; what was swapped until then stays compacted.
    pub(crate) fn compact(
        &self,
        range: &DirtyRange,
        run: CompactionRun<'_>,
    ) -> Result<Compacted, CompactionError> {
        let last_offsets = self.last_offsets(range, &run)?;
        let (segments, aborted, last_writes) = {
            let core = self.core.lock();
            let segments = core.log.segments();
            // The active segment is not among them, since the range ends before it.
            let cleaned = segments.into_iter();
            let cleaned = cleaned.take_while(|s| s.base_offset < last_offsets.end().min(range.end));
            let cleaned: Vec<_> = cleaned.collect();
            let first = cleaned.first().map_or(0, |segment| segment.base_offset);
            let aborted = core.transactions.aborted_since(first);
            (cleaned, aborted, core.producers.last_writes())
        };
        let mut outcome = Compacted {
            end: last_offsets.end(),
            keys: last_offsets.len(),
            ..Compacted::default()
        };
        let work = Work {
            run: &run,
            last_offsets: &last_offsets,
            last_writes: &last_writes,
            range_end: range.end,
        };
        self.clean(&segments, aborted, &work, &mut outcome)?;
        self.core.lock().compacted_to = outcome.end;
        Ok(outcome)
    }

    /// The last offsets of the keys in the range, or in as much of it as memory allows.
    fn last_offsets(
        &self,
        range: &DirtyRange,
        run: &CompactionRun<'_>,
    ) -> Result<LastOffsets, CompactionError> {
        let (segments, aborted) = {
            let core = self.core.lock();
            let segments = core.log.segments().into_iter();
            let dirty = segments.filter(|s| s.end_offset > range.from && s.base_offset < range.end);
            let dirty: Vec<_> = dirty.collect();
            let first = dirty
                .first()
                .map_or(range.from, |segment| segment.base_offset);
            (dirty, core.transactions.aborted_since(first))
        };
        let mut last_offsets = LastOffsets::new(range.from, aborted, run.key_bytes);
        for segment in &segments {
            let mut has_room = true;
            self.each_batch(segment, run, |header, batch| {
                has_room = has_room && last_offsets.note(&header, batch);
                Ok(has_room)
            })?;
            if !has_room {
                break;
            }
            last_offsets.note_end(segment.end_offset);
        }
        Ok(last_offsets)
    }

    /// Filters the segments and swaps them, group by group.
    fn clean(
        &self,
        segments: &[SegmentInfo],
        aborted: Vec<AbortedEntry>,
        work: &Work<'_>,
        outcome: &mut Compacted,
    ) -> Result<(), CompactionError> {
        let layout = &work.run.settings.layout;
        let limit = GroupLimit {
            bytes: layout.segment_bytes,
            index_bytes: layout.max_index_bytes,
        };
        let mut filter = work.filter(aborted);
        for group in grouped(segments, limit) {
            let cleaned = self.clean_group(group, &mut filter, work, outcome);
            if cleaned.is_err() {
                self.core.lock().log.discard_cleaned(group);
            }
            cleaned?;
        }
        Ok(())
    }

    fn clean_group(
        &self,
        group: &[SegmentInfo],
        filter: &mut Filter<'_>,
        work: &Work<'_>,
        outcome: &mut Compacted,
    ) -> Result<(), CompactionError> {
        let (Some(first), Some(last)) = (group.first(), group.last()) else {
            return Ok(());
        };
        let mut cleaned = self.core.lock().log.cleaned_segment(first, last)?;
        for segment in group {
            outcome.bytes_before += segment.size;
            self.each_batch(segment, work.run, |header, batch| {
                if !put(filter, &mut cleaned, header, batch)? {
                    outcome.unreadable.get_or_insert(header.base_offset);
                }
                Ok(true)
            })?;
        }
        cleaned.finish()?;
        outcome.bytes_after += cleaned.size();
        let range = first.base_offset..last.end_offset;
        let kept = filter.aborted_so_far().iter();
        let kept = kept.filter(|entry| range.contains(&entry.last_offset));
        let kept: Vec<_> = kept.copied().collect();
        let mut core = self.core.lock();
        if !core.log.replace(group, cleaned, &kept)? {
            return Err(Interrupted);
        }
        core.transactions.retain_aborted(range, &kept);
        Ok(())
    }

    /// Reads a segment batch by batch until the visitor returns false.
    fn each_batch(
        &self,
        segment: &SegmentInfo,
        run: &CompactionRun<'_>,
        mut visit: impl FnMut(Header, &Bytes) -> Result<bool, StorageError>,
    ) -> Result<(), CompactionError> {
        let mut position = 0;
        while position < segment.size {
            if (run.is_stopped)() {
                return Err(Interrupted);
            }
            let read = self
                .core
                .lock()
                .log
                .read_segment(segment.base_offset, position, CHUNK);
            let mut chunk = joined(read?.ok_or(Interrupted)?);
            if chunk.is_empty() {
                return Err(Interrupted);
            }
            position += chunk.len();
            while let Ok(header) = Header::read(&chunk) {
                let size = header.size().filter(|size| *size <= chunk.len());
                let batch = chunk.split_to(size.ok_or(Interrupted)?);
                if !visit(header, &batch)? {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

/// What holds for a whole run of cleaning.
struct Work<'a> {
    run: &'a CompactionRun<'a>,
    last_offsets: &'a LastOffsets,
    last_writes: &'a HashMap<i64, LastOfProducer>,
    range_end: i64,
}

impl<'a> Work<'a> {
    fn filter(&self, aborted: Vec<AbortedEntry>) -> Filter<'a> {
        let rules = FilterRules {
            now: self.run.now_millis,
            delete_retention_ms: self.run.settings.cleanup.delete_retention_ms,
            range_end: self.range_end,
        };
        Filter::new(self.last_offsets, self.last_writes, aborted, rules)
    }
}

impl Core {
    fn span(&self) -> LogSpan {
        LogSpan {
            start: self.log.start_offset(),
            compacted_to: self.compacted_to,
            stable_end: self.last_stable_offset(),
            end: self.log.end_offset(),
        }
    }
}

/// Puts what is left of a batch into the cleaned segment; false for an unreadable one, which
/// stays as it is.
fn put(
    filter: &mut Filter<'_>,
    cleaned: &mut CleanedSegment,
    header: Header,
    batch: &Bytes,
) -> Result<bool, StorageError> {
    let kept = filter.pass(&header, batch);
    let is_read = kept.is_ok();
    match kept {
        Ok(Kept::Nothing) => {}
        Ok(Kept::Instead(bytes)) => {
            if let Ok(header) = Header::read(&bytes) {
                cleaned.append(header, bytes)?;
            }
        }
        // A copy, so that nothing of the old segment stays in memory.
        Ok(Kept::Whole) | Err(_) => cleaned.append(header, Bytes::copy_from_slice(batch))?,
    }
    Ok(is_read)
}

fn joined(slices: Vec<Bytes>) -> Bytes {
    match <[Bytes; 1]>::try_from(slices) {
        Ok([whole]) => whole,
        Err(slices) => {
            let mut joined = BytesMut::with_capacity(slices.iter().map(Bytes::len).sum());
            for slice in slices {
                joined.extend_from_slice(&slice);
            }
            joined.freeze()
        }
    }
}

#[cfg(test)]
#[path = "compaction_properties.rs"]
mod properties;
#[cfg(test)]
#[path = "compaction_tests.rs"]
mod tests;
