//! Building batches: those of the broker's own topics, and any for tests.

use bytes::Bytes;

use super::Header;
use super::compress::Codec;
use super::encode::{Parts, put_nullable, put_record, put_varint};

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
        let mut encoded = Vec::new();
        put_varint(&mut encoded, i64::try_from(headers.len()).unwrap_or(0));
        for (name, value) in headers {
            put_nullable(&mut encoded, Some(name.as_bytes()));
            put_nullable(&mut encoded, value.map(str::as_bytes));
        }
        let parts = Parts {
            key,
            value,
            headers: &encoded,
        };
        let timestamp_delta = timestamp - self.base_timestamp;
        put_record(&mut self.body, &parts, timestamp_delta, self.count.into());
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
        let header = Header {
            base_offset: 0,
            batch_length: 0,
            leader_epoch: -1,
            magic: 2,
            crc: 0,
            attributes: codec | self.flags,
            last_offset_delta: self.count - 1,
            base_timestamp: self.base_timestamp,
            max_timestamp: self.max_timestamp.max(self.base_timestamp),
            producer_id,
            producer_epoch,
            base_sequence,
            record_count: self.count,
        };
        header.seal(&body).bytes
    }
}
