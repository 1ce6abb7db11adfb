//! Values by their text.

use std::fmt::{Display, Write as _};
use std::str::FromStr;

use super::{DecodeError, EncodeError, FromPayload, Parsed, ToPayload};
use crate::extract::{BytesError, FromBytes};
use crate::template::ToBytes;

fn parse<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

impl<T: FromStr> FromPayload<'_> for Parsed<T> {
    fn from_payload(payload: Option<&[u8]>) -> Result<Self, DecodeError> {
        let text = <&str>::from_payload(payload)?;
        parse(text).map(Self).ok_or(DecodeError::Unparsed)
    }
}

impl<T: Display> ToPayload for Parsed<T> {
    fn to_payload(&self, buffer: &mut Vec<u8>) -> Result<bool, EncodeError> {
        Ok(self.to_bytes(buffer))
    }
}

impl<T: FromStr> FromBytes<'_> for Parsed<T> {
    fn from_bytes(bytes: &[u8]) -> Result<Self, BytesError> {
        let text = <&str>::from_bytes(bytes)?;
        parse(text).map(Self).ok_or(BytesError::Unparsed)
    }
}

impl<T: Display> ToBytes for Parsed<T> {
    fn to_bytes(&self, buffer: &mut Vec<u8>) -> bool {
        let mut text = String::new();
        // Only a `Display` that gives up by itself fails here; what it wrote so far is sent.
        let _ = write!(text, "{}", self.0);
        buffer.extend_from_slice(text.as_bytes());
        true
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn values_come_and_go_as_text() {
        let mut buffer = Vec::new();
        let address = Parsed(Ipv4Addr::LOCALHOST);
        assert!(address.to_payload(&mut buffer).unwrap());
        assert_eq!(buffer, b"127.0.0.1");
        let read = Parsed::<Ipv4Addr>::from_payload(Some(&buffer)).unwrap();
        assert_eq!(read, address);
        assert_eq!(Parsed::<u16>::from_bytes(b"80").unwrap().0, 80);
    }

    #[test]
    fn a_text_of_another_form_is_not_told() {
        let error = Parsed::<Ipv4Addr>::from_payload(Some(b"4111-1111")).unwrap_err();
        assert_eq!(error.to_string(), "the text is not of the expected form");
        let error = Parsed::<u16>::from_bytes(b"4111-1111").unwrap_err();
        assert_eq!(error.to_string(), "the text is not of the expected form");
        let error = Parsed::<u16>::from_payload(Some(b"\xff")).unwrap_err();
        assert_eq!(error.to_string(), "not valid UTF-8 at byte 0");
    }
}
