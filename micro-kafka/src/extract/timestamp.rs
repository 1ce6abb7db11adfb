//! When the record was made.

use super::FromRecord;
use crate::error::ListenerError;
use crate::listener::Delivery;
use crate::record::Timestamp;

/// When the record was made, and by whose clock.
impl FromRecord<'_> for Timestamp {
    fn from_record(delivery: &Delivery) -> Result<Self, ListenerError> {
        Ok(delivery.record().timestamp())
    }
}
