//! The key.

use super::type_label::type_label;
use super::{BytesError, FromBytes, FromRecord};
use crate::error::ListenerError;
use crate::listener::Delivery;

/// The record's key: `Key<&str>`, `Key<i64>`, and `Key<Option<…>>` where it may be null.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key<T>(pub T);

/// A key that is not what the handler takes.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyRejection {
    /// The record has no key.
    #[error("the key is null: take `Key<Option<{type_label}>>` to accept records without one")]
    Null {
        /// The type that was asked for.
        type_label: String,
    },
    /// Its bytes are not of that type.
    #[error("the key is not a `{type_label}`")]
    Invalid {
        /// The type that was asked for.
        type_label: String,
        /// What is wrong with it.
        source: BytesError,
    },
}

impl<'r, T: FromBytes<'r>> FromRecord<'r> for Key<T> {
    fn from_record(delivery: &'r Delivery) -> Result<Self, ListenerError> {
        let type_label = type_label::<T>;
        let key = match delivery.record().key() {
            None => T::from_absent().ok_or_else(|| KeyRejection::Null {
                type_label: type_label(),
            }),
            Some(bytes) => T::from_bytes(bytes).map_err(|source| KeyRejection::Invalid {
                type_label: type_label(),
                source,
            }),
        };
        key.map(Self).map_err(ListenerError::decode_key)
    }
}
