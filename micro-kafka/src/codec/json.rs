//! JSON by serde.

use serde::{Deserialize, Serialize};

use super::redact::redacted;
use super::traits::present;
use super::{DecodeError, EncodeError, FromPayload, Json, PayloadLimits, PayloadSource, ToPayload};

impl<'r, T: Deserialize<'r>> FromPayload<'r> for Json<T> {
    #[inline]
    fn from_payload(payload: Option<&'r [u8]>) -> Result<Self, DecodeError> {
        let bytes = present(payload)?;
        // One look at all the bytes costs less than one at each string.
        let read = match std::str::from_utf8(bytes) {
            Ok(text) => serde_json::from_str(text),
            // Such bytes may stand in what is not read, and errors tell where they stand.
            Err(_) => serde_json::from_slice(bytes),
        };
        read.map(Self)
            .map_err(|error| DecodeError::Json(redacted(&error, bytes)))
    }

    fn from_source(source: &PayloadSource<'r>) -> Result<Self, DecodeError> {
        let limits = source.limits();
        if limits.max_depth < OWN_DEPTH {
            check_depth(source.payload().unwrap_or_default(), limits)?;
        }
        Self::from_payload(source.payload())
    }
}

/// Beyond this serde_json stops by itself.
const OWN_DEPTH: usize = 127;

/// Whether the payload is nested no deeper than the listener allows; looked for only where that is
/// less than serde_json allows.
pub(super) fn check_depth(bytes: &[u8], limits: PayloadLimits) -> Result<(), DecodeError> {
    let max = limits.max_depth;
    if max >= OWN_DEPTH {
        return Ok(());
    }
    match too_deep(bytes, max) {
        None => Ok(()),
        Some(at) => Err(DecodeError::TooDeep { max, at }),
    }
}

/// Where the first level is that is one too many.
fn too_deep(bytes: &[u8], max: usize) -> Option<usize> {
    let (mut depth, mut in_text, mut escaped) = (0, false, false);
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => {
                depth += 1;
                if depth > max {
                    return Some(at);
                }
            }
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

impl<T: Serialize> ToPayload for Json<T> {
    fn to_payload(&self, buffer: &mut Vec<u8>) -> Result<bool, EncodeError> {
        let start = buffer.len();
        serde_json::to_writer(&mut *buffer, &self.0).map_err(|error| {
            buffer.truncate(start);
            EncodeError::Json(error)
        })?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Order<'a> {
        id: u64,
        #[serde(borrow)]
        customer: &'a str,
    }

    fn read<'r, T: Deserialize<'r>>(text: &'r str) -> Result<T, String> {
        Json::<T>::from_payload(Some(text.as_bytes()))
            .map(|Json(value)| value)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_written_is_read_back_and_borrows_from_the_payload() {
        let mut buffer = b"kept ".to_vec();
        let order = Order {
            id: 7,
            customer: "c1",
        };
        assert!(Json(&order).to_payload(&mut buffer).unwrap());
        assert_eq!(buffer, br#"kept {"id":7,"customer":"c1"}"#);
        let Json(read) = Json::<Order<'_>>::from_payload(Some(&buffer[5..])).unwrap();
        assert_eq!(read, order);
        assert!(buffer.as_ptr_range().contains(&read.customer.as_ptr()));
    }

    #[test]
    fn a_value_that_cannot_be_written_leaves_the_buffer_as_it_was() {
        let mut buffer = b"kept".to_vec();
        let map = BTreeMap::from([(vec![1_u8], 2)]);
        let error = Json(map).to_payload(&mut buffer).unwrap_err();
        assert_eq!(error.to_string(), "the value cannot be written as JSON");
        assert_eq!(buffer, b"kept");
    }

    #[test]
    fn bytes_that_are_not_utf8_harm_only_who_reads_them() {
        let skipped = b"{\"id\":7,\"customer\":\"c1\",\"note\":\"\xff\"}";
        assert_eq!(
            Json::<Order<'_>>::from_payload(Some(skipped)).unwrap().0.id,
            7
        );
        let read = b"{\"id\":7,\"customer\":\"\xff\"}";
        let error = Json::<Order<'_>>::from_payload(Some(read)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "invalid unicode code point at line 1 column 21"
        );
    }

    #[test]
    fn hostile_nesting_is_an_error_not_a_stack_overflow() {
        for depth in [128, 1_000_000] {
            let text = "[".repeat(depth) + &"]".repeat(depth);
            let error = read::<serde_json::Value>(&text).unwrap_err();
            assert_eq!(
                error, "recursion limit exceeded at line 1 column 128",
                "{depth} deep"
            );
        }
        assert!(read::<serde_json::Value>(&("[".repeat(127) + &"]".repeat(127))).is_ok());
        let skipped = format!(
            r#"{{"id":1,"customer":"c","extra":{}{}}}"#,
            "[".repeat(1_000_000),
            "]".repeat(1_000_000)
        );
        assert_eq!(read::<Order<'_>>(&skipped).unwrap().id, 1);
    }

    #[test]
    fn a_listener_may_allow_less_depth() {
        let limits = PayloadLimits {
            max_depth: 2,
            ..PayloadLimits::default()
        };
        let check = |text: &str| check_depth(text.as_bytes(), limits);
        assert!(check(r#"{"a":["[[[[", "\"[[["]}"#).is_ok());
        assert!(check("[[],[],{}]").is_ok());
        let error = check(r#"{"card":[{"4111":1}]}"#).unwrap_err();
        assert_eq!(
            error.to_string(),
            "nested deeper than 2 levels at byte 9 (`max-depth`)"
        );
    }

    #[test]
    fn broken_payloads_tell_the_place() {
        for (text, error) in [
            ("", "EOF while parsing a value at line 1 column 0"),
            (
                "null",
                "invalid type: null, expected struct Order at line 1 column 4",
            ),
            ("\u{feff}{}", "expected value at line 1 column 1"),
            ("{}", "missing field `id` at line 1 column 2"),
            (
                r#"{"id":1,"customer":"c"} x"#,
                "trailing characters at line 1 column 25",
            ),
            (
                r#"{"id":1,"id":2,"customer":"c"}"#,
                "duplicate field `id` at line 1 column 12",
            ),
            (
                r#"{"id":1e400,"customer":"c"}"#,
                "number out of range at line 1 column 11",
            ),
            (r#"{"id":NaN}"#, "expected value at line 1 column 7"),
            (
                "{\n \"id\":\"4111\"}",
                "invalid type: string, expected u64 at line 2 column 12",
            ),
        ] {
            assert_eq!(read::<Order<'_>>(text).unwrap_err(), error, "{text}");
        }
    }
}
