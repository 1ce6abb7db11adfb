//! The encoding of one record.

/// What a record holds, as it is encoded.
#[derive(Debug)]
pub(super) struct Parts<'a> {
    pub(super) key: Option<&'a [u8]>,
    pub(super) value: Option<&'a [u8]>,
    /// The headers' number and the headers.
    pub(super) headers: &'a [u8],
}

/// Appends a record; its deltas count from the batch's base offset and base timestamp.
pub(super) fn put_record(
    out: &mut Vec<u8>,
    record: &Parts<'_>,
    timestamp_delta: i64,
    offset_delta: i64,
) {
    // No attributes are defined for a record.
    let mut body = vec![0];
    put_varint(&mut body, timestamp_delta);
    put_varint(&mut body, offset_delta);
    put_nullable(&mut body, record.key);
    put_nullable(&mut body, record.value);
    body.extend_from_slice(record.headers);
    put_varint(out, length(body.len()));
    out.extend(body);
}

/// Appends a zigzag varint.
pub(super) fn put_varint(out: &mut Vec<u8>, value: i64) {
    let mut value = ((value << 1) ^ (value >> 63)).cast_unsigned();
    while value >= 0x80 {
        out.push(u8::try_from(value & 0x7f).unwrap_or(0) | 0x80);
        value >>= 7;
    }
    out.push(u8::try_from(value).unwrap_or(0));
}

/// Appends bytes behind their length; -1 stands for null.
pub(super) fn put_nullable(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    let Some(bytes) = bytes else {
        return put_varint(out, -1);
    };
    put_varint(out, length(bytes.len()));
    out.extend_from_slice(bytes);
}

fn length(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}
