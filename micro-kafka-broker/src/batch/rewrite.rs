//! Writing a batch again with fewer records, as compaction does.
//!
//! Offsets, sequence numbers, codec and producer stay; the header keeps the range of offsets that
//! the batch had at first, so that neither a reader nor a producer sees a gap.

use bytes::Bytes;

use super::compress::Codec;
use super::encode::{Parts, put_record};
use super::header::{COMPRESSION_MASK, DELETE_HORIZON_MASK};
use super::{BatchError, Header, Outline, outlines};

/// The batch with the records that `keeps` says, of which there is at least one.
///
/// With `delete_horizon`, the time (in milliseconds since 1970) from which on tombstones and
/// markers of the batch may go is noted in it: timestamps are counted from there.
///
/// # Errors
/// [`BatchError`] when the records cannot be read or packed again.
pub(crate) fn rewrite(
    batch: &Bytes,
    delete_horizon: Option<i64>,
    keeps: impl Fn(&Outline) -> bool,
) -> Result<Bytes, BatchError> {
    let mut header = Header::read(batch)?;
    let mut body = Vec::new();
    let mut base_timestamp = delete_horizon;
    let mut max_timestamp = -1;
    header.record_count = 0;
    for record in outlines(batch)? {
        let record = record?;
        if !keeps(&record) {
            continue;
        }
        let base = *base_timestamp.get_or_insert(record.timestamp);
        let timestamp_delta = record.timestamp.wrapping_sub(base);
        let parts = Parts {
            key: record.key.as_deref(),
            value: record.value.as_deref(),
            headers: &record.headers,
        };
        let offset_delta = record.offset - header.base_offset;
        put_record(&mut body, &parts, timestamp_delta, offset_delta);
        max_timestamp = max_timestamp.max(record.timestamp);
        header.record_count += 1;
    }
    let codec = Codec::from_number(header.codec())?;
    let unpackable = BatchError::Corrupt("records cannot be compressed again");
    let body = codec.pack(body).map_err(|_| unpackable)?;
    header.base_timestamp = base_timestamp.unwrap_or(-1);
    if !header.is_log_append_time() {
        header.max_timestamp = max_timestamp;
    }
    header.attributes &= !DELETE_HORIZON_MASK;
    if delete_horizon.is_some() {
        header.attributes |= DELETE_HORIZON_MASK;
    }
    Ok(header.seal(&body).bytes)
}

/// The batch without records: what is left to tell its offsets and its producer's last sequence.
pub(crate) fn emptied(mut header: Header) -> Bytes {
    header.attributes &= !(COMPRESSION_MASK | DELETE_HORIZON_MASK);
    header.base_timestamp = -1;
    header.record_count = 0;
    header.seal(&[]).bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::header::CRC_FROM;
    use crate::batch::{BatchBuilder, HEADER_LEN, RecordView, crc32c, patch_prefix, records};

    const CODECS: [Codec; 5] = [
        Codec::None,
        Codec::Gzip,
        Codec::Snappy,
        Codec::Lz4,
        Codec::Zstd,
    ];

    fn batch(codec: Codec) -> Bytes {
        let headers = [("h", Some("1")), ("h", None), ("", Some("2"))];
        let batch = BatchBuilder::new().codec(codec).producer(5, 1, 30);
        let batch = batch
            .base_timestamp(1000)
            .record(Some(b"a"), Some(b"1"), 1000);
        let batch = batch.record_with(Some(b"b"), Some(b"2"), 1300, &headers);
        let batch = batch.record(Some(b"c"), None, 1200).build();
        let mut bytes = batch.to_vec();
        patch_prefix(&mut bytes, 70, 4);
        bytes.into()
    }

    fn read(batch: &Bytes) -> Vec<RecordView> {
        records(batch).unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn what_is_kept_is_as_it_was() {
        for codec in CODECS {
            let batch = batch(codec);
            let rewritten = rewrite(&batch, None, |r| r.key.as_deref() != Some(b"a")).unwrap();
            let (before, after) = (
                Header::read(&batch).unwrap(),
                Header::read(&rewritten).unwrap(),
            );
            assert_eq!(read(&rewritten), read(&batch)[1..], "{codec:?}");
            assert_eq!(after.record_count, 2);
            assert_eq!((after.base_timestamp, after.max_timestamp), (1300, 1300));
            assert_eq!(after.crc, crc32c(&rewritten[CRC_FROM..]));
            assert_eq!(after.size(), Some(rewritten.len()));
            let same = |h: Header| {
                let producer = (h.producer_id, h.producer_epoch, h.base_sequence);
                (
                    h.base_offset,
                    h.last_offset(),
                    h.leader_epoch,
                    h.codec(),
                    producer,
                )
            };
            assert_eq!(same(after), same(before));
        }
    }

    #[test]
    fn the_horizon_is_noted_and_timestamps_stay() {
        let batch = batch(Codec::Lz4);
        let noted = rewrite(&batch, Some(99_000), |_| true).unwrap();
        assert_eq!(Header::read(&noted).unwrap().delete_horizon(), Some(99_000));
        assert_eq!(Header::read(&noted).unwrap().max_timestamp, 1300);
        assert_eq!(read(&noted), read(&batch));
        let cleared = rewrite(&noted, None, |_| true).unwrap();
        assert_eq!(Header::read(&cleared).unwrap().delete_horizon(), None);
        assert_eq!(read(&cleared), read(&batch));
    }

    #[test]
    fn an_emptied_batch_tells_its_range_and_its_producer() {
        let before =
            Header::read(&rewrite(&batch(Codec::Gzip), Some(9), |_| true).unwrap()).unwrap();
        let emptied = emptied(before);
        let after = Header::read(&emptied).unwrap();
        assert_eq!((emptied.len(), after.record_count), (HEADER_LEN, 0));
        assert_eq!(after.crc, crc32c(&emptied[CRC_FROM..]));
        assert_eq!((after.codec(), after.delete_horizon()), (0, None));
        assert_eq!((after.base_offset, after.last_offset()), (70, 72));
        assert_eq!((after.producer_id, after.last_sequence()), (5, 32));
        assert_eq!(after.max_timestamp, before.max_timestamp);
        assert!(read(&emptied).is_empty());
    }

    #[test]
    fn the_oracle_reads_what_was_written() {
        use kafka_protocol::records::RecordBatchDecoder;
        for codec in CODECS {
            let mut rewritten = rewrite(&batch(codec), Some(5), |r| r.value.is_some()).unwrap();
            let decoded = RecordBatchDecoder::decode(&mut rewritten).unwrap();
            let offsets: Vec<_> = decoded
                .records
                .iter()
                .map(|r| (r.offset, r.timestamp))
                .collect();
            assert_eq!(offsets, [(70, 1000), (71, 1300)], "{codec:?}");
        }
    }
}
