//! Record batches, right and wrong ones.

use std::io::Write;

use bytes::{BufMut, Bytes};

/// The header of a batch; what is not set is right.
#[derive(Debug, Clone)]
pub(crate) struct Batch {
    pub(crate) values: Vec<(Option<&'static str>, String, i64)>,
    pub(crate) attributes: i16,
    pub(crate) producer: (i64, i16, i32),
    pub(crate) magic: i8,
    pub(crate) count: Option<i32>,
    pub(crate) last_offset_delta: Option<i32>,
    pub(crate) crc: Option<u32>,
}

impl Batch {
    /// A batch of `count` records of `size` bytes, without keys, of now.
    pub(crate) fn of(count: usize, size: usize) -> Self {
        let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis();
        let now = i64::try_from(now).unwrap();
        Self {
            values: vec![(None, "x".repeat(size), now); count],
            attributes: 0,
            producer: (-1, -1, -1),
            magic: 2,
            count: None,
            last_offset_delta: None,
            crc: None,
        }
    }

    /// One record at a time.
    pub(crate) fn at(millis: i64) -> Self {
        let mut batch = Self::of(1, 5);
        batch.values[0].2 = millis;
        batch
    }

    pub(crate) fn producer(mut self, id: i64, epoch: i16, sequence: i32) -> Self {
        self.producer = (id, epoch, sequence);
        self
    }

    /// The batch, its records packed with gzip.
    pub(crate) fn gzipped(&self) -> Bytes {
        let mut batch = self.clone();
        batch.attributes |= 1;
        let whole = batch.bytes();
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(&whole[61..]).unwrap();
        let mut bytes = whole[..61].to_vec();
        bytes.extend(encoder.finish().unwrap());
        let length = i32::try_from(bytes.len() - 12).unwrap();
        bytes[8..12].copy_from_slice(&length.to_be_bytes());
        let crc = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc32Iscsi, &bytes[21..]);
        bytes[17..21].copy_from_slice(&u32::try_from(crc).unwrap().to_be_bytes());
        bytes.into()
    }

    /// The batch with null for every value.
    #[allow(
        dead_code,
        reason = "this file is the wire tests' too, and they use it"
    )]
    pub(crate) fn tombstones(&self) -> Bytes {
        self.encode(true)
    }

    pub(crate) fn bytes(&self) -> Bytes {
        self.encode(false)
    }

    fn encode(&self, deletes: bool) -> Bytes {
        let base = self.values[0].2;
        let mut body = Vec::new();
        for (delta, (key, value, at)) in (0..).zip(&self.values) {
            let mut record = vec![0];
            varint(&mut record, at - base);
            varint(&mut record, delta);
            match key {
                Some(key) => {
                    varint(&mut record, i64::try_from(key.len()).unwrap());
                    record.extend_from_slice(key.as_bytes());
                }
                None => varint(&mut record, -1),
            }
            if deletes {
                varint(&mut record, -1);
            } else {
                varint(&mut record, i64::try_from(value.len()).unwrap());
                record.extend_from_slice(value.as_bytes());
            }
            varint(&mut record, 0);
            varint(&mut body, i64::try_from(record.len()).unwrap());
            body.extend(record);
        }
        let count = i32::try_from(self.values.len()).unwrap();
        let mut tail = Vec::new();
        tail.put_i16(self.attributes);
        tail.put_i32(self.last_offset_delta.unwrap_or(count - 1));
        tail.put_i64(base);
        tail.put_i64(self.values.iter().map(|(_, _, at)| *at).max().unwrap());
        tail.put_i64(self.producer.0);
        tail.put_i16(self.producer.1);
        tail.put_i32(self.producer.2);
        tail.put_i32(self.count.unwrap_or(count));
        tail.extend(body);
        let crc = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc32Iscsi, &tail);
        let mut batch = Vec::new();
        batch.put_i64(0);
        batch.put_i32(i32::try_from(tail.len() + 9).unwrap());
        batch.put_i32(-1);
        batch.put_i8(self.magic);
        batch.put_u32(self.crc.unwrap_or(u32::try_from(crc).unwrap()));
        batch.extend(tail);
        batch.into()
    }
}

fn varint(out: &mut Vec<u8>, value: i64) {
    let mut value = ((value << 1) ^ (value >> 63)).cast_unsigned();
    while value >= 0x80 {
        out.push(u8::try_from(value & 0x7f).unwrap() | 0x80);
        value >>= 7;
    }
    out.push(u8::try_from(value).unwrap());
}
