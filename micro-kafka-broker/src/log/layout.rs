//! How a log lays out its segments.

/// When a new segment begins, and how densely segments are indexed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LogLayout {
    /// Bytes at which a new segment begins (`segment.bytes`).
    pub(crate) segment_bytes: usize,
    /// Milliseconds after which a new segment begins (`segment.ms`).
    pub(crate) segment_ms: i64,
    /// Most milliseconds by which a segment may begin earlier, at random (`segment.jitter.ms`).
    pub(crate) segment_jitter_ms: i64,
    /// Bytes between two index entries (`index.interval.bytes`).
    pub(crate) index_interval_bytes: usize,
    /// Bytes of an index at which a new segment begins (`segment.index.bytes`).
    pub(crate) max_index_bytes: usize,
}

impl Default for LogLayout {
    fn default() -> Self {
        Self {
            segment_bytes: 1 << 30,
            segment_ms: 7 * 24 * 3_600_000,
            segment_jitter_ms: 0,
            index_interval_bytes: 4096,
            max_index_bytes: 10 << 20,
        }
    }
}

impl LogLayout {
    /// A time by which one segment begins earlier than `segment.ms` says, so that not all logs
    /// begin theirs at once.
    pub(super) fn jitter(&self) -> i64 {
        let most = self.segment_jitter_ms.min(self.segment_ms);
        match most {
            ..=0 => 0,
            most => rand::random_range(0..most),
        }
    }
}
