//! A bounded reader over one frame.

use bytes::{Buf, Bytes};

use super::error::{DecodeError, DecodeErrorKind};
use super::value::Shape;

/// What decoded arrays may take, as a multiple of the frame's length: one byte on the wire
/// can announce an element of a hundred bytes in memory.
pub(super) const MEMORY_PER_FRAME_BYTE: usize = 16;
/// What decoded arrays may take in any frame, in bytes.
const MEMORY_FLOOR: usize = 64 * 1024;
/// What decoded arrays may take at most, in bytes: a fetch of 400,000 partitions takes as much.
/// Records are no arrays and are not counted.
pub(super) const MEMORY_CEILING: usize = 32 * 1024 * 1024;
/// A varint of 32 bits has at most this many bytes.
const VARINT_BYTES: u32 = 5;

/// Reads values off the front of a frame; byte fields come out as slices of it.
#[derive(Debug)]
pub(crate) struct Reader {
    buf: Bytes,
    memory: usize,
}

impl Reader {
    /// A reader over one frame, without its length prefix.
    pub(crate) fn new(frame: Bytes) -> Self {
        let memory = frame
            .len()
            .saturating_mul(MEMORY_PER_FRAME_BYTE)
            .saturating_add(MEMORY_FLOOR)
            .min(MEMORY_CEILING);
        Self { buf: frame, memory }
    }

    /// Bytes not read yet.
    pub(crate) fn remaining(&self) -> usize {
        self.buf.len()
    }

    fn need(&self, needed: usize) -> Result<(), DecodeError> {
        let left = self.buf.len();
        if needed > left {
            return Err(DecodeErrorKind::Truncated { needed, left }.into());
        }
        Ok(())
    }

    /// The next `N` bytes.
    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        self.need(N)?;
        let mut bytes = [0; N];
        self.buf.copy_to_slice(&mut bytes);
        Ok(bytes)
    }

    /// The next `len` bytes, as a slice of the frame.
    pub(crate) fn bytes(&mut self, len: usize) -> Result<Bytes, DecodeError> {
        self.need(len)?;
        Ok(self.buf.split_to(len))
    }

    /// The next `len` bytes as a string.
    pub(crate) fn string(&mut self, len: usize) -> Result<String, DecodeError> {
        self.need(len)?;
        let text = self
            .buf
            .get(..len)
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
            .ok_or(DecodeErrorKind::NotUtf8)?
            .to_owned();
        self.buf.advance(len);
        Ok(text)
    }

    /// An unsigned varint of at most 32 bits.
    pub(crate) fn varint(&mut self) -> Result<u32, DecodeError> {
        let mut value: u64 = 0;
        for i in 0..VARINT_BYTES {
            let [byte] = self.array()?;
            value |= u64::from(byte & 0x7f) << (7 * i);
            if byte & 0x80 == 0 {
                return u32::try_from(value).map_err(|_| DecodeErrorKind::LongVarint.into());
            }
        }
        Err(DecodeErrorKind::LongVarint.into())
    }

    /// The length of a string; `None` is null.
    pub(crate) fn string_length(&mut self, shape: Shape) -> Result<Option<usize>, DecodeError> {
        if shape.flexible {
            return self.compact_length();
        }
        signed_length(i16::from_be_bytes(self.array()?).into())
    }

    /// The length of bytes or of an array; `None` is null.
    pub(crate) fn long_length(&mut self, shape: Shape) -> Result<Option<usize>, DecodeError> {
        if shape.flexible {
            return self.compact_length();
        }
        signed_length(i32::from_be_bytes(self.array()?))
    }

    fn compact_length(&mut self) -> Result<Option<usize>, DecodeError> {
        let plus_one = usize::try_from(self.varint()?).map_err(|_| DecodeErrorKind::LongVarint)?;
        Ok(plus_one.checked_sub(1))
    }

    /// Checks that `count` elements of `size` bytes in memory may be allocated.
    pub(crate) fn reserve(&mut self, count: usize, size: usize) -> Result<(), DecodeError> {
        let left = self.buf.len();
        // Every element takes at least one byte on the wire.
        if count > left {
            return Err(DecodeErrorKind::ArrayTooLong { count, left }.into());
        }
        self.memory = count
            .checked_mul(size)
            .and_then(|bytes| self.memory.checked_sub(bytes))
            .ok_or(DecodeErrorKind::TooMuchMemory)?;
        Ok(())
    }

    /// Reads the tagged fields at the end of a flexible structure. `known` reads the value of a
    /// tag it knows and says so; the values of others are skipped.
    pub(crate) fn tagged_fields(
        &mut self,
        mut known: impl FnMut(u32, &mut Self) -> Result<bool, DecodeError>,
    ) -> Result<(), DecodeError> {
        let count = self.varint()?;
        for _ in 0..count {
            let tag = self.varint()?;
            let size = self.varint()?;
            let size = usize::try_from(size).map_err(|_| DecodeErrorKind::LongVarint)?;
            let mut value = Self {
                buf: self.bytes(size)?,
                memory: self.memory,
            };
            let read = known(tag, &mut value)?;
            self.memory = value.memory;
            if read && value.remaining() > 0 {
                return Err(DecodeErrorKind::TaggedFieldTooLong(value.remaining()).into());
            }
        }
        Ok(())
    }
}

fn signed_length(length: i32) -> Result<Option<usize>, DecodeError> {
    if length == -1 {
        return Ok(None);
    }
    usize::try_from(length)
        .map(Some)
        .map_err(|_| DecodeErrorKind::NegativeLength(length).into())
}
