//! Record batches in one line.
//!
//! Apache Kafka cuts an answer off at the size asked for, within a batch if need be; no client can use
//! that part, and it is left out here.

use bytes::Buf;

/// The whole batches in `bytes`.
pub(crate) fn batches(mut bytes: &[u8]) -> String {
    let mut told = String::new();
    while bytes.len() >= 61 {
        let mut header = &bytes[..61];
        let base = header.get_i64();
        let length = usize::try_from(header.get_i32()).unwrap() + 12;
        let epoch = header.get_i32();
        let magic = header.get_i8();
        let _crc = header.get_u32();
        let attributes = header.get_i16();
        let last = header.get_i32();
        let (first_time, max_time) = (header.get_i64(), header.get_i64());
        let (id, producer_epoch) = (header.get_i64(), header.get_i16());
        let (sequence, count) = (header.get_i32(), header.get_i32());
        if length > bytes.len() {
            break;
        }
        told += &format!(
            " [{base}+{last} n={count} e={epoch} m={magic} a={attributes:#x} t={first_time}..{max_time} ProducerId({id})/{producer_epoch}/{sequence}"
        );
        if attributes & 0x20 != 0 {
            // All but the coordinator's epoch, the last field of the value.
            told += &format!(" {:02x?}", &bytes[61..length - 5]);
        }
        told += "]";
        bytes = &bytes[length..];
    }
    told
}
