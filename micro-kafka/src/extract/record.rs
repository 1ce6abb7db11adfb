//! The record itself.

use super::FromRecord;
use crate::error::ListenerError;
use crate::listener::Delivery;
use crate::record::Record;

/// The record in place.
impl<'r> FromRecord<'r> for &'r Record {
    fn from_record(delivery: &'r Delivery) -> Result<Self, ListenerError> {
        Ok(delivery.record())
    }
}

/// A copy of the record, which may outlive the handler.
impl FromRecord<'_> for Record {
    fn from_record(delivery: &Delivery) -> Result<Self, ListenerError> {
        Ok(delivery.record().clone())
    }
}
