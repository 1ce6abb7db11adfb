//! Reading the records of a batch, for the cold paths.

use bytes::{Buf, Bytes};

use super::compress::Codec;
use super::{BatchError, HEADER_LEN, Header};

/// One record of a batch; keys and values are slices of the (unpacked) batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RecordView {
    /// The record's offset.
    pub(crate) offset: i64,
    /// Its timestamp in milliseconds since 1970.
    pub(crate) timestamp: i64,
    /// The key, if any.
    pub(crate) key: Option<Bytes>,
    /// The value; `None` is a tombstone.
    pub(crate) value: Option<Bytes>,
    /// Headers in order; names are not necessarily UTF-8 and may repeat.
    pub(crate) headers: Vec<(Bytes, Option<Bytes>)>,
}

/// A record whose headers have not been looked at: what a hostile batch can make of a few bytes
/// is bounded by their number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outline {
    /// The record's offset.
    pub(crate) offset: i64,
    /// Its timestamp in milliseconds since 1970.
    pub(crate) timestamp: i64,
    /// The key, if any.
    pub(crate) key: Option<Bytes>,
    /// The value; `None` is a tombstone.
    pub(crate) value: Option<Bytes>,
    /// The headers' number and the headers, as they are encoded.
    pub(super) headers: Bytes,
}

/// The records of one batch, in order; ends after the first unreadable one.
#[derive(Debug)]
pub(crate) struct Records(Outlines);

/// As [`Records`], without their headers.
#[derive(Debug, Clone)]
pub(crate) struct Outlines {
    header: Header,
    body: Bytes,
    left: i32,
}

/// Unpacks `batch` (one whole batch) and reads its records.
///
/// # Errors
/// When the header is short, the codec unknown or the records cannot be unpacked.
pub(crate) fn records(batch: &Bytes) -> Result<Records, BatchError> {
    outlines(batch).map(Records)
}

/// Unpacks `batch` (one whole batch) and reads its records without their headers.
///
/// # Errors
/// As [`records`].
pub(crate) fn outlines(batch: &Bytes) -> Result<Outlines, BatchError> {
    let header = Header::read(batch)?;
    let codec = Codec::from_number(header.codec())?;
    let size = header.size().filter(|size| *size <= batch.len());
    let size = size.ok_or(BatchError::Corrupt("batch length is wrong"))?;
    let body = codec.unpack(&batch.slice(HEADER_LEN..size))?;
    Ok(Outlines {
        header,
        body,
        left: header.record_count,
    })
}

const UNREADABLE: BatchError = BatchError::Corrupt("record cannot be read");

impl Iterator for Records {
    type Item = Result<RecordView, BatchError>;

    fn next(&mut self) -> Option<Self::Item> {
        let record = self.0.next()?;
        let record = record.and_then(|outline| outline.view().ok_or(UNREADABLE));
        if record.is_err() {
            self.0.left = 0;
        }
        Some(record)
    }
}

impl Iterator for Outlines {
    type Item = Result<Outline, BatchError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left <= 0 {
            return None;
        }
        self.left -= 1;
        let record = self.read_one().ok_or(UNREADABLE);
        if record.is_err() {
            self.left = 0;
        }
        Some(record)
    }
}

impl Outlines {
    fn read_one(&mut self) -> Option<Outline> {
        let length = usize::try_from(varint(&mut self.body)?).ok()?;
        if length > self.body.len() {
            return None;
        }
        let mut record = self.body.split_to(length);
        record.try_get_i8().ok()?;
        let timestamp_delta = varint(&mut record)?;
        let offset_delta = varint(&mut record)?;
        let key = nullable(&mut record)?;
        let value = nullable(&mut record)?;
        let stamped = self.header.is_log_append_time();
        Some(Outline {
            offset: self.header.base_offset.checked_add(offset_delta)?,
            timestamp: match stamped {
                true => self.header.max_timestamp,
                false => self.header.base_timestamp.checked_add(timestamp_delta)?,
            },
            key,
            value,
            headers: record,
        })
    }
}

