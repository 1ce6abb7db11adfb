//! Payloads as they stand.

use super::traits::present;
use super::{Bytes, DecodeError, EncodeError, FromPayload, ToPayload};

impl<'r> FromPayload<'r> for &'r [u8] {
    #[inline]
    fn from_payload(payload: Option<&'r [u8]>) -> Result<Self, DecodeError> {
        present(payload)
    }
}

impl FromPayload<'_> for Vec<u8> {
    fn from_payload(payload: Option<&[u8]>) -> Result<Self, DecodeError> {
        present(payload).map(Into::into)
    }
}

impl<'r, B: BytesPart<'r>> FromPayload<'r> for Bytes<B> {
    #[inline]
    fn from_payload(payload: Option<&'r [u8]>) -> Result<Self, DecodeError> {
        B::from_payload(payload).map(Self)
    }
}

/// What may stand in a `Bytes`: `&[u8]` or `Vec<u8>`.
#[diagnostic::on_unimplemented(
    message = "`Bytes<{Self}>` is no payload: write `Bytes<&[u8]>` or `Bytes<Vec<u8>>`",
    label = "neither `&[u8]` nor `Vec<u8>`"
)]
pub trait BytesPart<'r>: FromPayload<'r> {}

impl<'r> BytesPart<'r> for &'r [u8] {}
impl BytesPart<'_> for Vec<u8> {}

impl ToPayload for [u8] {
    fn to_payload(&self, buffer: &mut Vec<u8>) -> Result<bool, EncodeError> {
        buffer.extend_from_slice(self);
        Ok(true)
    }
}

impl<const N: usize> ToPayload for [u8; N] {
    fn to_payload(&self, buffer: &mut Vec<u8>) -> Result<bool, EncodeError> {
        self.as_slice().to_payload(buffer)
    }
}

impl ToPayload for Vec<u8> {
    fn to_payload(&self, buffer: &mut Vec<u8>) -> Result<bool, EncodeError> {
        self.as_slice().to_payload(buffer)
    }
}

impl<B: AsRef<[u8]>> ToPayload for Bytes<B> {
    fn to_payload(&self, buffer: &mut Vec<u8>) -> Result<bool, EncodeError> {
        self.0.as_ref().to_payload(buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_and_go_unchanged() {
        let payload = Some([0, 0xff].as_slice());
        assert_eq!(Bytes::<&[u8]>::from_payload(payload).unwrap().0, [0, 0xff]);
        assert_eq!(Vec::<u8>::from_payload(payload).unwrap(), [0, 0xff]);
        let mut buffer = Vec::new();
        assert!(Bytes(vec![1]).to_payload(&mut buffer).unwrap());
        assert!(b"\x02".to_payload(&mut buffer).unwrap());
        assert!([3].as_slice().to_payload(&mut buffer).unwrap());
        assert_eq!(buffer, [1, 2, 3]);
    }

    #[test]
    fn an_empty_payload_is_no_tombstone() {
        assert_eq!(<&[u8]>::from_payload(Some(&[])).unwrap(), b"");
        let error = <&[u8]>::from_payload(None).unwrap_err();
        assert!(matches!(error, DecodeError::Null));
        assert!(b"".to_payload(&mut Vec::new()).unwrap());
    }
}
