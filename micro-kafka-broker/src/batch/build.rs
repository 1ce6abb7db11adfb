//! Building batches: those of the broker's own topics, and any for tests.

use bytes::{BufMut, Bytes, BytesMut};

use super::compress::Codec;
use super::encode::{put_nullable, put_varint};
use super::header::{CRC_FROM, HEADER_LEN, PREFIX_LEN, crc32c};

/// Builds one record batch, records in order from offset 0.
#[derive(Debug, Clone)]
pub(crate) struct BatchBuilder {
    codec: Codec,
    producer: (i64, i16, i32),
    flags: i16,
    base_timestamp: i64,
    max_timestamp: i64,
    count: i32,
    body: Vec<u8>,
}

impl Default for BatchBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl BatchBuilder {
    /// An empty, uncompressed batch without a producer, at timestamp 0.
    pub(crate) fn new() -> Self {
        Self {
            codec: Codec::None,
            producer: (-1, -1, -1),
            flags: 0,
            base_timestamp: 0,
            max_timestamp: i64::MIN,
            count: 0,
            body: Vec::new(),
        }
    }

    /// Compresses the records with `codec`.
    #[cfg(test)]
    pub(crate) fn codec(mut self, codec: Codec) -> Self {
        self.codec = codec;
        self
    }

    /// Sets the idempotent producer's id and epoch and the first record's sequence number.
    pub(crate) fn producer(mut self, id: i64, epoch: i16, base_sequence: i32) -> Self {
        self.producer = (id, epoch, base_sequence);
        self
    }

    /// Sets the timestamp from which deltas count; call it before adding records.
    pub(crate) fn base_timestamp(mut self, millis: i64) -> Self {
        self.base_timestamp = millis;
        self
    }

    /// Sets further attribute bits, such as 0x10 for transactional.
    pub(crate) fn flags(mut self, bits: i16) -> Self {
        self.flags = bits;
        self
    }

    /// Adds a record without a key at the base timestamp.
    #[cfg(test)]
    pub(crate) fn value(self, value: &str) -> Self {
        let timestamp = self.base_timestamp;
        self.record(None, Some(value.as_bytes()), timestamp)
    }

    /// Adds a record without headers.
    pub(crate) fn record(self, key: Option<&[u8]>, value: Option<&[u8]>, timestamp: i64) -> Self {
        self.record_with(key, value, timestamp, &[])
    }

    /// Adds a record.
    pub(crate) fn record_with(
        mut self,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        timestamp: i64,
        headers: &[(&str, Option<&str>)],
    ) -> Self {
        let mut record = vec![0u8];
        put_varint(&mut record, timestamp - self.base_timestamp);
        put_varint(&mut record, i64::from(self.count));
        put_nullable(&mut record, key);
        put_nullable(&mut record, value);
        put_varint(&mut record, i64::try_from(headers.len()).unwrap_or(0));
        for (name, value) in headers {
            put_nullable(&mut record, Some(name.as_bytes()));
            put_nullable(&mut record, value.map(str::as_bytes));
        }
        put_varint(
            &mut self.body,
            i64::try_from(record.len()).unwrap_or(i64::MAX),
        );
        self.body.extend(record);
        self.count += 1;
        self.max_timestamp = self.max_timestamp.max(timestamp);
        self
    }

    /// The batch's bytes, CRC included.
    pub(crate) fn build(&self) -> Bytes {
        let packed = self.codec.pack(self.body.clone());
        let (codec, body) = match packed {
            Ok(packed) => (self.codec.number(), packed),
            Err(_) => (0, self.body.clone()),
        };
        let (producer_id, producer_epoch, base_sequence) = self.producer;
        let mut batch = BytesMut::with_capacity(HEADER_LEN + body.len());
        batch.put_i64(0);
        batch.put_i32(i32::try_from(HEADER_LEN - PREFIX_LEN + body.len()).unwrap_or(i32::MAX));
        batch.put_i32(-1);
        batch.put_i8(2);
        batch.put_u32(0);
        batch.put_i16(codec | self.flags);
        batch.put_i32(self.count - 1);
        batch.put_i64(self.base_timestamp);
        batch.put_i64(self.max_timestamp.max(self.base_timestamp));
        batch.put_i64(producer_id);
        batch.put_i16(producer_epoch);
        batch.put_i32(base_sequence);
        batch.put_i32(self.count);
        batch.put_slice(&body);
        let crc = crc32c(&batch[CRC_FROM..]);
        batch[17..21].copy_from_slice(&crc.to_be_bytes());
        batch.freeze()
    }
}
