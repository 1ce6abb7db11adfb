//! What the wrappers do.

/// A payload that can be read from a record.
pub trait FromPayload<'r>: Sized {
    /// Reads it; `None` is a tombstone.
    ///
    /// # Errors
    /// If the bytes are not of that form. The error tells the place and the expected type, never
    /// the value.
    fn from_payload(payload: Option<&'r [u8]>) -> Result<Self, DecodeError>;
}

/// A payload that can be sent.
pub trait ToPayload {
    /// Appends the bytes to `buffer`; `Ok(false)` is a tombstone and leaves `buffer` alone.
    ///
    /// # Errors
    /// If the value cannot be written in that form.
    fn to_payload(&self, buffer: &mut Vec<u8>) -> Result<bool, EncodeError>;
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
}

/// A payload that could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The value's `Serialize` failed.
    #[error("the value cannot be written as JSON")]
    Json(#[source] serde_json::Error),
}
