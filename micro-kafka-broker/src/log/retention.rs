//! Dropping the front of a log: what is too old, too much, or deleted by a client.

use super::segment::Segment;
use super::{Log, StorageError};

/// What may be dropped without anybody asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Retention {
    /// Age in milliseconds after which segments are dropped (`retention.ms`).
    pub(crate) millis: Option<i64>,
    /// Bytes of the log beyond which segments are dropped (`retention.bytes`).
    pub(crate) bytes: Option<usize>,
}

impl Log {
    /// Where the log would begin if everything before `up_to` that `retention` gives up were
    /// dropped, whole segments at a time.
    pub(crate) fn expired_before(&self, retention: Retention, up_to: i64, now: i64) -> i64 {
        let mut kept = &self.segments[..];
        let mut start = self.start_offset;
        let mut excess = retention
            .bytes
            .and_then(|most| self.size().checked_sub(most));
        while let [first, rest @ ..] = kept {
            let end = rest.first().map_or(self.end_offset, Segment::base_offset);
            excess = excess.and_then(|excess| excess.checked_sub(first.size()));
            let age = now.saturating_sub(first.largest_timestamp());
            let expired = retention.millis.is_some_and(|most| age > most);
            let is_last_and_empty = rest.is_empty() && first.size() == 0;
            if end > up_to || is_last_and_empty || !(excess.is_some() || expired) {
                break;
            }
            start = start.max(end);
            kept = rest;
        }
        start
    }

    /// Lets the log begin at `offset`; segments that end before it are dropped.
    ///
    /// Returns how many were. An offset before the start changes nothing.
    ///
    /// # Errors
    /// [`StorageError`] when no new segment can be begun; the log is as before then.
    pub(crate) fn raise_start(&mut self, offset: i64) -> Result<usize, StorageError> {
        let start = self.start_offset.max(offset.min(self.end_offset));
        let next = self.segments.iter().skip(1).map(Segment::base_offset);
        let ends = next.chain([self.end_offset]);
        let mut ended = ends.take_while(|end| *end <= start).count();
        if ended == self.segments.len() {
            // A log keeps a segment, which tells where it ends.
            match self.segments.last() {
                Some(last) if last.size() > 0 => self.roll(self.end_offset)?,
                _ => ended = ended.saturating_sub(1),
            }
        }
        self.start_offset = start;
        let dropped: Vec<_> = self.segments.drain(..ended).collect();
        for segment in &dropped {
            self.delete_files(segment.base_offset());
        }
        Ok(ended)
    }

    /// Deletes the files of a segment that is not in the log any more. What is left behind lies
    /// before the log's start and is never read.
    pub(super) fn delete_files(&self, base_offset: i64) {
        let deleted = self.dir.as_ref().map(|dir| dir.delete_segment(base_offset));
        if let Some(Err(error)) = deleted {
            tracing::warn!(%error, base_offset, "a segment's files are left behind");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::{Batch, BatchBuilder, Rules, validate};
    use crate::log::{LogLayout, Placement, ReadLimit};

    /// A log of one batch a segment, each stamped with its time and of the same size.
    fn log(times: &[i64]) -> Log {
        let layout = LogLayout {
            segment_bytes: 1,
            ..LogLayout::default()
        };
        let mut log = Log::new(layout);
        for millis in times {
            append(&mut log, *millis);
        }
        log
    }

    fn batch(millis: i64) -> Batch {
        let rules = Rules {
            max_batch_bytes: usize::MAX,
            keys_needed: false,
            timestamps: None,
        };
        let batch = BatchBuilder::new().base_timestamp(millis).value("a");
        validate(&batch.build(), &rules, 0).unwrap().remove(0)
    }

    fn append(log: &mut Log, millis: i64) {
        let place = Placement {
            base_offset: log.end_offset(),
            leader_epoch: 0,
            stamp: None,
            now: 1000,
        };
        log.append(&[batch(millis)], place).unwrap();
    }

    fn older_than(millis: i64) -> Retention {
        Retention {
            millis: Some(millis),
            bytes: None,
        }
    }

    fn at_most(bytes: usize) -> Retention {
        Retention {
            millis: None,
            bytes: Some(bytes),
        }
    }

    #[test]
    fn old_segments_expire_up_to_the_first_that_is_not_old() {
        let log = log(&[100, 200, 900, 150]);
        assert_eq!(log.expired_before(older_than(500), 4, 1000), 2);
        assert_eq!(log.expired_before(older_than(800), 4, 1000), 1);
        assert_eq!(log.expired_before(older_than(900), 4, 1000), 0);
        assert_eq!(
            log.expired_before(older_than(50), 4, 1000),
            4,
            "the active one too"
        );
        assert_eq!(
            log.expired_before(older_than(50), 3, 1000),
            3,
            "what is not replicated stays"
        );
    }

    #[test]
    fn without_timestamps_a_segment_is_as_old_as_its_last_append() {
        let log = log(&[-1, -1]);
        assert_eq!(log.expired_before(older_than(500), 2, 1500), 0);
        assert_eq!(log.expired_before(older_than(500), 2, 1501), 2);
    }

    #[test]
    fn a_log_shrinks_to_no_less_than_its_limit() {
        let log = log(&[1, 2, 3, 4]);
        let one = log.size() / 4;
        assert_eq!(log.expired_before(at_most(one * 4 + 1), 4, 0), 0);
        assert_eq!(log.expired_before(at_most(one * 3 + 1), 4, 0), 0);
        assert_eq!(log.expired_before(at_most(one * 3), 4, 0), 1);
        assert_eq!(log.expired_before(at_most(one), 4, 0), 3);
        assert_eq!(log.expired_before(at_most(0), 4, 0), 4);
        assert_eq!(log.expired_before(Retention::default(), 4, i64::MAX), 0);
    }

    #[test]
    fn size_goes_first_and_age_goes_on_from_there() {
        let log = log(&[900, 100, 900]);
        let both = Retention {
            millis: Some(500),
            bytes: Some(log.size() / 3 * 2),
        };
        assert_eq!(log.expired_before(both, 3, 1000), 2);
    }

    #[test]
    fn a_raised_start_drops_whole_segments_and_the_log_goes_on() {
        let mut log = log(&[1, 2, 3, 4]);
        assert_eq!(log.raise_start(2).unwrap(), 2);
        assert_eq!((log.start_offset(), log.segments.len()), (2, 2));
        assert_eq!(log.raise_start(1).unwrap(), 0);
        assert_eq!(log.start_offset(), 2);
        assert_eq!(log.raise_start(4).unwrap(), 2);
        assert_eq!(
            (log.start_offset(), log.end_offset(), log.size()),
            (4, 4, 0)
        );
        assert_eq!(log.raise_start(4).unwrap(), 0, "the empty one stays");
        append(&mut log, 5);
        assert_eq!((log.start_offset(), log.end_offset()), (4, 5));
        let limit = ReadLimit {
            up_to: 5,
            max_bytes: 1 << 20,
            at_least_one: true,
        };
        assert_eq!(
            log.read(4, limit).unwrap().slices.concat().len(),
            batch(5).bytes.len()
        );
    }
}
