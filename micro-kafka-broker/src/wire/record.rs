//! Records of the broker's own topics: a version, then the fields as that version has them.

use bytes::{Buf, Bytes};

use super::error::{DecodeError, DecodeErrorKind, EncodeError};
use super::message::Message;
use super::reader::Reader;
use super::writer::Writer;

/// Defines the key or the value of such a record, and the structures in it, as `api!` does.
macro_rules! record {
    (
        versions $min:literal ..= $max:literal, flexible $flexible:expr;

        $(#[$record_meta:meta])*
        record $record:ident $record_fields:tt

        $( $(#[$meta:meta])* struct $name:ident $fields:tt )*
    ) => {
        $crate::wire::message::structure! { $(#[$record_meta])* $record $record_fields }
        $( $crate::wire::message::structure! { $(#[$meta])* $name $fields } )*

        impl $crate::wire::Message for $record {
            const VERSIONS: std::ops::RangeInclusive<i16> = $min..=$max;
            const FLEXIBLE_FROM: i16 = $flexible;
        }
    };
}

/// For records that have no flexible version.
pub(crate) const NEVER_FLEXIBLE: i16 = i16::MAX;

/// Writes a record's key or value in a version.
///
/// # Errors
/// If something in it is longer than its length field can say.
pub(crate) fn encode_record<M: Message>(message: &M, version: i16) -> Result<Bytes, EncodeError> {
    let mut writer = Writer::frame();
    writer.put(&version.to_be_bytes());
    message.encode(&mut writer, M::shape(version));
    let mut frame = writer.finish()?;
    // The record is not framed.
    frame.advance(size_of::<i32>());
    Ok(frame.copy_to_bytes(frame.remaining()))
}

/// The version that a record's key or value begins with.
///
/// # Errors
/// If there are no two bytes.
pub(crate) fn record_version(bytes: &Bytes) -> Result<i16, DecodeError> {
    Reader::new(bytes.clone()).array().map(i16::from_be_bytes)
}

/// Reads a record's key or value. What a later version may have added at its end is left unread.
///
/// # Errors
/// If its version is none of the known ones or the bytes are not of it.
pub(crate) fn decode_record<M: Message>(bytes: Bytes) -> Result<M, DecodeError> {
    let mut reader = Reader::new(bytes);
    let version = i16::from_be_bytes(reader.array()?);
    if !M::VERSIONS.contains(&version) {
        return Err(DecodeErrorKind::UnknownVersion(version).into());
    }
    M::decode(&mut reader, M::shape(version))
}

/// Every version comes back from its bytes as it was, as far as it has the fields.
#[cfg(test)]
pub(crate) fn comes_back<M>(seed: u64)
where
    M: Message + super::Sample + PartialEq + std::fmt::Debug,
{
    use rand::SeedableRng;
    for version in M::VERSIONS {
        let mut rng = rand::rngs::StdRng::seed_from_u64(seed);
        let record = M::sample(&mut rng, M::shape(version));
        let bytes = encode_record(&record, version).unwrap();
        assert_eq!(record_version(&bytes).unwrap(), version);
        assert_eq!(decode_record::<M>(bytes.clone()).unwrap(), record);
        for end in 0..bytes.len() {
            // Torn records are errors, or nothing but their defaults is missing.
            let _ = decode_record::<M>(bytes.slice(..end));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    record! {
        versions 1..=2, flexible 2;

        /// Something to keep.
        record Kept {
            name: String,
        }
    }

    #[test]
    fn a_record_begins_with_its_version() {
        let kept = Kept {
            name: "a".to_owned(),
        };
        assert_eq!(encode_record(&kept, 1).unwrap(), &[0, 1, 0, 1, b'a'][..]);
        assert_eq!(encode_record(&kept, 2).unwrap(), &[0, 2, 2, b'a', 0][..]);
        let unknown = decode_record::<Kept>(Bytes::from_static(&[0, 3, 2, b'a', 0]));
        assert_eq!(
            unknown.unwrap_err().kind,
            DecodeErrorKind::UnknownVersion(3)
        );
        assert!(decode_record::<Kept>(Bytes::from_static(&[0])).is_err());
    }
}
