//! What the wrappers do.

use super::{Invalid, Lookup, Misfit, PayloadSource, PayloadTarget, Written};
use crate::error::BoxError;
use crate::listener::BootCheck;

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

    /// Reads it where topic, headers or what the application shares matter; by default only the
    /// payload does.
    ///
    /// # Errors
    /// As [`Self::from_payload`]; with [`DecodeError::Pending`] it is called again once what is
    /// missing was fetched.
    #[inline]
    fn from_source(source: &PayloadSource<'r>) -> Result<Self, DecodeError> {
        Self::from_payload(source.payload())
    }

    /// Says what is missing before a listener that takes it starts.
    fn check_payload(boot: &mut BootCheck<'_>) {
        let _ = boot;
    }
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

    /// Writes it where the topic or what the application shares matter, or headers have to be
    /// added; by default only the payload's bytes are written.
    ///
    /// # Errors
    /// As [`Self::to_payload`].
    fn to_target(&self, target: &mut PayloadTarget<'_>) -> Result<Written, EncodeError> {
        self.to_payload(target.buffer()).map(Written::from)
    }
}

impl<P: ToPayload + ?Sized> ToPayload for &P {
    fn to_payload(&self, buffer: &mut Vec<u8>) -> Result<bool, EncodeError> {
        (**self).to_payload(buffer)
    }

    fn to_target(&self, target: &mut PayloadTarget<'_>) -> Result<Written, EncodeError> {
        (**self).to_target(target)
    }
}

/// `None` is a tombstone.
impl<P: ToPayload> ToPayload for Option<P> {
    fn to_payload(&self, buffer: &mut Vec<u8>) -> Result<bool, EncodeError> {
        self.as_ref()
            .map_or(Ok(false), |payload| payload.to_payload(buffer))
    }

    fn to_target(&self, target: &mut PayloadTarget<'_>) -> Result<Written, EncodeError> {
        self.as_ref()
            .map_or(Ok(Written::Tombstone), |payload| payload.to_target(target))
    }
}

/// The bytes of a payload that must not be a tombstone. Not by `ok_or`, which makes an error for every
/// payload that is none.
#[inline]
pub(crate) fn present(payload: Option<&[u8]>) -> Result<&[u8], DecodeError> {
    match payload {
        Some(bytes) => Ok(bytes),
        None => Err(DecodeError::Null),
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
    /// A payload where a tombstone is expected.
    #[error("a payload where only null is expected")]
    NotNull,
    /// Not of that format, or not of its schema.
    #[error("{0}")]
    Misfit(Misfit),
    /// More bytes than the listener's `max-payload`.
    #[error("the payload has {size} bytes where at most {max} are read (`max-payload`)")]
    TooLarge {
        /// How many it has.
        size: usize,
        /// How many are read.
        max: usize,
    },
    /// More levels than the listener's `max-depth`.
    #[error("nested deeper than {max} levels at byte {at} (`max-depth`)")]
    TooDeep {
        /// How many levels are read.
        max: usize,
        /// Where the first level is that is one too many.
        at: usize,
    },
    /// The schema of its type, which the program declares, cannot be used.
    #[cfg(any(
        feature = "avro",
        feature = "json-schema",
        feature = "protobuf",
        feature = "schema-registry"
    ))]
    #[error(transparent)]
    Schema(#[from] super::SchemaError),
    /// Without the header that schema registries need, with a schema that is not known, or read by
    /// an application without a registry.
    #[cfg(feature = "schema-registry")]
    #[error(transparent)]
    Registry(#[from] super::registry::RegistryError),
    /// Not yet: what it needs is fetched first, and then it is read again.
    #[error("the payload {0}")]
    Pending(Lookup),
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
    /// The value is not of the shape that its schema wants.
    #[error("the value cannot be written as {0} by its schema")]
    Shape(&'static str),
    /// The value breaks its schema.
    #[error("{0}")]
    Misfit(Misfit),
    /// The schema of its type, which the program declares, cannot be used.
    #[cfg(any(
        feature = "avro",
        feature = "json-schema",
        feature = "protobuf",
        feature = "schema-registry"
    ))]
    #[error(transparent)]
    Schema(#[from] super::SchemaError),
    /// The schema registry does not know, take or tell the schema.
    #[cfg(feature = "schema-registry")]
    #[error(transparent)]
    Registry(#[from] super::registry::RegistryError),
    /// A format of your own failed.
    #[error(transparent)]
    Custom(BoxError),
}
