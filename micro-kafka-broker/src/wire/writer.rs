//! The encoder's output: one buffer, with long byte strings spliced in without a copy.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::error::EncodeError;
use super::tally::ErrorTally;
use super::value::Shape;

/// Byte strings from this length on become segments of their own; shorter ones are copied,
/// which is cheaper than another slice in the vectored write.
const SPLICE_FROM: usize = 1024;
const FIRST_CAPACITY: usize = 256;
const PREFIX: usize = 4;

/// Collects the bytes of one message.
#[derive(Debug)]
pub(crate) struct Writer {
    buf: BytesMut,
    splices: Vec<(usize, Bytes)>,
    splice_from: usize,
    error: Option<EncodeError>,
    codes: ErrorTally,
}

impl Writer {
    /// A writer of a frame; its length prefix is filled in by [`Writer::finish`].
    pub(crate) fn frame() -> Self {
        let mut buf = BytesMut::with_capacity(FIRST_CAPACITY);
        buf.put_i32(0);
        Self::over(buf, SPLICE_FROM)
    }

    fn over(buf: BytesMut, splice_from: usize) -> Self {
        Self {
            buf,
            splices: Vec::new(),
            splice_from,
            error: None,
            codes: ErrorTally::default(),
        }
    }

    /// Appends bytes as they are.
    pub(crate) fn put(&mut self, bytes: &[u8]) {
        self.buf.put_slice(bytes);
    }

    /// Counts an error code that was appended.
    pub(crate) fn note_code(&mut self, code: i16) {
        self.codes.add(code);
    }

    /// Takes the error codes counted so far.
    pub(super) fn take_codes(&mut self) -> ErrorTally {
        std::mem::take(&mut self.codes)
    }

    /// Appends bytes without copying them when they are many.
    pub(crate) fn splice(&mut self, bytes: &Bytes) {
        if bytes.len() < self.splice_from {
            self.put(bytes);
        } else {
            self.splices.push((self.buf.len(), bytes.clone()));
        }
    }

    /// Appends an unsigned varint.
    pub(crate) fn varint(&mut self, mut value: u32) {
        loop {
            let [low, ..] = value.to_le_bytes();
            value >>= 7;
            if value == 0 {
                self.buf.put_u8(low & 0x7f);
                return;
            }
            self.buf.put_u8(low | 0x80);
        }
    }

    /// Appends the length of a string; `None` is null.
    pub(crate) fn string_length(&mut self, length: Option<usize>, shape: Shape) {
        if shape.flexible {
            return self.compact_length(length);
        }
        match length.map(i16::try_from) {
            None => self.buf.put_i16(-1),
            Some(Ok(short)) => self.buf.put_i16(short),
            Some(Err(_)) => self.too_long(length),
        }
    }

    /// Appends the length of bytes or of an array; `None` is null.
    pub(crate) fn long_length(&mut self, length: Option<usize>, shape: Shape) {
        if shape.flexible {
            return self.compact_length(length);
        }
        match length.map(i32::try_from) {
            None => self.buf.put_i32(-1),
            Some(Ok(long)) => self.buf.put_i32(long),
            Some(Err(_)) => self.too_long(length),
        }
    }

    fn compact_length(&mut self, length: Option<usize>) {
        match length.map_or(Ok(0), |length| u32::try_from(length.saturating_add(1))) {
            Ok(plus_one) => self.varint(plus_one),
            Err(_) => self.too_long(length),
        }
    }

    fn too_long(&mut self, length: Option<usize>) {
        self.error
            .get_or_insert(EncodeError::TooLong(length.unwrap_or_default()));
    }

    /// Appends the tagged fields that end a flexible structure.
    pub(crate) fn tagged_fields(&mut self, fields: TaggedFields) {
        if let Some(error) = fields.error {
            self.error.get_or_insert(error);
        }
        let Ok(count) = u32::try_from(fields.values.len()) else {
            return self.too_long(Some(fields.values.len()));
        };
        self.varint(count);
        for (tag, value) in fields.values {
            self.varint(tag);
            match u32::try_from(value.len()) {
                Ok(size) => self.varint(size),
                Err(_) => self.too_long(Some(value.len())),
            }
            self.put(&value);
        }
    }

    /// The finished frame.
    ///
    /// # Errors
    /// If something in it was longer than its length field can say.
    pub(crate) fn finish(mut self) -> Result<Frame, EncodeError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let spliced: usize = self.splices.iter().map(|(_, bytes)| bytes.len()).sum();
        let body = self.buf.len() - PREFIX + spliced;
        let prefix = i32::try_from(body).map_err(|_| EncodeError::TooLong(body))?;
        if let Some(place) = self.buf.get_mut(..PREFIX) {
            place.copy_from_slice(&prefix.to_be_bytes());
        }
        Ok(Frame::new(self.buf.freeze(), self.splices))
    }
}

/// The tagged fields of one structure, in ascending order of their tags.
#[derive(Debug, Default)]
pub(crate) struct TaggedFields {
    values: Vec<(u32, BytesMut)>,
    error: Option<EncodeError>,
}

impl TaggedFields {
    /// Adds a field.
    pub(crate) fn add(&mut self, tag: u32, encode: impl FnOnce(&mut Writer)) {
        let mut value = Writer::over(BytesMut::new(), usize::MAX);
        encode(&mut value);
        if let Some(error) = value.error {
            self.error.get_or_insert(error);
        }
        self.values.push((tag, value.buf));
    }
}

/// A frame ready to be sent: a chain of segments for a vectored write.
#[derive(Debug, Clone, Default)]
pub(crate) struct Frame {
    first: Bytes,
    rest: VecDeque<Bytes>,
}

impl Frame {
    fn new(mut buf: Bytes, splices: Vec<(usize, Bytes)>) -> Self {
        if splices.is_empty() {
            return Self {
                first: buf,
                rest: VecDeque::new(),
            };
        }
        let mut rest = VecDeque::with_capacity(splices.len() * 2 + 1);
        let mut taken = 0;
        for (at, bytes) in splices {
            if at > taken {
                rest.push_back(buf.split_to(at - taken));
                taken = at;
            }
            rest.push_back(bytes);
        }
        if !buf.is_empty() {
            rest.push_back(buf);
        }
        let first = rest.pop_front().unwrap_or_default();
        Self { first, rest }
    }
}

impl Frame {
    /// Leaves only so many bytes.
    pub(crate) fn truncate(&mut self, mut length: usize) {
        for segment in std::iter::once(&mut self.first).chain(&mut self.rest) {
            segment.truncate(length);
            length -= segment.len();
        }
    }

    /// All bytes, if they are in one piece.
    pub(crate) fn as_whole(&self) -> Option<&[u8]> {
        self.rest.is_empty().then_some(&self.first)
    }
}

impl Buf for Frame {
    fn remaining(&self) -> usize {
        self.first.len() + self.rest.iter().map(Bytes::len).sum::<usize>()
    }

    fn chunk(&self) -> &[u8] {
        &self.first
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let segments = std::iter::once(&self.first).chain(&self.rest);
        let mut filled = 0;
        for (slice, segment) in slices.iter_mut().zip(segments.filter(|s| !s.is_empty())) {
            *slice = IoSlice::new(segment);
            filled += 1;
        }
        filled
    }

    fn advance(&mut self, mut count: usize) {
        while count >= self.first.len() {
            count -= self.first.len();
            match self.rest.pop_front() {
                Some(next) => self.first = next,
                None => {
                    self.first.clear();
                    return;
                }
            }
        }
        self.first.advance(count);
    }
}
