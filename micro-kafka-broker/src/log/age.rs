//! How old a segment is.

use std::fs::File;
use std::time::UNIX_EPOCH;

use super::LogLayout;

/// What a segment's age counts from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Age {
    /// The largest timestamp of the first batch, in milliseconds since 1970.
    pub(super) first_timestamp: Option<i64>,
    /// When it was last appended to, for batches without timestamps.
    pub(super) modified_at: i64,
    /// When it was first appended to.
    begun_at: i64,
    /// How much earlier than others this segment is full by age.
    jitter_ms: i64,
}

impl Age {
    /// The age of an empty segment: it begins with the first append.
    pub(super) fn new(layout: &LogLayout) -> Self {
        Self {
            first_timestamp: None,
            modified_at: 0,
            begun_at: 0,
            jitter_ms: layout.jitter(),
        }
    }

    /// The age of a segment in a file.
    pub(super) fn of_file(file: &File, layout: &LogLayout, first_timestamp: Option<i64>) -> Self {
        let modified = file.metadata().and_then(|metadata| metadata.modified());
        let since = modified
            .ok()
            .and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        let millis = since.and_then(|since| i64::try_from(since.as_millis()).ok());
        let at = millis.unwrap_or(0);
        Self {
            first_timestamp,
            modified_at: at,
            begun_at: at,
            ..Self::new(layout)
        }
    }

    /// Notes an append; of the first batch its timestamp.
    pub(super) fn note(&mut self, timestamp: i64, now: i64) {
        if self.first_timestamp.is_none() {
            self.first_timestamp = Some(timestamp);
            self.begun_at = now;
        }
        self.modified_at = now;
    }

    /// Whether records of `newest` come too late for the segment.
    pub(super) fn is_over(&self, newest: i64, now: i64, layout: &LogLayout) -> bool {
        let age = match self.first_timestamp {
            Some(first @ 0..) => newest.saturating_sub(first),
            _ => now.saturating_sub(self.begun_at),
        };
        age > layout.segment_ms - self.jitter_ms
    }
}
