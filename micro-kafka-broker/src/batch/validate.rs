//! What a producer may append.

use bytes::Bytes;

use super::check_records::check_records;
use super::compress::Codec;
use super::header::{CRC_FROM, crc32c};
use super::{BatchError, HEADER_LEN, Header};

/// The topic's rules for what is produced to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rules {
    /// Largest batch in bytes (`max.message.bytes`).
    pub(crate) max_batch_bytes: usize,
    /// Whether records without a key are refused (compacted topics).
    pub(crate) keys_needed: bool,
    /// Bounds of producers' timestamps; `None` when the broker stamps.
    pub(crate) timestamps: Option<TimestampBounds>,
}

/// How far a producer's timestamp may be from the broker's, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimestampBounds {
    /// `message.timestamp.before.max.ms`.
    pub(crate) before_max: i64,
    /// `message.timestamp.after.max.ms`.
    pub(crate) after_max: i64,
}

/// A whole, acceptable batch.
#[derive(Debug, Clone)]
pub(crate) struct Batch {
    /// Its header, as sent.
    pub(crate) header: Header,
    /// Its bytes, header included.
    pub(crate) bytes: Bytes,
}

/// Checks all batches of a produce request's `records` field for one partition.
///
/// # Errors
/// The first [`BatchError`]; nothing of the field may be appended then.
pub(crate) fn validate(
    records: &Bytes,
    rules: &Rules,
    now_millis: i64,
) -> Result<Vec<Batch>, BatchError> {
    let mut rest = records.clone();
    let mut batches = Vec::with_capacity(1);
    while !rest.is_empty() {
        let batch = take_batch(&mut rest)?;
        // In Kafka's order.
        if batch.header.base_offset != 0 {
            return Err(BatchError::Invalid("the base offset must be 0"));
        }
        if batch.bytes.len() > rules.max_batch_bytes {
            let size = batch.bytes.len();
            return Err(BatchError::TooLarge {
                size,
                limit: rules.max_batch_bytes,
            });
        }
        if crc32c(&batch.bytes[CRC_FROM..]) != batch.header.crc {
            return Err(BatchError::Corrupt("crc does not match"));
        }
        check_header(&batch.header)?;
        batches.push(check_records(batch, rules, now_millis)?);
    }
    if batches.is_empty() {
        return Err(BatchError::Invalid("there is no batch"));
    }
    Ok(batches)
}

fn take_batch(rest: &mut Bytes) -> Result<Batch, BatchError> {
    // Older formats have a shorter header, so the magic byte is looked at first.
    if let Some(&magic) = rest.get(16)
        && magic != 2
    {
        return Err(BatchError::UnsupportedMagic(i8::from_be_bytes([magic])));
    }
    let header = Header::read(rest)?;
    let size = header
        .size()
        .ok_or(BatchError::Corrupt("batch length is too small"))?;
    if size > rest.len() {
        return Err(BatchError::Invalid("bytes end inside the batch"));
    }
    Ok(Batch {
        header,
        bytes: rest.split_to(size),
    })
}

