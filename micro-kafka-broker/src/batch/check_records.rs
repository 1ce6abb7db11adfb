//! What must be looked at record by record, where the topic's rules ask for it.

use super::header::patch_create_time;
use super::{
    Batch, BatchError, Header, Outline, RecordError, RecordFault, Rules, TimestampBounds, outlines,
};

/// Records at fault that are named; a small batch can hold millions.
const MOST_NAMED: usize = 10_000;
/// "No timestamp".
const NONE: i64 = -1;

/// Checks keys and timestamps.
///
/// As long as a batch's header claims nothing unusual, its records are looked at only where keys
/// are needed or old timestamps refused. What they show to be wrong in the header is set right.
pub(super) fn check_records(
    batch: Batch,
    rules: &Rules,
    now_millis: i64,
) -> Result<Batch, BatchError> {
    let Batch { header, .. } = batch;
    let looks_wrong = match &rules.timestamps {
        Some(bounds) => bounds.may_exclude(&header, now_millis),
        None => header.is_log_append_time(),
    };
    if !rules.keys_needed && !looks_wrong {
        return Ok(batch);
    }
    let mut errors = Vec::new();
    let mut max_timestamp = NONE;
    for (index, record) in (0..).zip(outlines(&batch.bytes)?) {
        let record = record?;
        max_timestamp = max_timestamp.max(record.timestamp);
        if let Some(fault) = fault(&header, &record, rules, now_millis) {
            errors.push(RecordError { index, fault });
        }
        if errors.len() == MOST_NAMED {
            break;
        }
    }
    match errors.is_empty() {
        true if rules.timestamps.is_some() => Ok(with_create_time(batch, max_timestamp)),
        true => Ok(batch),
        false => Err(BatchError::InvalidRecords(errors)),
    }
}

fn fault(header: &Header, record: &Outline, rules: &Rules, now: i64) -> Option<RecordFault> {
    if rules.keys_needed && record.key.is_none() {
        return Some(RecordFault::NoKey);
    }
    let (offset, timestamp) = (record.offset, record.timestamp);
    match &rules.timestamps {
        Some(bounds) if timestamp != NONE => bounds.excludes(timestamp, now).then(|| {
            let (min, max) = bounds.around(now);
            RecordFault::Timestamp {
                timestamp,
                offset,
                min,
                max,
            }
        }),
        _ if header.is_log_append_time() => Some(RecordFault::StampedByProducer {
            offset,
            timestamp,
            key: record.key.as_ref().map_or(0, bytes::Bytes::len),
            value: record.value.as_ref().map_or(0, bytes::Bytes::len),
        }),
        _ => None,
    }
}

impl TimestampBounds {
    /// Whether a record of the batch may be out of bounds, as far as the header tells.
    fn may_exclude(&self, header: &Header, now: i64) -> bool {
        self.before_max != i64::MAX
            || header.is_log_append_time()
            || header.max_timestamp > self.around(now).1
    }

    fn excludes(&self, timestamp: i64, now: i64) -> bool {
        let (min, max) = self.around(now);
        !(min..=max).contains(&timestamp)
    }

    fn around(&self, now: i64) -> (i64, i64) {
        let min = now.saturating_sub(self.before_max);
        (min, now.saturating_add(self.after_max))
    }
}

/// The batch with the timestamp that its records show; most have it already.
fn with_create_time(batch: Batch, max_timestamp: i64) -> Batch {
    let Batch { mut header, bytes } = batch;
    if header.max_timestamp == max_timestamp && !header.is_log_append_time() {
        return Batch { header, bytes };
    }
    let mut patched = bytes.to_vec();
    patch_create_time(&mut patched, max_timestamp);
    if let Ok(corrected) = Header::read(&patched) {
        header = corrected;
    }
    Batch {
        header,
        bytes: patched.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::{BatchBuilder, Codec, validate};

    const BOUNDS: TimestampBounds = TimestampBounds {
        before_max: i64::MAX,
        after_max: 10,
    };

    fn rules(keys_needed: bool, timestamps: Option<TimestampBounds>) -> Rules {
        Rules {
            max_batch_bytes: 1 << 20,
            keys_needed,
            timestamps,
        }
    }

    fn at(times: &[i64]) -> BatchBuilder {
        let builder = BatchBuilder::new().base_timestamp(times[0]);
        let record = |builder: BatchBuilder, at: &i64| builder.record(Some(b"k"), Some(b"v"), *at);
        times.iter().fold(builder, record)
    }

    fn errors(batch: &BatchBuilder, rules: &Rules) -> Vec<RecordError> {
        match validate(&batch.build(), rules, 1000) {
            Err(BatchError::InvalidRecords(errors)) => errors,
            other => panic!("{other:?}"),
        }
    }

    fn indexes(errors: &[RecordError]) -> Vec<i32> {
        errors.iter().map(|error| error.index).collect()
    }

    #[test]
    fn records_without_a_key_are_named_whatever_the_codec() {
        for codec in [
            Codec::None,
            Codec::Gzip,
            Codec::Snappy,
            Codec::Lz4,
            Codec::Zstd,
        ] {
            let batch = BatchBuilder::new().codec(codec).value("a");
            let batch = batch.record(Some(b"k"), None, 0).value("c");
            let errors = errors(&batch, &rules(true, None));
            assert_eq!(indexes(&errors), [0, 2]);
            assert_eq!(errors[0].fault, RecordFault::NoKey);
        }
    }

    #[test]
    fn records_out_of_bounds_are_named() {
        let errors_of = |bounds| errors(&at(&[1011, 1000, 899]), &rules(false, Some(bounds)));
        let late = errors_of(BOUNDS);
        assert_eq!(indexes(&late), [0]);
        assert_eq!(
            late[0].fault.describe("t-0"),
            "Timestamp 1011 of message with offset 0 is out of range. The timestamp should be \
             within [-9223372036854774807, 1010]"
        );
        let both = errors_of(TimestampBounds {
            before_max: 100,
            ..BOUNDS
        });
        assert_eq!(indexes(&both), [0, 2]);
        let accepted = rules(false, Some(BOUNDS));
        assert!(validate(&at(&[1010, -1]).build(), &accepted, 1000).is_ok());
    }

    #[test]
    fn a_header_that_claims_a_wrong_time_is_set_right() {
        let mut lying = at(&[5, 7]).build().to_vec();
        patch_create_time(&mut lying, 2000);
        let batches = validate(&lying.into(), &rules(false, Some(BOUNDS)), 1000).unwrap();
        assert_eq!(batches[0].bytes, at(&[5, 7]).build());
        assert_eq!(batches[0].header.max_timestamp, 7);
    }

    #[test]
    fn the_broker_alone_stamps_records() {
        let stamped = at(&[5]).flags(8);
        let refused = errors(&stamped, &rules(false, None));
        assert_eq!(
            refused[0].fault.describe("t-0"),
            "Invalid timestamp type in message DefaultRecord(offset=0, timestamp=5, key=1 bytes, \
             value=1 bytes). Producer should not set timestamp type to LogAppendTime."
        );
        let taken = validate(&stamped.build(), &rules(false, Some(BOUNDS)), 1000).unwrap();
        assert!(!taken[0].header.is_log_append_time());
        assert_eq!(taken[0].bytes, at(&[5]).build());
    }

    #[test]
    fn not_every_error_of_millions_is_named() {
        let many = (0..20_000).fold(BatchBuilder::new(), |batch, _| batch.value(""));
        assert_eq!(errors(&many, &rules(true, None)).len(), MOST_NAMED);
    }
}
