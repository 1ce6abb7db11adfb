//! Values as keys hold them.

/// A value that a key can hold: text, bytes, or a number as Kafka's serializers write it
/// (big-endian, its own width). What it writes, [`FromBytes`](crate::extract::FromBytes) reads.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a key",
    label = "neither text, bytes nor a number",
    note = "texts, bytes, integers, floats and `Option<…>` of them can; own types implement `ToBytes`"
)]
pub trait ToBytes {
    /// Appends the bytes; `false` stands for no key and leaves `buffer` alone.
    fn to_bytes(&self, buffer: &mut Vec<u8>) -> bool;
}

impl<T: ToBytes + ?Sized> ToBytes for &T {
    fn to_bytes(&self, buffer: &mut Vec<u8>) -> bool {
        (**self).to_bytes(buffer)
    }
}

impl<T: ToBytes> ToBytes for Option<T> {
    fn to_bytes(&self, buffer: &mut Vec<u8>) -> bool {
        self.as_ref().is_some_and(|value| value.to_bytes(buffer))
    }
}

macro_rules! bytes {
    ($($type:ty)*) => {$(
        impl ToBytes for $type {
            fn to_bytes(&self, buffer: &mut Vec<u8>) -> bool {
                buffer.extend_from_slice(self.as_ref());
                true
            }
        }
    )*};
}

bytes!(str String [u8] Vec<u8>);

macro_rules! number {
    ($($number:ty)*) => {$(
        impl ToBytes for $number {
            fn to_bytes(&self, buffer: &mut Vec<u8>) -> bool {
                buffer.extend_from_slice(&self.to_be_bytes());
                true
            }
        }
    )*};
}

number!(i8 i16 i32 i64 u8 u16 u32 u64 f32 f64);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::FromBytes;

    fn written(value: &impl ToBytes) -> Option<Vec<u8>> {
        let mut buffer = Vec::new();
        value.to_bytes(&mut buffer).then_some(buffer)
    }

    #[test]
    fn what_is_written_is_read_again() {
        assert_eq!(written(&"c1").as_deref(), Some(&b"c1"[..]));
        let number = written(&-7_i64).unwrap();
        assert_eq!(i64::from_bytes(&number).unwrap(), -7);
        assert_eq!(written(&Some(256_u16)), Some(vec![1, 0]));
        assert_eq!(written(&None::<String>), None);
    }
}
