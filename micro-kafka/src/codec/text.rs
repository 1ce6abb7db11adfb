//! UTF-8 text.

use super::traits::present;
use super::{DecodeError, EncodeError, FromPayload, Text, ToPayload};

impl<'r> FromPayload<'r> for &'r str {
    fn from_payload(payload: Option<&'r [u8]>) -> Result<Self, DecodeError> {
        let bytes = present(payload)?;
        std::str::from_utf8(bytes).map_err(|error| DecodeError::Utf8(error.valid_up_to()))
    }
}

impl FromPayload<'_> for String {
    fn from_payload(payload: Option<&[u8]>) -> Result<Self, DecodeError> {
        <&str>::from_payload(payload).map(Into::into)
    }
}

impl<'r, S: TextPart<'r>> FromPayload<'r> for Text<S> {
    fn from_payload(payload: Option<&'r [u8]>) -> Result<Self, DecodeError> {
        S::from_payload(payload).map(Self)
    }
}

/// What may stand in a `Text`: `&str` or `String`.
#[diagnostic::on_unimplemented(
    message = "`Text<{Self}>` is no payload: write `Text<&str>` or `Text<String>`",
    label = "neither `&str` nor `String`"
)]
pub trait TextPart<'r>: FromPayload<'r> {}

impl<'r> TextPart<'r> for &'r str {}
impl TextPart<'_> for String {}

impl ToPayload for str {
    fn to_payload(&self, buffer: &mut Vec<u8>) -> Result<bool, EncodeError> {
        self.as_bytes().to_payload(buffer)
    }
}

impl ToPayload for String {
    fn to_payload(&self, buffer: &mut Vec<u8>) -> Result<bool, EncodeError> {
        self.as_bytes().to_payload(buffer)
    }
}

impl<S: AsRef<str>> ToPayload for Text<S> {
    fn to_payload(&self, buffer: &mut Vec<u8>) -> Result<bool, EncodeError> {
        self.0.as_ref().to_payload(buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_borrows_or_owns() {
        let payload = Some("Köln".as_bytes());
        assert_eq!(Text::<&str>::from_payload(payload).unwrap().0, "Köln");
        assert_eq!(Text::<String>::from_payload(payload).unwrap().0, "Köln");
        assert_eq!(<&str>::from_payload(payload).unwrap(), "Köln");
        assert_eq!(String::from_payload(Some(b"")).unwrap(), "");
    }

    #[test]
    fn invalid_utf8_is_refused_with_its_place() {
        let error = Text::<&str>::from_payload(Some(b"ab\xff4111")).unwrap_err();
        assert_eq!(error.to_string(), "not valid UTF-8 at byte 2");
        let error = <&str>::from_payload(None).unwrap_err();
        assert!(matches!(error, DecodeError::Null));
    }

    #[test]
    fn text_is_appended_and_none_is_a_tombstone() {
        let mut buffer = Vec::new();
        assert!(Text("a").to_payload(&mut buffer).unwrap());
        assert!("b".to_payload(&mut buffer).unwrap());
        assert!(String::from("c").to_payload(&mut buffer).unwrap());
        assert!(Some(Text("d".to_owned())).to_payload(&mut buffer).unwrap());
        assert!(!None::<Text>.to_payload(&mut buffer).unwrap());
        assert_eq!(buffer, b"abcd");
    }
}
