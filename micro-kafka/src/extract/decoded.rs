//! Payloads whose failures the handler wants to see.

use super::FromRecord;
use super::payload::read;
use crate::codec::{DecodeError, FromPayload};
use crate::error::ListenerError;
use crate::listener::{BootCheck, Delivery};

/// The payload, or why it cannot be read: the handler decides then, and nothing is dead-lettered
/// for it.
impl<'r, P: FromPayload<'r>> FromRecord<'r> for Result<P, DecodeError> {
    fn from_record(delivery: &'r Delivery) -> Result<Self, ListenerError> {
        match read(delivery) {
            Err(DecodeError::Pending(lookup)) => Err(ListenerError::pending(lookup)),
            read => Ok(read),
        }
    }

    fn check(boot: &mut BootCheck<'_>) {
        P::check_payload(boot);
    }
}
