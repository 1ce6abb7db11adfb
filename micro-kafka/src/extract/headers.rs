//! All headers.

use super::FromRecord;
use crate::error::ListenerError;
use crate::listener::Delivery;
use crate::record::Headers;

/// The record's headers in their order, read in place.
impl<'r> FromRecord<'r> for Headers<'r> {
    fn from_record(delivery: &'r Delivery) -> Result<Self, ListenerError> {
        Ok(delivery.record().headers())
    }
}
