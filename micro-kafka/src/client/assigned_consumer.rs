//! A consumer of partitions that it was told, in no group and without commits; every call blocks.

use std::ptr::NonNull;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::bindings as rdsys;
use rdsys::rd_kafka_resp_err_t as Code;

use super::handle::{ClientHandle, check};
use super::partition_list::PartitionList;
use super::producer_topic::millis;
use super::properties::consumer_properties;
use super::{ClientError, ErrorCode, NativeMessage, TopicPartition};
use crate::record::Record;

/// librdkafka wants a group; nobody joins it.
const GROUP: (&str, &str) = ("group.id", "micro-kafka-reader");

/// Whether ends of partitions are told.
const ENDS: &str = "enable.partition.eof";

/// What a consumer that tells ends has read.
#[derive(Debug)]
pub(crate) enum Read {
    /// A record.
    Record(Record),
    /// All that there was of a partition; the next record will have that offset, or a later one.
    End { partition: i32, offset: i64 },
}

/// Reads partitions from known offsets.
#[derive(Debug)]
pub(crate) struct AssignedConsumer {
    client: Arc<ClientHandle>,
}

impl AssignedConsumer {
    /// A consumer of these partitions from these offsets; `reset` says, as `auto.offset.reset`,
    /// what becomes of an offset that is not there.
    ///
    /// # Errors
    /// If librdkafka refuses the properties or the partitions.
    pub(crate) fn new(
        settings: Vec<(String, String)>,
        partitions: &[(TopicPartition, i64)],
        reset: &str,
    ) -> Result<Self, ClientError> {
        let own = [GROUP, ("auto.offset.reset", reset)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let settings: Vec<_> = settings.into_iter().chain(own).collect();
        Self::with(&consumer_properties(&settings), partitions)
    }

    /// The same from what offsets are there, telling each end of a partition.
    ///
    /// # Errors
    /// If librdkafka refuses the properties or the partitions.
    pub(crate) fn telling_ends(
        settings: Vec<(String, String)>,
        partitions: &[(TopicPartition, i64)],
    ) -> Result<Self, ClientError> {
        let own = [GROUP, ("auto.offset.reset", "earliest")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let settings: Vec<_> = settings.into_iter().chain(own).collect();
        let mut properties = consumer_properties(&settings);
        properties.retain(|(name, _)| name != ENDS);
        properties.push((ENDS.to_owned(), "true".to_owned()));
        Self::with(&properties, partitions)
    }

    fn with(
        properties: &[(String, String)],
        partitions: &[(TopicPartition, i64)],
    ) -> Result<Self, ClientError> {
        let client = Arc::new(ClientHandle::consumer(properties)?);
        let consumer = Self { client };
        consumer.assign(partitions)?;
        Ok(consumer)
    }

    /// Reads these partitions from these offsets instead; none of them at all if there are none.
    ///
    /// # Errors
    /// If librdkafka refuses them.
    pub(crate) fn assign(&self, partitions: &[(TopicPartition, i64)]) -> Result<(), ClientError> {
        let mut list = PartitionList::with_capacity(partitions.len())
            .ok_or_else(|| ClientError::Create("out of memory".into()))?;
        for (partition, offset) in partitions {
            list.push(partition, *offset);
        }
        // SAFETY: client and list are alive.
        let code = unsafe { rdsys::rd_kafka_assign(self.client.raw(), list.raw()) };
        check("rd_kafka_assign", code)
    }

    /// The offset after all that was read of a partition, records of transactions' ends included,
    /// which are given to nobody; `None` if nothing was read of it yet.
    pub(crate) fn position(&self, partition: &TopicPartition) -> Option<i64> {
        let mut list = PartitionList::of([partition])?;
        // SAFETY: client and list are alive.
        let code = unsafe { rdsys::rd_kafka_position(self.client.raw(), list.raw()) };
        check("rd_kafka_position", code).ok()?;
        list.entries().next()?.offset()
    }

    /// The next record, or what hinders it; `None` if there is none in time.
    pub(crate) fn next(&self, timeout: Duration) -> Option<Result<Record, ErrorCode>> {
        match self.read(timeout)? {
            Ok(Read::Record(record)) => Some(Ok(record)),
            Ok(Read::End { .. }) => None,
            Err(code) => Some(Err(code)),
        }
    }

    /// The next record or end of a partition, or what hinders it; `None` if there is none in time.
    pub(crate) fn read(&self, timeout: Duration) -> Option<Result<Read, ErrorCode>> {
        // SAFETY: the client is alive; the message is ours.
        let message = unsafe { rdsys::rd_kafka_consumer_poll(self.client.raw(), millis(timeout)) };
        let message = NonNull::new(message)?;
        // Read as a number: a newer broker may send codes that the bindings' enum does not have.
        // SAFETY: the field is an aligned `i32` of a live message.
        let code =
            ErrorCode::from_raw(unsafe { *(&raw const (*message.as_ptr()).err).cast::<i32>() });
        if code == ErrorCode::of(Code::RD_KAFKA_RESP_ERR_NO_ERROR) {
            // SAFETY: the message is this client's, without an error, and ours.
            let native = unsafe { NativeMessage::from_raw(message, Arc::clone(&self.client)) };
            return Some(Ok(Read::Record(Record::from_native(native))));
        }
        // SAFETY: both fields are of a live message, and plain numbers.
        let (partition, offset) =
            unsafe { ((*message.as_ptr()).partition, (*message.as_ptr()).offset) };
        // SAFETY: ours, destroyed once.
        unsafe { rdsys::rd_kafka_message_destroy(message.as_ptr()) };
        match code == ErrorCode::of(Code::RD_KAFKA_RESP_ERR__PARTITION_EOF) {
            true => Some(Ok(Read::End { partition, offset })),
            false => Some(Err(code)),
        }
    }
}
