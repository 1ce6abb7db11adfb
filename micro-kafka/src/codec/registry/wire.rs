//! The header of Confluent's serializers: a zero, the schema's id as a big-endian integer, and for
//! Protobuf the place of the message in its file.

use super::RegistryError;
use super::error::Found;

const MAGIC: u8 = 0;
/// Messages are hardly ever nested as deeply.
#[cfg(feature = "protobuf")]
const MAX_INDEXES: i64 = 64;

/// The id, and what follows it.
pub(super) fn parse(payload: &[u8]) -> Result<(i32, &[u8]), RegistryError> {
    let no_header = |found| Err(RegistryError::NoHeader { found });
    match payload {
        [MAGIC, a, b, c, d, rest @ ..] => Ok((i32::from_be_bytes([*a, *b, *c, *d]), rest)),
        [MAGIC, ..] | [] => no_header(Found::Short(payload.len())),
        [other, ..] => no_header(Found::Byte(*other)),
    }
}

/// Appends magic and id.
pub(super) fn append(id: i32, buffer: &mut Vec<u8>) {
    buffer.push(MAGIC);
    buffer.extend_from_slice(&id.to_be_bytes());
}

/// Appends the place of a message: the first one of a file is a single zero.
#[cfg(feature = "protobuf")]
pub(in crate::codec) fn append_indexes(indexes: &[i32], buffer: &mut Vec<u8>) {
    if indexes == [0] {
        buffer.push(0);
        return;
    }
    append_varint(i64::try_from(indexes.len()).unwrap_or(0), buffer);
    for index in indexes {
        append_varint(i64::from(*index), buffer);
    }
}

/// The place of a message, and what follows it.
#[cfg(feature = "protobuf")]
pub(in crate::codec) fn parse_indexes(bytes: &[u8]) -> Result<(Vec<i32>, &[u8]), RegistryError> {
    let none = || RegistryError::NoHeader {
        found: Found::Indexes,
    };
    let (count, mut rest) = varint(bytes).ok_or_else(none)?;
    if count == 0 {
        return Ok((vec![0], rest));
    }
    if !(1..=MAX_INDEXES).contains(&count) {
        return Err(none());
    }
    let mut indexes = Vec::new();
    for _ in 0..count {
        let (index, after) = varint(rest).ok_or_else(none)?;
        indexes.push(i32::try_from(index).map_err(|_| none())?);
        rest = after;
    }
    Ok((indexes, rest))
}

/// A zigzag varint.
#[cfg(feature = "protobuf")]
fn append_varint(number: i64, buffer: &mut Vec<u8>) {
    let mut number = ((number << 1) ^ (number >> 63)).cast_unsigned();
    while number >= 0x80 {
        buffer.push((number & 0x7f | 0x80).to_le_bytes()[0]);
        number >>= 7;
    }
    buffer.push(number.to_le_bytes()[0]);
}

#[cfg(feature = "protobuf")]
fn varint(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let mut number = 0_u64;
    for (at, byte) in bytes.iter().take(9).enumerate() {
        number |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            let number = (number >> 1).cast_signed() ^ -(number & 1).cast_signed();
            return Some((number, &bytes[at + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_header_is_confluents() {
        let mut buffer = Vec::new();
        append(258, &mut buffer);
        assert_eq!(buffer, [0, 0, 0, 1, 2]);
        buffer.push(9);
        assert_eq!(parse(&buffer).unwrap(), (258, &[9][..]));
    }

    #[test]
    fn case_56_what_has_no_header_is_told() {
        for (payload, told) in [
            (&b""[..], "begins with 0 bytes in all"),
            (b"\0\0\0\0", "begins with 4 bytes in all"),
            (b"{\"card\":4111}", "begins with 0x7b"),
        ] {
            let error = parse(payload).unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
    }

    #[cfg(feature = "protobuf")]
    #[test]
    fn places_of_messages_are_confluents() {
        for (indexes, bytes) in [
            (&[0][..], &[0][..]),
            (&[1], &[2, 2]),
            (&[0, 0], &[4, 0, 0]),
            (&[1, 64], &[4, 2, 0x80, 1]),
        ] {
            let mut buffer = Vec::new();
            append_indexes(indexes, &mut buffer);
            assert_eq!(buffer, bytes);
            buffer.push(7);
            assert_eq!(
                parse_indexes(&buffer).unwrap(),
                (indexes.to_vec(), &[7][..])
            );
        }
        // The long form of the first message, which some serializers write.
        assert_eq!(parse_indexes(&[2, 0, 7]).unwrap(), (vec![0], &[7][..]));
        for hostile in [
            &[][..],
            &[0xff; 20],
            &[1],
            &[0xfe, 0xff, 0xff, 0x0f, 0],
            &[4, 0],
        ] {
            assert!(parse_indexes(hostile).is_err(), "{hostile:?}");
        }
    }

    proptest! {
        #[test]
        fn hostile_headers_end_in_an_error_or_an_id(bytes: Vec<u8>) {
            if let Ok((_, rest)) = parse(&bytes) {
                prop_assert_eq!(rest.len() + 5, bytes.len());
            }
            #[cfg(feature = "protobuf")]
            let _ = parse_indexes(&bytes);
        }
    }
}
