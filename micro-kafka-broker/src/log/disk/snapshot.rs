//! `.snapshot`: the producers' state before an offset.
//!
//! Version, CRC-32C of the rest, number of entries, entries.

use bytes::{Buf, BufMut};

use crate::batch::crc32c;

const VERSION: i16 = 1;
const ENTRY: usize = 46;
/// Bytes before what the CRC covers.
const CRC_END: usize = 6;

/// A producer's last batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ProducerEntry {
    /// The producer.
    pub(crate) producer_id: i64,
    /// Its epoch.
    pub(crate) epoch: i16,
    /// Sequence number of its last record, or -1.
    pub(crate) last_sequence: i32,
    /// Offset of its last record, or -1.
    pub(crate) last_offset: i64,
    /// Last offset of that batch less its first.
    pub(crate) offset_delta: i32,
    /// The largest timestamp of that batch.
    pub(crate) timestamp: i64,
    /// The coordinator that ended its last transaction, or -1.
    pub(crate) coordinator_epoch: i32,
    /// First offset of its open transaction, or -1.
    pub(crate) open: i64,
}

/// The file's bytes.
pub(super) fn encode(entries: &[ProducerEntry]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(CRC_END + 4 + entries.len() * ENTRY);
    bytes.put_i16(VERSION);
    bytes.put_u32(0);
    bytes.put_i32(i32::try_from(entries.len()).unwrap_or(i32::MAX));
    for entry in entries {
        bytes.put_i64(entry.producer_id);
        bytes.put_i16(entry.epoch);
        bytes.put_i32(entry.last_sequence);
        bytes.put_i64(entry.last_offset);
        bytes.put_i32(entry.offset_delta);
        bytes.put_i64(entry.timestamp);
        bytes.put_i32(entry.coordinator_epoch);
        bytes.put_i64(entry.open);
    }
    let crc = crc32c(&bytes[CRC_END..]);
    bytes[2..CRC_END].copy_from_slice(&crc.to_be_bytes());
    bytes
}

/// Reads the file's bytes.
///
/// # Errors
/// What is wrong with them.
pub(super) fn decode(mut bytes: &[u8]) -> Result<Vec<ProducerEntry>, &'static str> {
    const SHORT: &str = "it ends too early";
    if bytes.try_get_i16() != Ok(VERSION) {
        return Err("its version is not 1");
    }
    let crc = bytes.try_get_u32().map_err(|_| SHORT)?;
    if crc != crc32c(bytes) {
        return Err("its checksum does not match");
    }
    let count = bytes.try_get_i32().map_err(|_| SHORT)?;
    let size = usize::try_from(count)
        .ok()
        .and_then(|n| n.checked_mul(ENTRY));
    if size != Some(bytes.len()) {
        return Err("its length does not fit its number of entries");
    }
    let entries = bytes.chunks_exact(ENTRY).map(|mut entry| ProducerEntry {
        producer_id: entry.get_i64(),
        epoch: entry.get_i16(),
        last_sequence: entry.get_i32(),
        last_offset: entry.get_i64(),
        offset_delta: entry.get_i32(),
        timestamp: entry.get_i64(),
        coordinator_epoch: entry.get_i32(),
        open: entry.get_i64(),
    });
    Ok(entries.collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry(producer_id: i64) -> ProducerEntry {
        ProducerEntry {
            producer_id,
            epoch: 3,
            last_sequence: 41,
            last_offset: 99,
            offset_delta: 4,
            timestamp: 1234,
            coordinator_epoch: -1,
            open: 95,
        }
    }

    proptest! {
        #[test]
        fn entries_come_back_and_any_flipped_bit_is_noticed(count in 0i64..5, bit in any::<prop::sample::Index>()) {
            let entries: Vec<_> = (0..count).map(entry).collect();
            let mut bytes = encode(&entries);
            prop_assert_eq!(decode(&bytes), Ok(entries));
            let bit = bit.index(bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(decode(&bytes).is_err());
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&bytes);
        }
    }
}
