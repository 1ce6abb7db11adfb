//! Values with one encoding per version: numbers, strings, bytes, arrays.

use bytes::Bytes;

use super::error::{DecodeError, DecodeErrorKind};
use super::reader::Reader;
use super::uuid::Uuid;
use super::writer::Writer;

/// What decides how a value is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    /// The version of the message.
    pub(crate) version: i16,
    /// Whether that version has compact lengths and tagged fields.
    pub(crate) flexible: bool,
    /// Whether this field may be null in that version.
    pub(crate) nullable: bool,
}

impl Shape {
    /// The same layout for a field that may or may not be null.
    pub(crate) fn nullable(self, nullable: bool) -> Self {
        Self { nullable, ..self }
    }
}

/// A value that can be read from and written to the wire.
pub(crate) trait Wire: Sized {
    /// Reads the value.
    fn decode(reader: &mut Reader, shape: Shape) -> Result<Self, DecodeError>;
    /// Writes the value.
    fn encode(&self, writer: &mut Writer, shape: Shape);
}

/// A value with an encoding for its absence.
pub(crate) trait Nullable: Wire + Default {
    /// Reads the value or null.
    fn decode_nullable(reader: &mut Reader, shape: Shape) -> Result<Option<Self>, DecodeError>;
    /// Writes null.
    fn encode_null(writer: &mut Writer, shape: Shape);
}

macro_rules! number {
    ($($type:ty),*) => {$(
        impl Wire for $type {
            fn decode(reader: &mut Reader, _: Shape) -> Result<Self, DecodeError> {
                reader.array().map(Self::from_be_bytes)
            }
            fn encode(&self, writer: &mut Writer, _: Shape) {
                writer.put(&self.to_be_bytes());
            }
        }
    )*};
}

number!(i8, i16, u16, i32, i64);

impl Wire for bool {
    fn decode(reader: &mut Reader, _: Shape) -> Result<Self, DecodeError> {
        reader.array().map(|[byte]| byte != 0)
    }

    fn encode(&self, writer: &mut Writer, _: Shape) {
        writer.put(&[u8::from(*self)]);
    }
}

impl Wire for Uuid {
    fn decode(reader: &mut Reader, _: Shape) -> Result<Self, DecodeError> {
        reader.array().map(Self)
    }

    fn encode(&self, writer: &mut Writer, _: Shape) {
        writer.put(&self.0);
    }
}

fn required<T: Nullable>(reader: &mut Reader, shape: Shape) -> Result<T, DecodeError> {
    T::decode_nullable(reader, shape)?.ok_or_else(|| DecodeErrorKind::UnexpectedNull.into())
}

impl Nullable for String {
    fn decode_nullable(reader: &mut Reader, shape: Shape) -> Result<Option<Self>, DecodeError> {
        let length = reader.string_length(shape)?;
        length.map(|length| reader.string(length)).transpose()
    }

    fn encode_null(writer: &mut Writer, shape: Shape) {
        writer.string_length(None, shape);
    }
}

impl Wire for String {
    fn decode(reader: &mut Reader, shape: Shape) -> Result<Self, DecodeError> {
        required(reader, shape)
    }

    fn encode(&self, writer: &mut Writer, shape: Shape) {
        writer.string_length(Some(self.len()), shape);
        writer.put(self.as_bytes());
    }
}

impl Nullable for Bytes {
    fn decode_nullable(reader: &mut Reader, shape: Shape) -> Result<Option<Self>, DecodeError> {
        let length = reader.long_length(shape)?;
        length.map(|length| reader.bytes(length)).transpose()
    }

    fn encode_null(writer: &mut Writer, shape: Shape) {
        writer.long_length(None, shape);
    }
}

impl Wire for Bytes {
    fn decode(reader: &mut Reader, shape: Shape) -> Result<Self, DecodeError> {
        required(reader, shape)
    }

    fn encode(&self, writer: &mut Writer, shape: Shape) {
        writer.long_length(Some(self.len()), shape);
        writer.splice(self);
    }
}

impl<T: Wire> Nullable for Vec<T> {
    fn decode_nullable(reader: &mut Reader, shape: Shape) -> Result<Option<Self>, DecodeError> {
        let Some(count) = reader.long_length(shape)? else {
            return Ok(None);
        };
        reader.reserve(count, size_of::<T>())?;
        let mut elements = Self::with_capacity(count);
        for _ in 0..count {
            elements.push(T::decode(reader, shape)?);
        }
        Ok(Some(elements))
    }

    fn encode_null(writer: &mut Writer, shape: Shape) {
        writer.long_length(None, shape);
    }
}

impl<T: Wire> Wire for Vec<T> {
    fn decode(reader: &mut Reader, shape: Shape) -> Result<Self, DecodeError> {
        required(reader, shape)
    }

    fn encode(&self, writer: &mut Writer, shape: Shape) {
        writer.long_length(Some(self.len()), shape);
        for element in self {
            element.encode(writer, shape);
        }
    }
}

impl<T: Nullable> Wire for Option<T> {
    fn decode(reader: &mut Reader, shape: Shape) -> Result<Self, DecodeError> {
        let value = T::decode_nullable(reader, shape)?;
        if value.is_none() && !shape.nullable {
            return Err(DecodeErrorKind::UnexpectedNull.into());
        }
        Ok(value)
    }

    /// Absence in a version without null is the empty value: clients die on a null there.
    fn encode(&self, writer: &mut Writer, shape: Shape) {
        match self {
            Some(value) => value.encode(writer, shape),
            None if shape.nullable => T::encode_null(writer, shape),
            None => T::default().encode(writer, shape),
        }
    }
}

/// A structure that may be null: a byte before it says whether it is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OrNull<T>(pub(crate) Option<T>);

impl<T> Default for OrNull<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Wire> Wire for OrNull<T> {
    fn decode(reader: &mut Reader, shape: Shape) -> Result<Self, DecodeError> {
        let there = i8::decode(reader, shape)? >= 0;
        let value = there.then(|| T::decode(reader, shape)).transpose()?;
        Ok(Self(value))
    }

    fn encode(&self, writer: &mut Writer, shape: Shape) {
        match &self.0 {
            Some(value) => {
                1i8.encode(writer, shape);
                value.encode(writer, shape);
            }
            None => (-1i8).encode(writer, shape),
        }
    }
}
