//! No payload at all.

use super::{DecodeError, EncodeError, FromPayload, ToPayload, Tombstone};

impl FromPayload<'_> for Tombstone {
    fn from_payload(payload: Option<&[u8]>) -> Result<Self, DecodeError> {
        match payload {
            None => Ok(Self),
            Some(_) => Err(DecodeError::NotNull),
        }
    }
}

impl ToPayload for Tombstone {
    fn to_payload(&self, _: &mut Vec<u8>) -> Result<bool, EncodeError> {
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_null_is_a_tombstone() {
        assert_eq!(Tombstone::from_payload(None).unwrap(), Tombstone);
        let error = Tombstone::from_payload(Some(b"")).unwrap_err();
        assert_eq!(error.to_string(), "a payload where only null is expected");
        let mut buffer = b"kept".to_vec();
        assert!(!Tombstone.to_payload(&mut buffer).unwrap());
        assert_eq!(buffer, b"kept");
    }
}
