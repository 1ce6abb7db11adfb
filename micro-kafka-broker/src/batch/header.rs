//! The 61 bytes before the records.

use bytes::{BufMut, BytesMut};

use super::{Batch, BatchError};

/// Bytes before the records of a batch.
pub(crate) const HEADER_LEN: usize = 61;
/// Bytes of a batch that its length field does not count: base offset and the field itself.
pub(crate) const PREFIX_LEN: usize = 12;

pub(super) const COMPRESSION_MASK: i16 = 0x07;
const TIMESTAMP_TYPE_MASK: i16 = 0x08;
const TRANSACTIONAL_MASK: i16 = 0x10;
const CONTROL_MASK: i16 = 0x20;
/// The base timestamp is the time from which on tombstones and markers may go.
pub(super) const DELETE_HORIZON_MASK: i16 = 0x40;
/// The CRC covers everything from the attributes on.
pub(super) const CRC_FROM: usize = 21;
const CRC_AT: usize = 17;
const ATTRIBUTES_AT: usize = 21;
const MAX_TIMESTAMP_AT: usize = 35;

/// The fields of a batch header, in wire order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    /// Offset of the first record.
    pub(crate) base_offset: i64,
    /// Bytes after this field.
    pub(crate) batch_length: i32,
    /// Epoch of the leader that appended the batch.
    pub(crate) leader_epoch: i32,
    /// Format, 2.
    pub(crate) magic: i8,
    /// CRC-32C of everything after this field.
    pub(crate) crc: u32,
    /// Codec, timestamp type, transactional and control bits.
    pub(crate) attributes: i16,
    /// Offset of the last record less `base_offset`.
    pub(crate) last_offset_delta: i32,
    /// Timestamp from which the records' deltas count, in milliseconds since 1970.
    pub(crate) base_timestamp: i64,
    /// Largest timestamp of the batch.
    pub(crate) max_timestamp: i64,
    /// The idempotent producer's id, or -1.
    pub(crate) producer_id: i64,
    /// Its epoch, or -1.
    pub(crate) producer_epoch: i16,
    /// Sequence number of the first record, or -1.
    pub(crate) base_sequence: i32,
    /// Number of records.
    pub(crate) record_count: i32,
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Result<[u8; N], BatchError> {
    let slice = bytes.get(at..at + N);
    slice
        .and_then(|s| s.try_into().ok())
        .ok_or(BatchError::Corrupt("bytes end inside the header"))
}

