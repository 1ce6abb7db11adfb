//! Values as keys and headers hold them.

use crate::error::BoxError;

/// A value that a key or a header can hold: text, bytes, or a number as Kafka's serializers and
/// Spring write it (big-endian, its own width).
///
/// Implement it for a type of your own to take `Key<CustomerId>`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from a key or header",
    label = "neither text, bytes nor a number",
    note = "`&str`, `String`, `&[u8]`, `Vec<u8>`, integers, floats, and `Option<…>` of them can; own types implement `FromBytes`"
)]
pub trait FromBytes<'r>: Sized {
    /// Reads it.
    ///
    /// # Errors
    /// If the bytes are not of that form; the error must not contain them.
    fn from_bytes(bytes: &'r [u8]) -> Result<Self, BytesError>;

    /// What stands for a key or header that is null or missing; `None` where it is needed.
    #[must_use]
    fn from_absent() -> Option<Self> {
        None
    }
}

/// Bytes that are not of the expected form; never contains the bytes.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BytesError {
    /// Not UTF-8.
    #[error("not valid UTF-8 at byte {0}")]
    Utf8(usize),
    /// Not the width of the number.
    #[error("{found} bytes where {expected} are needed")]
    Length {
        /// The number's width in bytes.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// A text that its type's `FromStr` refuses.
    #[error("the text is not of the expected form")]
    Unparsed,
    /// Refused by a type of your own; its message must not contain the value.
    #[error(transparent)]
    Custom(BoxError),
}

impl<'r> FromBytes<'r> for &'r [u8] {
    fn from_bytes(bytes: &'r [u8]) -> Result<Self, BytesError> {
        Ok(bytes)
    }
}

impl FromBytes<'_> for Vec<u8> {
    fn from_bytes(bytes: &[u8]) -> Result<Self, BytesError> {
        Ok(bytes.into())
    }
}

impl<'r> FromBytes<'r> for &'r str {
    fn from_bytes(bytes: &'r [u8]) -> Result<Self, BytesError> {
        std::str::from_utf8(bytes).map_err(|error| BytesError::Utf8(error.valid_up_to()))
    }
}

impl FromBytes<'_> for String {
    fn from_bytes(bytes: &[u8]) -> Result<Self, BytesError> {
        <&str>::from_bytes(bytes).map(Into::into)
    }
}

impl<'r, T: FromBytes<'r>> FromBytes<'r> for Option<T> {
    fn from_bytes(bytes: &'r [u8]) -> Result<Self, BytesError> {
        T::from_bytes(bytes).map(Some)
    }

    fn from_absent() -> Option<Self> {
        Some(None)
    }
}

macro_rules! number {
    ($($number:ty)*) => {$(
        impl FromBytes<'_> for $number {
            fn from_bytes(bytes: &[u8]) -> Result<Self, BytesError> {
                let length = BytesError::Length {
                    expected: size_of::<Self>(),
                    found: bytes.len(),
                };
                bytes.try_into().map(Self::from_be_bytes).map_err(|_| length)
            }
        }
    )*};
}

number!(i8 i16 i32 i64 u8 u16 u32 u64 f32 f64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_kafkas_serializers_write_them() {
        assert_eq!(i64::from_bytes(&[0, 0, 0, 0, 0, 0, 1, 0]).unwrap(), 256);
        assert_eq!(i32::from_bytes(&[0xff; 4]).unwrap(), -1);
        assert_eq!(i16::from_bytes(&[1, 2]).unwrap(), 258);
        assert_eq!(u8::from_bytes(&[7]).unwrap(), 7);
        assert_eq!(f64::from_bytes(&1.5_f64.to_be_bytes()).unwrap(), 1.5);
    }

    #[test]
    fn a_number_of_another_width_is_refused() {
        let error = i64::from_bytes(b"4111").unwrap_err();
        assert_eq!(error.to_string(), "4 bytes where 8 are needed");
    }

    #[test]
    fn only_an_option_accepts_what_is_absent() {
        assert_eq!(Option::<i32>::from_absent(), Some(None));
        assert_eq!(<&str>::from_absent(), None);
        assert_eq!(Option::<&str>::from_bytes(b"a").unwrap(), Some("a"));
    }
}
