//! What is looked at before any topic is: the outlines of the batches, in Kafka's order.

use super::ProduceRequest;
use super::ZSTD_FROM;
use crate::api::ErrorCode;
use crate::batch::{Codec, Header};

/// Base offset and length of a batch, of whatever format.
const OVERHEAD: usize = 12;
/// Where the format's number stands, in all formats.
const MAGIC_AT: usize = 16;
/// The least length that a batch announces, in the oldest format.
const LEAST: i32 = 14;

impl ProduceRequest {
    /// Why nothing of the request is appended: a first batch that is none, or records of a
    /// transaction without its name, which would be nobody's.
    pub(super) fn refused_whole(&self) -> Option<ErrorCode> {
        let partitions = self
            .topic_data
            .iter()
            .flat_map(|topic| &topic.partition_data);
        let records = partitions.filter_map(|data| data.records.as_deref());
        for records in records {
            let first = match first_batch(records) {
                Ok(first) => first,
                Err(error) => return Some(error),
            };
            let header = first.and_then(header_of);
            if header.is_some_and(|header| header.is_transactional()) {
                let nameless = self.transactional_id.is_none();
                return nameless.then_some(ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
            }
        }
        None
    }
}

/// Checks that the records of a partition are one batch that the version of the request knows.
pub(super) fn check_sole_batch(records: &[u8], version: i16) -> Result<(), ErrorCode> {
    let first = first_batch(records)?.ok_or(ErrorCode::INVALID_RECORD)?;
    let header = header_of(first).ok_or(ErrorCode::INVALID_RECORD)?;
    let codec = Codec::from_number(header.codec());
    if version < ZSTD_FROM && matches!(codec, Ok(Codec::Zstd)) {
        return Err(ErrorCode::UNSUPPORTED_COMPRESSION_TYPE);
    }
    match first_batch(&records[first.len()..])? {
        None => Ok(()),
        Some(_) => Err(ErrorCode::INVALID_RECORD),
    }
}

/// The header of a batch in the present format.
fn header_of(batch: &[u8]) -> Option<Header> {
    Header::read(batch).ok().filter(|header| header.magic == 2)
}

/// The first batch; `None` where the bytes end before it does.
fn first_batch(records: &[u8]) -> Result<Option<&[u8]>, ErrorCode> {
    let Some((length, _)) = records.get(8..).and_then(|rest| rest.split_first_chunk()) else {
        return Ok(None);
    };
    let length = i32::from_be_bytes(*length);
    if length < LEAST {
        return Err(ErrorCode::CORRUPT_MESSAGE);
    }
    match records.get(MAGIC_AT) {
        None => return Ok(None),
        Some(0..=2) => {}
        Some(_) => return Err(ErrorCode::CORRUPT_MESSAGE),
    }
    let size = usize::try_from(length)
        .ok()
        .and_then(|length| length.checked_add(OVERHEAD));
    Ok(size.and_then(|size| records.get(..size)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::BatchBuilder;

    #[test]
    fn one_whole_batch_is_admitted() {
        let batch = BatchBuilder::new().value("a").build();
        assert_eq!(check_sole_batch(&batch, 9), Ok(()));
        let cut = &batch[..batch.len() - 1];
        assert_eq!(check_sole_batch(cut, 9), Err(ErrorCode::INVALID_RECORD));
        assert_eq!(check_sole_batch(&[], 9), Err(ErrorCode::INVALID_RECORD));
        let twice = [&batch[..], &batch[..]].concat();
        assert_eq!(check_sole_batch(&twice, 9), Err(ErrorCode::INVALID_RECORD));
        // Bytes that are no whole batch are not looked at.
        let more = [&batch[..], &batch[..20]].concat();
        assert_eq!(check_sole_batch(&more, 9), Ok(()));
    }

    #[test]
    fn no_batch_at_all_is_corrupt() {
        let batch = BatchBuilder::new().value("a").build();
        let mut short = batch.to_vec();
        short[8..12].copy_from_slice(&13_i32.to_be_bytes());
        assert_eq!(check_sole_batch(&short, 9), Err(ErrorCode::CORRUPT_MESSAGE));
        let mut unknown = batch.to_vec();
        unknown[MAGIC_AT] = 3;
        assert_eq!(
            check_sole_batch(&unknown, 9),
            Err(ErrorCode::CORRUPT_MESSAGE)
        );
    }
}