impl Header {
    /// Reads the header at the start of `bytes`; nothing beyond the length is checked.
    ///
    /// # Errors
    /// [`BatchError::Corrupt`] when there are fewer than [`HEADER_LEN`] bytes.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, BatchError> {
        Ok(Self {
            base_offset: i64::from_be_bytes(array(bytes, 0)?),
            batch_length: i32::from_be_bytes(array(bytes, 8)?),
            leader_epoch: i32::from_be_bytes(array(bytes, 12)?),
            magic: i8::from_be_bytes(array(bytes, 16)?),
            crc: u32::from_be_bytes(array(bytes, CRC_AT)?),
            attributes: i16::from_be_bytes(array(bytes, ATTRIBUTES_AT)?),
            last_offset_delta: i32::from_be_bytes(array(bytes, 23)?),
            base_timestamp: i64::from_be_bytes(array(bytes, 27)?),
            max_timestamp: i64::from_be_bytes(array(bytes, MAX_TIMESTAMP_AT)?),
            producer_id: i64::from_be_bytes(array(bytes, 43)?),
            producer_epoch: i16::from_be_bytes(array(bytes, 51)?),
            base_sequence: i32::from_be_bytes(array(bytes, 53)?),
            record_count: i32::from_be_bytes(array(bytes, 57)?),
        })
    }

    /// The batch of this header and these records, packed as the header says; length and CRC are
    /// those of the bytes.
    pub(super) fn seal(mut self, records: &[u8]) -> Batch {
        let size = HEADER_LEN + records.len();
        self.batch_length = i32::try_from(size - PREFIX_LEN).unwrap_or(i32::MAX);
        let mut bytes = BytesMut::with_capacity(size);
        self.write(&mut bytes);
        bytes.extend_from_slice(records);
        self.crc = crc32c(&bytes[CRC_FROM..]);
        bytes[CRC_AT..CRC_FROM].copy_from_slice(&self.crc.to_be_bytes());
        Batch {
            header: self,
            bytes: bytes.freeze(),
        }
    }

    fn write(&self, bytes: &mut BytesMut) {
        bytes.put_i64(self.base_offset);
        bytes.put_i32(self.batch_length);
        bytes.put_i32(self.leader_epoch);
        bytes.put_i8(self.magic);
        bytes.put_u32(self.crc);
        bytes.put_i16(self.attributes);
        bytes.put_i32(self.last_offset_delta);
        bytes.put_i64(self.base_timestamp);
        bytes.put_i64(self.max_timestamp);
        bytes.put_i64(self.producer_id);
        bytes.put_i16(self.producer_epoch);
        bytes.put_i32(self.base_sequence);
        bytes.put_i32(self.record_count);
    }

    /// The whole batch's length in bytes, or `None` when the length field is impossible.
    pub(crate) fn size(&self) -> Option<usize> {
        let size = usize::try_from(self.batch_length)
            .ok()?
            .checked_add(PREFIX_LEN)?;
        (size >= HEADER_LEN).then_some(size)
    }

    /// Offset of the last record.
    pub(crate) fn last_offset(&self) -> i64 {
        self.base_offset + i64::from(self.last_offset_delta)
    }

    /// Sequence number of the last record; sequences wrap from `i32::MAX` to 0.
    pub(crate) fn last_sequence(&self) -> i32 {
        let sum = i64::from(self.base_sequence) + i64::from(self.last_offset_delta);
        i32::try_from(sum % (1 << 31)).unwrap_or(i32::MAX)
    }

    /// The compression codec's number, 0 for none.
    pub(crate) fn codec(&self) -> i16 {
        self.attributes & COMPRESSION_MASK
    }

    /// Whether the broker stamped the batch, not the producer.
    pub(crate) fn is_log_append_time(&self) -> bool {
        self.attributes & TIMESTAMP_TYPE_MASK != 0
    }

    /// Whether the batch belongs to a transaction.
    pub(crate) fn is_transactional(&self) -> bool {
        self.attributes & TRANSACTIONAL_MASK != 0
    }

    /// Whether the batch holds transaction markers.
    pub(crate) fn is_control(&self) -> bool {
        self.attributes & CONTROL_MASK != 0
    }

    /// When its tombstones and markers may go, in milliseconds since 1970, if compaction has
    /// decided that.
    pub(crate) fn delete_horizon(&self) -> Option<i64> {
        (self.attributes & DELETE_HORIZON_MASK != 0).then_some(self.base_timestamp)
    }

    /// Whether an idempotent producer sent the batch.
    pub(crate) fn has_producer(&self) -> bool {
        self.producer_id >= 0
    }
}

/// Sets what the leader decides; neither field is covered by the CRC.
///
/// `batch` holds at least the first 16 bytes of a batch; a shorter slice is left alone.
pub(crate) fn patch_prefix(batch: &mut [u8], base_offset: i64, leader_epoch: i32) {
    if let Some(field) = batch.get_mut(0..8) {
        field.copy_from_slice(&base_offset.to_be_bytes());
    }
    if let Some(field) = batch.get_mut(12..16) {
        field.copy_from_slice(&leader_epoch.to_be_bytes());
    }
}

