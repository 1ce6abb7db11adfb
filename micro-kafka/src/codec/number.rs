//! Numbers as Kafka's own serializers write them.

use super::traits::present;
use super::{DecodeError, EncodeError, FromPayload, Number, ToPayload};

/// What may stand in a `Number`: an integer or float of 1 to 8 bytes, big-endian.
#[diagnostic::on_unimplemented(
    message = "`Number<{Self}>` is no payload: write `Number<i64>` or another of Kafka's numbers",
    label = "no number of 1 to 8 bytes"
)]
pub trait NumberPart: Sized {
    /// From its bytes; `None` if it has another width.
    fn from_be_slice(bytes: &[u8]) -> Option<Self>;

    /// Appends its bytes.
    fn append_be(&self, buffer: &mut Vec<u8>);
}

macro_rules! number {
    ($($number:ty)*) => {$(
        impl NumberPart for $number {
            fn from_be_slice(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().map(Self::from_be_bytes).ok()
            }

            fn append_be(&self, buffer: &mut Vec<u8>) {
                buffer.extend_from_slice(&self.to_be_bytes());
            }
        }
    )*};
}

number!(i8 i16 i32 i64 u8 u16 u32 u64 f32 f64);

impl<N: NumberPart> FromPayload<'_> for Number<N> {
    fn from_payload(payload: Option<&[u8]>) -> Result<Self, DecodeError> {
        let bytes = present(payload)?;
        let number = N::from_be_slice(bytes);
        number.map(Self).ok_or(DecodeError::Length {
            expected: size_of::<N>(),
            found: bytes.len(),
        })
    }
}

impl<N: NumberPart> ToPayload for Number<N> {
    fn to_payload(&self, buffer: &mut Vec<u8>) -> Result<bool, EncodeError> {
        self.0.append_be(buffer);
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use proptest::prelude::*;

    use super::*;

    fn written(number: impl NumberPart) -> Vec<u8> {
        let mut buffer = Vec::new();
        assert!(Number(number).to_payload(&mut buffer).unwrap());
        buffer
    }

    fn round<N: NumberPart + PartialEq + Debug + Copy>(number: N) {
        let bytes = written(number);
        let read = Number::<N>::from_payload(Some(&bytes)).unwrap();
        assert_eq!(read, Number(number));
    }

    #[test]
    fn bytes_are_those_of_kafkas_serializers() {
        assert_eq!(written(-2_i16), [0xff, 0xfe], "ShortSerializer");
        assert_eq!(written(258_i32), [0, 0, 1, 2], "IntegerSerializer");
        assert_eq!(
            written(i64::MIN),
            [0x80, 0, 0, 0, 0, 0, 0, 0],
            "LongSerializer"
        );
        assert_eq!(written(1.5_f32), [0x3f, 0xc0, 0, 0], "FloatSerializer");
        assert_eq!(
            written(-0.1_f64),
            [0xbf, 0xb9, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a],
            "DoubleSerializer"
        );
    }

    #[test]
    fn another_width_and_a_tombstone_are_told() {
        let error = Number::<i64>::from_payload(Some(&[1; 4])).unwrap_err();
        assert_eq!(error.to_string(), "4 bytes where 8 are needed");
        let error = Number::<i64>::from_payload(None).unwrap_err();
        assert!(matches!(error, DecodeError::Null));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(a: i16, b: i32, c: i64, d: u64, bits: u64) {
            round(a);
            round(b);
            round(c);
            round(d);
            let float = f64::from_bits(bits);
            let read = f64::from_be_slice(&written(float)).unwrap();
            prop_assert_eq!(read.to_bits(), bits, "NaNs keep their bits");
        }

        #[test]
        fn hostile_bytes_are_refused_by_their_number(bytes: Vec<u8>) {
            let read = Number::<i32>::from_payload(Some(&bytes));
            prop_assert_eq!(read.is_ok(), bytes.len() == 4);
        }
    }
}
