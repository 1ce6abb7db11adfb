//! One header.

use super::type_label::type_label;
use super::{BytesError, FromBytes};
use crate::error::ListenerError;
use crate::listener::Delivery;

/// One header, named by the argument's attribute: `#[header("source")] source: Header<&str>`.
///
/// Of several headers of that name it is the last one, as in Kafka's `lastHeader`. A header that
/// may be missing is an `Option<Header<&str>>` or a `Header<Option<&str>>`. The wrapper may be left
/// out: `#[header("source")] source: &str`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Header<T>(pub T);

/// A header that is not what the handler takes.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderRejection {
    /// The record has no such header, or a null one.
    #[error("the header `{name}` is missing: take `Option<{type_label}>` to accept that")]
    Missing {
        /// The header's name.
        name: &'static str,
        /// The type that was asked for.
        type_label: String,
    },
    /// Its bytes are not of that type.
    #[error("the header `{name}` is not a `{type_label}`")]
    Invalid {
        /// The header's name.
        name: &'static str,
        /// The type that was asked for.
        type_label: String,
        /// What is wrong with it.
        source: BytesError,
    },
}

impl<'r, T: FromBytes<'r>> FromBytes<'r> for Header<T> {
    fn from_bytes(bytes: &'r [u8]) -> Result<Self, BytesError> {
        T::from_bytes(bytes).map(Self)
    }

    fn from_absent() -> Option<Self> {
        T::from_absent().map(Self)
    }
}

/// Takes the last header of that name.
pub(crate) fn named_header<'r, T: FromBytes<'r>>(
    delivery: &'r Delivery,
    name: &'static str,
) -> Result<T, ListenerError> {
    let type_label = type_label::<T>;
    let header = delivery.record().headers().get(name);
    let value = match header.and_then(|header| header.value) {
        None => T::from_absent().ok_or_else(|| HeaderRejection::Missing {
            name,
            type_label: type_label(),
        }),
        Some(bytes) => T::from_bytes(bytes).map_err(|source| HeaderRejection::Invalid {
            name,
            type_label: type_label(),
            source,
        }),
    };
    value.map_err(ListenerError::decode)
}
