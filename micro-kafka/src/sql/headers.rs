//! The headers of a record in one column.

use crate::record::OwnedHeader;

/// Each header as the lengths of name and value, big-endian, and both; a length of -1 is no value.
pub(crate) fn write_headers(headers: &[OwnedHeader]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for OwnedHeader { name, value, .. } in headers {
        put(&mut bytes, Some(name));
        put(&mut bytes, value.as_deref());
    }
    bytes
}

fn put(bytes: &mut Vec<u8>, part: Option<&[u8]>) {
    let length = part.map_or(-1, |part| i32::try_from(part.len()).unwrap_or(i32::MAX));
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(part.unwrap_or_default());
}

/// Name and value.
type RawHeader<'b> = (&'b [u8], Option<&'b [u8]>);

/// What was written; `None` if the bytes are something else.
pub(crate) fn read_headers(mut bytes: &[u8]) -> Option<Vec<RawHeader<'_>>> {
    let mut headers = Vec::new();
    while !bytes.is_empty() {
        let name = take(&mut bytes)??;
        headers.push((name, take(&mut bytes)?));
    }
    Some(headers)
}

fn take<'b>(bytes: &mut &'b [u8]) -> Option<Option<&'b [u8]>> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    *bytes = rest;
    let length = i32::from_be_bytes(*length);
    if length == -1 {
        return Some(None);
    }
    let (part, rest) = bytes.split_at_checked(usize::try_from(length).ok()?)?;
    *bytes = rest;
    Some(Some(part))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read_again(
            headers in proptest::collection::vec(
                (any::<Vec<u8>>(), proptest::option::of(any::<Vec<u8>>())),
                0..5,
            ),
        ) {
            let owned = headers.iter().map(|(name, value)| {
                let mut header = OwnedHeader::new(name.clone(), Vec::new());
                header.value = value.clone();
                header
            });
            let bytes = write_headers(&owned.collect::<Vec<_>>());
            let read = read_headers(&bytes).unwrap();
            let expected = headers.iter().map(|(name, value)| (&**name, value.as_deref()));
            prop_assert_eq!(read, expected.collect::<Vec<_>>());
        }

        #[test]
        fn other_bytes_are_refused_or_read_but_never_panic(bytes in any::<Vec<u8>>()) {
            let _ = read_headers(&bytes);
        }
    }
}
