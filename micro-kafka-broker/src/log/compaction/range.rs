//! Which part of a log is to be compacted.

use crate::log::SegmentInfo;
use crate::meta::Cleanup;

/// The part of a log that has not been compacted and can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DirtyRange {
    /// The first offset that has not been compacted.
    pub(crate) from: i64,
    /// Where it ends: the first segment that stays as it is.
    pub(crate) end: i64,
    /// Bytes of the segments before it.
    clean_bytes: usize,
    /// Bytes of its segments.
    dirty_bytes: usize,
    /// Whether a record in it should have been compacted by now (`max.compaction.lag.ms`).
    is_overdue: bool,
}

/// A log as compaction sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LogSpan {
    /// Its first offset.
    pub(crate) start: i64,
    /// The offset up to which it has been compacted.
    pub(crate) compacted_to: i64,
    /// Where the oldest open transaction begins, or the end.
    pub(crate) stable_end: i64,
    /// The offset after its last record.
    pub(crate) end: i64,
}

impl DirtyRange {
    /// The range of a log with these segments, the active one last.
    pub(crate) fn of(
        segments: &[SegmentInfo],
        span: LogSpan,
        cleanup: &Cleanup,
        now: i64,
    ) -> Option<Self> {
        let (active, closed) = segments.split_last()?;
        let is_known = (span.start..=span.end).contains(&span.compacted_to);
        let from = if is_known {
            span.compacted_to
        } else {
            span.start
        };
        let dirty = closed.iter().filter(|segment| segment.end_offset > from);
        let too_new = now.saturating_sub(cleanup.min_lag_ms);
        let fresh = dirty
            .clone()
            .find(|segment| cleanup.min_lag_ms > 0 && segment.largest_timestamp > too_new);
        let bound = fresh.map_or(active.base_offset, |segment| segment.base_offset);
        let bound = bound.min(span.stable_end).max(from);
        // The segment with the bound stays whole, whatever of it lies before.
        let reaching = closed.iter().find(|segment| segment.end_offset > bound);
        let end = reaching.map_or(active.base_offset, |segment| segment.base_offset);
        let until = now.saturating_sub(cleanup.max_lag_ms);
        let begun = dirty.clone().filter_map(|segment| segment.first_timestamp);
        let bytes = |wanted: &dyn Fn(&SegmentInfo) -> bool| {
            let wanted = closed.iter().filter(|segment| wanted(segment));
            wanted.map(|segment| segment.size).sum()
        };
        Some(Self {
            from,
            end,
            clean_bytes: bytes(&|segment| segment.base_offset < from),
            dirty_bytes: bytes(&|segment| segment.end_offset > from && segment.base_offset < end),
            is_overdue: begun
                .filter(|millis| *millis > 0)
                .any(|millis| millis < until),
        })
    }

    /// The dirty share of what can be compacted, from 0 to 1.
    pub(crate) fn ratio(&self) -> f64 {
        let total = self.clean_bytes + self.dirty_bytes;
        match total {
            0 => 0.0,
            #[expect(clippy::cast_precision_loss, reason = "a ratio need not be exact")]
            total => self.dirty_bytes as f64 / total as f64,
        }
    }

    /// Whether it is time to compact it.
    pub(crate) fn is_due(&self, cleanup: &Cleanup) -> bool {
        self.dirty_bytes > 0 && (self.is_overdue || self.ratio() > cleanup.min_dirty_ratio)
    }
}

#[cfg(test)]
#[path = "range_tests.rs"]
mod tests;