/// Stamps a whole batch with the broker's time and renews its CRC.
pub(crate) fn patch_log_append_time(batch: &mut [u8], now_millis: i64) {
    if batch.len() < HEADER_LEN {
        return;
    }
    let attributes = i16::from_be_bytes([batch[ATTRIBUTES_AT], batch[ATTRIBUTES_AT + 1]]);
    let attributes = attributes | TIMESTAMP_TYPE_MASK;
    batch[ATTRIBUTES_AT..ATTRIBUTES_AT + 2].copy_from_slice(&attributes.to_be_bytes());
    batch[MAX_TIMESTAMP_AT..MAX_TIMESTAMP_AT + 8].copy_from_slice(&now_millis.to_be_bytes());
    let crc = crc32c(&batch[CRC_FROM..]);
    batch[CRC_AT..CRC_AT + 4].copy_from_slice(&crc.to_be_bytes());
}

/// Whether the bytes of a batch are those that its header's checksum was made of.
pub(crate) fn is_whole(batch: &[u8], header: &Header) -> bool {
    let summed = batch.get(CRC_FROM..);
    summed.is_some_and(|summed| crc32c(summed) == header.crc)
}

/// Sets a whole batch's largest timestamp to one of a producer, and renews its CRC.
pub(super) fn patch_create_time(batch: &mut [u8], max_timestamp: i64) {
    if batch.len() < HEADER_LEN {
        return;
    }
    let attributes = i16::from_be_bytes([batch[ATTRIBUTES_AT], batch[ATTRIBUTES_AT + 1]]);
    let attributes = attributes & !TIMESTAMP_TYPE_MASK;
    batch[ATTRIBUTES_AT..ATTRIBUTES_AT + 2].copy_from_slice(&attributes.to_be_bytes());
    batch[MAX_TIMESTAMP_AT..MAX_TIMESTAMP_AT + 8].copy_from_slice(&max_timestamp.to_be_bytes());
    let crc = crc32c(&batch[CRC_FROM..]);
    batch[CRC_AT..CRC_AT + 4].copy_from_slice(&crc.to_be_bytes());
}

/// CRC-32C (Castagnoli), as Kafka uses it.
pub(crate) fn crc32c(bytes: &[u8]) -> u32 {
    let sum = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc32Iscsi, bytes);
    // The algorithm is 32 bits wide; crc-fast returns every checksum as a u64.
    u32::try_from(sum).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::BatchBuilder;

    #[test]
    fn crc_is_castagnoli() {
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
    }

    #[test]
    fn sequences_wrap_to_zero_after_i32_max() {
        let mut header = Header::read(&BatchBuilder::new().value("a").build()).unwrap();
        header.base_sequence = i32::MAX - 1;
        header.last_offset_delta = 1;
        assert_eq!(header.last_sequence(), i32::MAX);
        header.last_offset_delta = 2;
        assert_eq!(header.last_sequence(), 0);
        header.last_offset_delta = 4;
        assert_eq!(header.last_sequence(), 2);
    }

    #[test]
    fn a_patched_prefix_keeps_the_crc_valid() {
        let batch = BatchBuilder::new().value("a").value("b").build();
        let mut bytes = batch.to_vec();
        patch_prefix(&mut bytes, 41, 7);
        let header = Header::read(&bytes).unwrap();
        assert_eq!(
            (
                header.base_offset,
                header.last_offset(),
                header.leader_epoch
            ),
            (41, 42, 7)
        );
        assert_eq!(header.crc, crc32c(&bytes[CRC_FROM..]));
    }

    #[test]
    fn log_append_time_renews_the_crc() {
        let mut bytes = BatchBuilder::new().value("a").build().to_vec();
        patch_log_append_time(&mut bytes, 1234);
        let header = Header::read(&bytes).unwrap();
        assert!(header.is_log_append_time());
        assert_eq!(header.max_timestamp, 1234);
        assert_eq!(header.crc, crc32c(&bytes[CRC_FROM..]));
    }

    #[test]
    fn a_short_header_is_corrupt() {
        let batch = BatchBuilder::new().value("a").build();
        for len in 0..HEADER_LEN {
            assert!(Header::read(&batch[..len]).is_err(), "{len}");
        }
    }
}