fn check_header(header: &Header) -> Result<(), BatchError> {
    let codec = Codec::from_number(header.codec())?;
    if header.is_control() {
        return Err(BatchError::Invalid("clients may not write control batches"));
    }
    if header.record_count <= 0 {
        return Err(BatchError::Invalid("record count must be positive"));
    }
    if header.last_offset_delta != header.record_count - 1 {
        return Err(BatchError::Invalid(
            "last offset delta is not the record count less one",
        ));
    }
    // A record takes at least seven bytes, so the count bounds the size; compression hides it.
    let body = header.size().unwrap_or(HEADER_LEN) - HEADER_LEN;
    if codec == Codec::None
        && i64::try_from(body / 7).is_ok_and(|most| most < i64::from(header.record_count))
    {
        return Err(BatchError::Invalid(
            "record count does not fit the batch's length",
        ));
    }
    if header.has_producer() && header.base_sequence < 0 {
        return Err(BatchError::Invalid("a producer id needs a sequence"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::batch::BatchBuilder;

    const RULES: Rules = Rules {
        max_batch_bytes: 1 << 20,
        keys_needed: false,
        timestamps: None,
    };

    fn patched(at: usize, value: &[u8]) -> Bytes {
        let mut bytes = BatchBuilder::new().value("a").value("b").build().to_vec();
        bytes[at..at + value.len()].copy_from_slice(value);
        let crc = crc32c(&bytes[CRC_FROM..]);
        bytes[17..21].copy_from_slice(&crc.to_be_bytes());
        bytes.into()
    }

    fn refusal(bytes: &Bytes) -> BatchError {
        validate(bytes, &RULES, 0).unwrap_err()
    }

    #[test]
    fn several_batches_are_accepted_in_order() {
        let first = BatchBuilder::new().value("a").value("b").build();
        let second = BatchBuilder::new().value("c").build();
        let both: Bytes = [first.clone(), second.clone()].concat().into();
        let batches = validate(&both, &RULES, 0).unwrap();
        assert_eq!(batches.len(), 2);
        assert_eq!((&batches[0].bytes, &batches[1].bytes), (&first, &second));
    }

    #[test]
    fn a_flipped_bit_is_corrupt() {
        let good = BatchBuilder::new().value("a").build();
        let mut bytes = good.to_vec();
        *bytes.last_mut().unwrap() ^= 1;
        assert_eq!(
            refusal(&bytes.into()),
            BatchError::Corrupt("crc does not match")
        );
    }

    #[test]
    fn header_mistakes_are_refused() {
        assert!(matches!(
            refusal(&patched(16, &[1])),
            BatchError::UnsupportedMagic(1)
        ));
        assert!(matches!(
            refusal(&patched(22, &[5])),
            BatchError::UnsupportedCodec(5)
        ));
        assert!(matches!(
            refusal(&patched(22, &[0x20])),
            BatchError::Invalid(_)
        ));
        assert!(matches!(
            refusal(&patched(57, &3i32.to_be_bytes())),
            BatchError::Invalid(_)
        ));
        assert!(matches!(
            refusal(&patched(57, &0i32.to_be_bytes())),
            BatchError::Invalid(_)
        ));
        assert!(matches!(
            refusal(&patched(43, &7i64.to_be_bytes())),
            BatchError::Invalid(_)
        ));
        assert!(matches!(
            refusal(&patched(8, &(-1i32).to_be_bytes())),
            BatchError::Corrupt(_)
        ));
        assert!(matches!(
            refusal(&patched(8, &999i32.to_be_bytes())),
            BatchError::Invalid(_)
        ));
        assert!(matches!(refusal(&Bytes::new()), BatchError::Invalid(_)));
    }

    #[test]
    fn a_record_count_beyond_the_bytes_is_refused() {
        let mut bytes = patched(57, &1000i32.to_be_bytes()).to_vec();
        bytes[23..27].copy_from_slice(&999i32.to_be_bytes());
        let crc = crc32c(&bytes[CRC_FROM..]);
        bytes[17..21].copy_from_slice(&crc.to_be_bytes());
        assert!(matches!(refusal(&bytes.into()), BatchError::Invalid(_)));
    }

    #[test]
    fn the_size_limit_counts_the_whole_batch() {
        let batch = BatchBuilder::new().value("a").build();
        let exact = Rules {
            max_batch_bytes: batch.len(),
            ..RULES
        };
        let less = Rules {
            max_batch_bytes: batch.len() - 1,
            ..RULES
        };
        assert!(validate(&batch, &exact, 0).is_ok());
        assert!(matches!(
            validate(&batch, &less, 0),
            Err(BatchError::TooLarge { .. })
        ));
    }

    proptest! {
        #[test]
        fn mutated_batches_never_panic(flips in proptest::collection::vec((0usize..90, any::<u8>()), 0..8), cut in 0usize..90) {
            let mut bytes = BatchBuilder::new().value("aaaa").value("bbbb").build().to_vec();
            for (at, value) in flips {
                if let Some(byte) = bytes.get_mut(at) { *byte = value; }
            }
            bytes.truncate(cut);
            let rules = Rules { keys_needed: true, ..RULES };
            let _ = validate(&bytes.into(), &rules, 0);
        }
    }
}
