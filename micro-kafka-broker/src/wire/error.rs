//! Bytes that are no message, and messages that have no bytes.

use super::reader::{MEMORY_CEILING, MEMORY_PER_FRAME_BYTE};

/// Why a frame could not be decoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}{}", Place(field))]
pub(crate) struct DecodeError {
    /// What is wrong.
    pub(crate) kind: DecodeErrorKind,
    /// The innermost field that was being read; empty outside of a message.
    pub(crate) field: &'static str,
}

/// The ways in which bytes are no message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum DecodeErrorKind {
    /// The frame ends before the value does.
    #[error("{needed} bytes needed, {left} left in the frame")]
    Truncated {
        /// Bytes that the value takes.
        needed: usize,
        /// Bytes that there are.
        left: usize,
    },
    /// A length below -1 (which stands for null).
    #[error("negative length {0}")]
    NegativeLength(i32),
    /// A null where the version allows none.
    #[error("null where a value is required")]
    UnexpectedNull,
    /// A varint of more than five bytes, or above 32 bits.
    #[error("varint above 32 bits")]
    LongVarint,
    /// A string that is not UTF-8.
    #[error("string is not utf-8")]
    NotUtf8,
    /// An array whose elements cannot be in what is left of the frame.
    #[error("array of {count} elements with {left} bytes left in the frame")]
    ArrayTooLong {
        /// Elements announced.
        count: usize,
        /// Bytes that there are.
        left: usize,
    },
    /// Arrays that would take far more memory than the frame itself.
    #[error(
        "arrays would take more than {MEMORY_PER_FRAME_BYTE} times the frame's size, or {MEMORY_CEILING} bytes"
    )]
    TooMuchMemory,
    /// A tagged field whose value is shorter than its announced size.
    #[error("{0} bytes too many in a tagged field")]
    TaggedFieldTooLong(usize),
    /// A record of a version that is not known.
    #[error("version {0} of the record is not known")]
    UnknownVersion(i16),
}

struct Place<'a>(&'a &'static str);

impl std::fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.is_empty() {
            return Ok(());
        }
        write!(f, " (in `{}`)", self.0)
    }
}

impl DecodeError {
    /// Names the field, unless an inner one has been named.
    pub(crate) fn at(mut self, field: &'static str) -> Self {
        if self.field.is_empty() {
            self.field = field;
        }
        self
    }
}

impl From<DecodeErrorKind> for DecodeError {
    fn from(kind: DecodeErrorKind) -> Self {
        Self { kind, field: "" }
    }
}

/// A message that cannot be written; the handler that made it has a fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum EncodeError {
    /// A string, array or frame longer than its length field can say.
    #[error("length {0} does not fit its length field")]
    TooLong(usize),
}
