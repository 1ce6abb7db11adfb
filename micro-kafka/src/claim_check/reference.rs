//! What a record says instead of its payload.

use crc_fast::{CrcAlgorithm, checksum};
use serde::{Deserialize, Serialize};

use super::{ClaimError, ClaimName};

/// The header of a record whose payload is in a store; its value is the version, `1`.
pub const CLAIM_CHECK: &str = "mk-claim-check";
pub(super) const VERSION: &[u8] = b"1";

/// A reference to a payload: JSON, as in
/// `{"claim":"d20783/0f3c…","bytes":700000,"crc64nvme":"16 digits"}`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reference {
    /// The object.
    pub name: ClaimName,
    /// How many bytes it has.
    pub bytes: u64,
    /// Its checksum, CRC-64/NVME: it tells damage, not malice.
    pub checksum: u64,
}

#[derive(Serialize, Deserialize)]
struct Wire<'w> {
    claim: &'w str,
    bytes: u64,
    crc64nvme: &'w str,
}

impl Reference {
    /// To that payload, under a new name.
    pub(super) fn to(payload: &[u8]) -> Self {
        Self {
            name: ClaimName::new(),
            bytes: payload.len() as u64,
            checksum: checksum_of(payload),
        }
    }

    /// The payload of the record.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let (claim, bytes) = (&self.name, self.bytes);
        let checksum = self.checksum;
        format!(r#"{{"claim":"{claim}","bytes":{bytes},"crc64nvme":"{checksum:016x}"}}"#).into()
    }

    /// Reads the payload of a record that has the header.
    ///
    /// # Errors
    /// [`ClaimError::Malformed`] if it is no reference.
    pub fn parse(payload: &[u8]) -> Result<Self, ClaimError> {
        let wire: Wire<'_> = serde_json::from_slice(payload).map_err(|_| ClaimError::Malformed)?;
        Ok(Self {
            name: ClaimName::parse(wire.claim).ok_or(ClaimError::Malformed)?,
            bytes: wire.bytes,
            checksum: u64::from_str_radix(wire.crc64nvme, 16).map_err(|_| ClaimError::Malformed)?,
        })
    }

    /// Whether that is the payload.
    pub(super) fn check(&self, payload: &[u8]) -> Result<(), ClaimError> {
        let damaged = |what| ClaimError::Damaged {
            name: self.name.clone(),
            what,
        };
        if payload.len() as u64 != self.bytes {
            return Err(damaged("length"));
        }
        match checksum_of(payload) == self.checksum {
            true => Ok(()),
            false => Err(damaged("checksum")),
        }
    }
}

fn checksum_of(payload: &[u8]) -> u64 {
    checksum(CrcAlgorithm::Crc64Nvme, payload)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_checksum_is_that_of_its_name() {
        // The check value of CRC-64/NVME.
        assert_eq!(checksum_of(b"123456789"), 0xae8b_1486_0a79_9888);
    }

    #[test]
    fn damage_is_found() {
        let reference = Reference::to(b"payload");
        assert!(reference.check(b"payload").is_ok());
        for (other, what) in [(&b"payloae"[..], "checksum"), (b"payloa", "length")] {
            let error = reference.check(other).unwrap_err();
            assert!(matches!(error, ClaimError::Damaged { what: of, .. } if of == what));
        }
    }

    proptest! {
        #[test]
        fn a_reference_is_read_back(payload: Vec<u8>) {
            let reference = Reference::to(&payload);
            prop_assert_eq!(Reference::parse(&reference.to_bytes()).unwrap(), reference);
        }

        #[test]
        fn hostile_bytes_are_malformed_and_no_panic(payload: Vec<u8>) {
            prop_assert!(matches!(Reference::parse(&payload), Err(ClaimError::Malformed)));
        }
    }
}
