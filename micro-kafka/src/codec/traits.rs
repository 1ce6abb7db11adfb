//! What the wrappers do.

use super::Invalid;
use crate::error::BoxError;

/// A payload that can be read from a record: with it, a type is an argument of a
/// `#[kafka_listener]` function, and in an `Option` one that accepts tombstones.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no payload",
    label = "no payload",
    note = "a payload is `Json<T>`, `Text` or `Bytes`; own formats implement `FromPayload`"
)]
pub trait FromPayload<'r>: Sized {
    /// Reads it; `None` is a tombstone.
    ///
    /// # Errors
    /// If the bytes are not of that form. The error tells the place and the expected type, never
    /// the value.
    fn from_payload(payload: Option<&'r [u8]>) -> Result<Self, DecodeError>;
}

/// A payload that can be sent.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be sent as a payload",
    label = "not a payload",
    note = "write `Json(&value)`, `Text(…)` or `Bytes(…)`; `None` is a tombstone"
)]
pub trait ToPayload {
    /// Appends the bytes to `buffer`; `Ok(false)` is a tombstone and leaves `buffer` alone.
    ///
    /// # Errors
    /// If the value cannot be written in that form; `buffer` is then as it was.
    fn to_payload(&self, buffer: &mut Vec<u8>) -> Result<bool, EncodeError>;
}

impl<P: ToPayload + ?Sized> ToPayload for &P {
    fn to_payload(&self, buffer: &mut Vec<u8>) -> Result<bool, EncodeError> {
        (**self).to_payload(buffer)
    }
}

/// `None` is a tombstone.
impl<P: ToPayload> ToPayload for Option<P> {
    fn to_payload(&self, buffer: &mut Vec<u8>) -> Result<bool, EncodeError> {
        self.as_ref()
            .map_or(Ok(false), |payload| payload.to_payload(buffer))
    }
}

/// A payload that could not be read; never contains the payload's values.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// A tombstone where a payload is needed.
    #[error("the payload is null: take `Option<…>` to accept tombstones")]
    Null,
    /// Not JSON, or not of the expected shape.
    #[error("{0}")]
    Json(String),
    /// Not UTF-8.
    #[error("not valid UTF-8 at byte {0}")]
    Utf8(usize),
    /// Read, but against the rules of its type.
    #[error("not valid: {0}")]
    Invalid(Invalid),
    /// Not of a format of your own; its message must not contain the payload's values.
    #[error(transparent)]
    Custom(BoxError),
}

/// A payload that could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The value's `Serialize` failed.
    #[error("the value cannot be written as JSON")]
    Json(#[source] serde_json::Error),
    /// A format of your own failed.
    #[error(transparent)]
    Custom(BoxError),
}