impl Outline {
    fn view(self) -> Option<RecordView> {
        let mut encoded = self.headers;
        let count = usize::try_from(varint(&mut encoded)?).ok()?;
        // A header takes at least two bytes, which bounds the allocation.
        if count > encoded.len() / 2 {
            return None;
        }
        let mut headers = Vec::with_capacity(count);
        for _ in 0..count {
            headers.push((nullable(&mut encoded)??, nullable(&mut encoded)?));
        }
        Some(RecordView {
            offset: self.offset,
            timestamp: self.timestamp,
            key: self.key,
            value: self.value,
            headers,
        })
    }
}

/// Reads a zigzag varint of at most ten bytes.
fn varint(bytes: &mut Bytes) -> Option<i64> {
    let mut value = 0u64;
    for shift in (0..70).step_by(7) {
        let byte = bytes.try_get_u8().ok()?;
        value |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some((value >> 1).cast_signed() ^ -(value & 1).cast_signed());
        }
    }
    None
}

/// Reads length-prefixed bytes, -1 for null; the outer `None` means unreadable.
#[expect(
    clippy::option_option,
    reason = "unreadable and null are different answers"
)]
fn nullable(bytes: &mut Bytes) -> Option<Option<Bytes>> {
    let length = varint(bytes)?;
    if length < 0 {
        return Some(None);
    }
    let length = usize::try_from(length)
        .ok()
        .filter(|length| *length <= bytes.len())?;
    Some(Some(bytes.split_to(length)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::batch::BatchBuilder;

    #[test]
    fn records_come_back_as_they_were_built() {
        let batch = BatchBuilder::new()
            .base_timestamp(1000)
            .record(Some(b"k"), Some(b"v"), 1005)
            .record(None, None, 990)
            .build();
        let read: Vec<_> = records(&batch).unwrap().map(Result::unwrap).collect();
        assert_eq!(read[0].key.as_deref(), Some(&b"k"[..]));
        assert_eq!((read[0].offset, read[0].timestamp), (0, 1005));
        assert_eq!((read[1].key.clone(), read[1].value.clone()), (None, None));
        assert_eq!((read[1].offset, read[1].timestamp), (1, 990));
    }

    #[test]
    fn every_codec_is_unpacked() {
        for codec in [
            Codec::None,
            Codec::Gzip,
            Codec::Snappy,
            Codec::Lz4,
            Codec::Zstd,
        ] {
            let batch = BatchBuilder::new()
                .codec(codec)
                .value("first")
                .value("second")
                .build();
            let values: Vec<_> = records(&batch)
                .unwrap()
                .map(|r| r.unwrap().value.unwrap())
                .collect();
            assert_eq!(values, ["first", "second"], "{codec:?}");
        }
    }

    #[test]
    fn snappy_java_framing_is_unpacked() {
        let mut framed = b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01".to_vec();
        for part in [&b"hello "[..], b"world"] {
            let block = snap::raw::Encoder::new().compress_vec(part).unwrap();
            framed.extend(u32::try_from(block.len()).unwrap().to_be_bytes());
            framed.extend(block);
        }
        assert_eq!(Codec::Snappy.unpack(&framed.into()).unwrap(), "hello world");
    }

    #[test]
    fn a_decompression_bomb_is_refused() {
        use std::io::Write;
        let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        for _ in 0..129 {
            bomb.write_all(&vec![0; 1 << 20]).unwrap();
        }
        assert!(Codec::Gzip.unpack(&bomb.finish().unwrap().into()).is_err());
        // A snappy block that claims 4 GiB.
        assert!(
            Codec::Snappy
                .unpack(&Bytes::from_static(b"\xff\xff\xff\xff\x0f\0"))
                .is_err()
        );
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(body in proptest::collection::vec(any::<u8>(), 0..200), codec in 0i16..5) {
            let good = BatchBuilder::new().value("x").value("y").build();
            let mut bytes = good[..HEADER_LEN].to_vec();
            bytes[22] = u8::try_from(codec).unwrap();
            bytes.extend(&body);
            let length = i32::try_from(bytes.len() - 12).unwrap();
            bytes[8..12].copy_from_slice(&length.to_be_bytes());
            if let Ok(records) = records(&bytes.into()) {
                prop_assert!(records.count() <= 2);
            }
        }
    }
}
