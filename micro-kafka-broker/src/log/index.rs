//! Where the batches of a segment lie, by offset and by time.
//!
//! Both indexes are sparse and hold what Kafka's index files hold, so that they can be written
//! and read as they are.

/// A batch of the segment; one entry every `index.interval.bytes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OffsetEntry {
    /// The batch's last offset less the segment's first one.
    pub(super) relative_offset: u32,
    /// Where the batch begins.
    pub(super) position: u32,
}

/// The largest timestamp up to an entry of the offset index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TimeEntry {
    /// The timestamp, in milliseconds since 1970.
    pub(super) timestamp: i64,
    /// The last offset of the first batch that has it, less the segment's first one.
    pub(super) relative_offset: u32,
}

/// Both indexes of a segment.
#[derive(Debug)]
pub(super) struct Indexes {
    offsets: Vec<OffsetEntry>,
    times: Vec<TimeEntry>,
    /// Bytes between two entries.
    interval: usize,
    /// Bytes since the last entry.
    since: usize,
    /// The largest timestamp of the segment, and the batch that has it.
    max: TimeEntry,
}

impl Indexes {
    /// The indexes of an empty segment.
    pub(super) fn new(interval: usize) -> Self {
        Self {
            offsets: Vec::new(),
            times: Vec::new(),
            interval,
            since: 0,
            max: TimeEntry {
                timestamp: -1,
                relative_offset: 0,
            },
        }
    }

    /// The indexes as they were written; batches from the last entry's on are noted again.
    pub(super) fn loaded(
        interval: usize,
        offsets: Vec<OffsetEntry>,
        times: Vec<TimeEntry>,
    ) -> Self {
        let empty = Self::new(interval);
        Self {
            max: times.last().copied().unwrap_or(empty.max),
            offsets,
            times,
            ..empty
        }
    }

    /// The entries by offset.
    pub(super) fn offsets(&self) -> &[OffsetEntry] {
        &self.offsets
    }

    /// The entries by time.
    pub(super) fn times(&self) -> &[TimeEntry] {
        &self.times
    }

    /// Bytes of the larger one in its file.
    pub(super) fn bytes(&self) -> usize {
        (self.offsets.len() * 8).max(self.times.len() * 12)
    }

    /// Where the last indexed batch begins.
    pub(super) fn last_position(&self) -> usize {
        self.position(self.offsets.len())
    }

    /// The segment's largest timestamp, or -1.
    pub(super) fn max_timestamp(&self) -> i64 {
        self.max.timestamp
    }

    /// Notes a batch of `size` bytes at `position`.
    pub(super) fn note(&mut self, position: usize, size: usize, relative: u32, timestamp: i64) {
        if timestamp > self.max.timestamp {
            self.max = TimeEntry {
                timestamp,
                relative_offset: relative,
            };
        }
        if self.since > self.interval {
            self.offsets.push(OffsetEntry {
                relative_offset: relative,
                position: u32::try_from(position).unwrap_or(u32::MAX),
            });
            self.note_max();
            self.since = 0;
        }
        self.since += size;
    }

    /// Adds the segment's largest timestamp to the index by time: it takes no more batches.
    pub(super) fn note_max(&mut self) {
        let last = self.times.last().map_or(-1, |entry| entry.timestamp);
        if self.max.timestamp > last {
            self.times.push(self.max);
        }
    }

    /// Where to begin a search for the batch with an offset.
    pub(super) fn before_offset(&self, relative: i64) -> usize {
        let after = self
            .offsets
            .partition_point(|entry| i64::from(entry.relative_offset) <= relative);
        self.position(after)
    }

    /// The last known beginning of a batch at or before a position.
    pub(super) fn before_position(&self, position: usize) -> usize {
        let after = self
            .offsets
            .partition_point(|entry| entry.position as usize <= position);
        self.position(after)
    }

    /// The relative offset of the first entry that does not lie before a position.
    pub(super) fn first_after(&self, position: usize) -> Option<u32> {
        let before = self
            .offsets
            .partition_point(|entry| (entry.position as usize) < position);
        self.offsets.get(before).map(|entry| entry.relative_offset)
    }

    /// An offset, relative, before which every timestamp is smaller than this one.
    pub(super) fn before_time(&self, timestamp: i64) -> u32 {
        let after = self
            .times
            .partition_point(|entry| entry.timestamp < timestamp);
        after
            .checked_sub(1)
            .map_or(0, |i| self.times[i].relative_offset)
    }

    fn position(&self, after: usize) -> usize {
        after
            .checked_sub(1)
            .map_or(0, |i| self.offsets[i].position as usize)
    }
}
