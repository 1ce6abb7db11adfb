//! What is looked at before any topic is: the outlines of the batches, in Kafka's order.

use super::refusal::Refusal;
use super::{PartitionProduceData, ProduceRequest, TopicProduceData, ZSTD_FROM};
use crate::api::ErrorCode;
use crate::batch::{Codec, Header};

/// Base offset and length of a batch, of whatever format.
const OVERHEAD: usize = 12;
/// Where the format's number stands, in all formats.
const MAGIC_AT: usize = 16;
/// The least length that a batch announces, in the oldest format.
const LEAST: i32 = 14;

/// Bytes that are no batch; what is wrong is said in Kafka's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum NoBatch {
    #[error("Record size {0} is less than the minimum record overhead ({LEAST})")]
    TooShort(i32),
    #[error("Invalid magic found in record: {0}")]
    Format(i8),
}

impl From<NoBatch> for ErrorCode {
    fn from(_: NoBatch) -> Self {
        Self::CORRUPT_MESSAGE
    }
}

impl ProduceRequest {
    /// Why nothing of the request is appended: a first batch that is none, records of a
    /// transaction without its name, which would be nobody's, or an unknown codec where the
    /// request's version makes Kafka look at it. `is_here` tells the partitions that there are.
    pub(super) fn refused_whole(
        &self,
        version: i16,
        is_here: impl Fn(&TopicProduceData, &PartitionProduceData) -> bool,
    ) -> Option<Refusal> {
        let partitions = self
            .topic_data
            .iter()
            .flat_map(|topic| topic.partition_data.iter().map(move |data| (topic, data)));
        let mut unknown_codec = false;
        for (topic, data) in partitions {
            let Some(records) = data.records.as_deref() else {
                continue;
            };
            let header = match first_batch(records) {
                Ok(first) => first.and_then(header_of),
                Err(error) => return Some(Refusal::told(error.into(), error.to_string())),
            };
            let Some(header) = header else { continue };
            if header.is_transactional() {
                if self.transactional_id.is_none() {
                    return Some(ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED.into());
                }
                // Kafka looks no further.
                break;
            }
            unknown_codec |= version < ZSTD_FROM
                && Codec::from_number(header.codec()).is_err()
                && is_here(topic, data);
        }
        unknown_codec.then(|| ErrorCode::UNKNOWN_SERVER_ERROR.into())
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
fn first_batch(records: &[u8]) -> Result<Option<&[u8]>, NoBatch> {
    let Some((length, _)) = records.get(8..).and_then(|rest| rest.split_first_chunk()) else {
        return Ok(None);
    };
    let length = i32::from_be_bytes(*length);
    if length < LEAST {
        return Err(NoBatch::TooShort(length));
    }
    match records.get(MAGIC_AT).copied().map(u8::cast_signed) {
        None => return Ok(None),
        Some(0..=2) => {}
        Some(format) => return Err(NoBatch::Format(format)),
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
