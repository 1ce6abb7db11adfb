//! Which offset a timestamp or a name stands for.

use bytes::Bytes;

use super::{Isolation, Partition, ReadError};
use crate::batch::{Header, Outline, outlines};

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub(crate) enum OffsetSpec {
    /// The first offset.
    Earliest,
    /// The offset after the last record that the reader may see.
    Latest,
    /// The first record with the largest timestamp.
    MaxTimestamp,
    /// The first record at or after a time, in milliseconds since 1970.
    At(i64),
}

/// An offset, its record's timestamp and its leader epoch; -1 where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OffsetAt {
    /// The offset.
    pub(crate) offset: i64,
    /// The record's timestamp in milliseconds since 1970.
    pub(crate) timestamp: i64,
    /// The epoch of the leader that appended it.
    pub(crate) leader_epoch: i32,
}

impl Partition {
    /// Looks an offset up; `None` when no record matches.
    ///
    /// # Errors
    /// [`ReadError::Storage`] when what is stored there cannot be read.
    pub(crate) fn offset_for(
        &self,
        spec: OffsetSpec,
        isolation: Isolation,
    ) -> Result<Option<OffsetAt>, ReadError> {
        let core = self.core.lock();
        if core.offline {
            return Err(ReadError::Storage);
        }
        let (offset, leader_epoch) = match spec {
            OffsetSpec::Earliest => {
                let start = core.log.start_offset();
                (start, core.epochs.epoch_of(start))
            }
            OffsetSpec::Latest => (core.visible_end(isolation), core.leader_epoch),
            OffsetSpec::MaxTimestamp => {
                let max = core.log.max_timestamp();
                drop(core);
                return match max {
                    Some(max) => self.first_record(max, isolation, first_of_max),
                    None => Ok(None),
                };
            }
            OffsetSpec::At(timestamp) => {
                drop(core);
                let first = |mut records: &mut dyn Iterator<Item = Outline>| {
                    Iterator::find(&mut records, |record| record.timestamp >= timestamp)
                };
                return self.first_record(timestamp, isolation, first);
            }
        };
        Ok(Some(OffsetAt {
            offset,
            timestamp: -1,
            leader_epoch,
        }))
    }

    /// What `choose` takes of the first batch that may hold a record at or after `timestamp` and
    /// of which it takes anything: batches claim what deleted or compacted records had.
    fn first_record(
        &self,
        timestamp: i64,
        isolation: Isolation,
        choose: impl Fn(&mut dyn Iterator<Item = Outline>) -> Option<Outline>,
    ) -> Result<Option<OffsetAt>, ReadError> {
        let mut from = 0;
        loop {
            let (batch, start, visible_end) = {
                let mut core = self.core.lock();
                let visible_end = core.visible_end(isolation);
                let batch = core.log.batch_at_time(timestamp, from)?;
                (batch, core.log.start_offset(), visible_end)
            };
            // Records are unpacked after the lock is released.
            let header = batch.as_ref().and_then(|batch| Header::read(batch).ok());
            let header = header.filter(|header| header.base_offset < visible_end);
            let (Some(batch), Some(header)) = (batch, header) else {
                return Ok(None);
            };
            let mut kept = readable(&batch).filter(|record| record.offset >= start);
            if let Some(record) = choose(&mut kept) {
                return Ok(Some(OffsetAt {
                    offset: record.offset,
                    timestamp: record.timestamp,
                    leader_epoch: header.leader_epoch,
                }));
            }
            from = header.last_offset() + 1;
        }
    }
}

fn readable(batch: &Bytes) -> impl Iterator<Item = Outline> {
    outlines(batch).into_iter().flatten().filter_map(Result::ok)
}

fn first_of_max(records: &mut dyn Iterator<Item = Outline>) -> Option<Outline> {
    records.reduce(|max, record| match record.timestamp > max.timestamp {
        true => record,
        false => max,
    })
}
