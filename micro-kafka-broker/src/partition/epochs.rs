//! Which leader epoch began at which offset.

/// The end of a leader epoch, as a follower or a consumer asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EpochEnd {
    /// The largest known epoch that is not above the one asked for; -1 when unknown.
    pub(crate) epoch: i32,
    /// The offset after that epoch's last record; -1 when unknown.
    pub(crate) end_offset: i64,
}

/// The leader epochs of a log, in order.
#[derive(Debug, Clone, Default)]
pub(crate) struct LeaderEpochs {
    starts: Vec<(i32, i64)>,
}

impl LeaderEpochs {
    /// The epochs of a log that ends at `log_end`, as they were kept.
    pub(crate) fn kept(mut starts: Vec<(i32, i64)>, log_end: i64) -> Self {
        starts.retain(|(_, start)| *start < log_end);
        Self { starts }
    }

    /// Each epoch with the offset at which it began.
    pub(crate) fn starts(&self) -> &[(i32, i64)] {
        &self.starts
    }

    /// Notes that `epoch` begins at `start`; an epoch that is not newer changes nothing.
    pub(crate) fn begin(&mut self, epoch: i32, start: i64) {
        if self.starts.last().is_some_and(|(last, _)| *last >= epoch) {
            return;
        }
        // An epoch in which nothing was appended leaves no trace.
        self.starts.retain(|(_, begun)| *begun < start);
        self.starts.push((epoch, start));
    }

    /// Forgets the epochs that ended before the log's first offset.
    pub(crate) fn forget_before(&mut self, start: i64) {
        let after = self.starts.partition_point(|(_, begun)| *begun <= start);
        if let Some(before) = after.checked_sub(1) {
            self.starts.drain(..before);
            self.starts[0].1 = start;
        }
    }

    /// The epoch of the record at `offset`, or -1.
    pub(crate) fn epoch_of(&self, offset: i64) -> i32 {
        let after = self.starts.partition_point(|(_, start)| *start <= offset);
        after.checked_sub(1).map_or(-1, |i| self.starts[i].0)
    }

    /// Where `epoch` ends in a log that ends at `log_end`.
    pub(crate) fn end_of(&self, epoch: i32, log_end: i64) -> EpochEnd {
        let after = self.starts.partition_point(|(known, _)| *known <= epoch);
        let known = after.checked_sub(1).map(|i| self.starts[i].0);
        match (known, self.starts.get(after)) {
            (known, Some((_, next_start))) if epoch >= 0 => EpochEnd {
                epoch: known.unwrap_or(epoch),
                end_offset: *next_start,
            },
            (Some(known), None) if known == epoch => EpochEnd {
                epoch,
                end_offset: log_end,
            },
            _ => EpochEnd {
                epoch: -1,
                end_offset: -1,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(epoch: i32, end_offset: i64) -> EpochEnd {
        EpochEnd { epoch, end_offset }
    }

    #[test]
    fn an_epoch_ends_where_the_next_begins() {
        let mut epochs = LeaderEpochs::default();
        epochs.begin(2, 0);
        epochs.begin(5, 10);
        epochs.begin(4, 12);
        assert_eq!(epochs.end_of(5, 30), end(5, 30));
        assert_eq!(epochs.end_of(2, 30), end(2, 10));
        assert_eq!(epochs.end_of(3, 30), end(2, 10), "the floor epoch answers");
        assert_eq!(epochs.end_of(1, 30), end(1, 0), "before the first epoch");
        assert_eq!(epochs.end_of(6, 30), end(-1, -1), "in the future");
        assert_eq!(epochs.end_of(-1, 30), end(-1, -1));
        assert_eq!(
            [epochs.epoch_of(0), epochs.epoch_of(9), epochs.epoch_of(10)],
            [2, 2, 5]
        );
    }

    #[test]
    fn epochs_before_the_start_are_forgotten() {
        let mut epochs = LeaderEpochs::default();
        epochs.forget_before(5);
        epochs.begin(2, 0);
        epochs.begin(5, 10);
        epochs.begin(7, 20);
        epochs.forget_before(15);
        assert_eq!(epochs.epoch_of(14), -1);
        assert_eq!((epochs.epoch_of(15), epochs.epoch_of(20)), (5, 7));
        assert_eq!(epochs.end_of(2, 30), end(2, 15));
        assert_eq!(epochs.end_of(5, 30), end(5, 20));
    }

    #[test]
    fn an_empty_epoch_is_forgotten() {
        let mut epochs = LeaderEpochs::default();
        epochs.begin(0, 0);
        epochs.begin(1, 0);
        assert_eq!(epochs.epoch_of(0), 1);
        assert_eq!(LeaderEpochs::default().end_of(0, 5), end(-1, -1));
    }
}
