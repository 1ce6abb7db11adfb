//! The handler's own partition.

use super::FromRecord;
use crate::error::ListenerError;
use crate::listener::{Delivery, PartitionControl};

impl FromRecord<'_> for PartitionControl {
    fn from_record(delivery: &Delivery) -> Result<Self, ListenerError> {
        let record = delivery.record();
        let line = delivery.consumer.line.clone();
        Ok(Self::new(line, record.topic(), record.partition()))
    }
}
