//! Payloads whose failures the handler wants to see.

use super::FromRecord;
use crate::codec::{DecodeError, FromPayload};
use crate::error::ListenerError;
use crate::listener::Delivery;

/// The payload, or why it cannot be read: the handler decides then, and nothing is dead-lettered
/// for it.
impl<'r, P: FromPayload<'r>> FromRecord<'r> for Result<P, DecodeError> {
    fn from_record(delivery: &'r Delivery) -> Result<Self, ListenerError> {
        match P::from_source(&delivery.source()) {
            Err(DecodeError::Pending(lookup)) => Err(ListenerError::pending(lookup)),
            read => Ok(read),
        }
    }
}
