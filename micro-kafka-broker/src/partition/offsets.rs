//! Which offset a timestamp or a name stands for.

use bytes::Bytes;

use super::{Isolation, Partition, ReadError};
use crate::batch::{Header, RecordView, records};

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
        let batch = {
            let mut core = self.core.lock();
            if core.offline {
                return Err(ReadError::Storage);
            }
            let visible_end = core.visible_end(isolation);
            match spec {
                OffsetSpec::Earliest => {
                    let offset = core.log.start_offset();
                    let leader_epoch = core.epochs.epoch_of(offset);
                    return Ok(Some(OffsetAt {
                        offset,
                        timestamp: -1,
                        leader_epoch,
                    }));
                }
                OffsetSpec::Latest => {
                    let leader_epoch = core.leader_epoch;
                    return Ok(Some(OffsetAt {
                        offset: visible_end,
                        timestamp: -1,
                        leader_epoch,
                    }));
                }
                OffsetSpec::MaxTimestamp => core.log.batch_of_max_time()?,
                OffsetSpec::At(timestamp) => core.log.batch_at_time(timestamp)?,
            }
            .filter(|batch| Header::read(batch).is_ok_and(|h| h.base_offset < visible_end))
        };
        // Records are unpacked after the lock is released.
        Ok(batch.and_then(|batch| find_in(&batch, spec)))
    }
}

fn find_in(batch: &Bytes, spec: OffsetSpec) -> Option<OffsetAt> {
    let leader_epoch = Header::read(batch).ok()?.leader_epoch;
    let record = match spec {
        OffsetSpec::At(timestamp) => first_at(batch, timestamp),
        _ => first_of_max(batch),
    }?;
    Some(OffsetAt {
        offset: record.offset,
        timestamp: record.timestamp,
        leader_epoch,
    })
}

fn readable(batch: &Bytes) -> impl Iterator<Item = RecordView> {
    records(batch).into_iter().flatten().filter_map(Result::ok)
}

fn first_at(batch: &Bytes, timestamp: i64) -> Option<RecordView> {
    readable(batch).find(|record| record.timestamp >= timestamp)
}

fn first_of_max(batch: &Bytes) -> Option<RecordView> {
    readable(batch).reduce(|max, record| match record.timestamp > max.timestamp {
        true => record,
        false => max,
    })
}
