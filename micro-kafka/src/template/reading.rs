//! What a template reads: single records, and what there is to know of partitions.

use std::time::{Duration, Instant};

use super::blocking::blocking;
use super::request::RequestError;
use super::{KafkaError, KafkaTemplate};
use crate::admin::PartitionInfo;
use crate::client::{AssignedConsumer, ErrorCode, TopicPartition};
use crate::config::is_for_producers_only;
use crate::record::Record;

/// How long a single record is waited for.
const RECEIVE: Duration = Duration::from_secs(5);

impl KafkaTemplate {
    /// The partitions of a topic with their leaders and replicas, by their numbers; none if there is
    /// no such topic, which is not created. Spring's `partitionsFor`.
    ///
    /// ```no_run
    /// # use micro_kafka::prelude::*;
    /// # async fn show(kafka: &KafkaTemplate) -> Result<(), KafkaError> {
    /// for info in kafka.partitions_for("orders").await? {
    ///     println!("{} of {:?}", info.partition, info.leader);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// If the topic may not be described, or no broker answers within 10 s.
    pub async fn partitions_for(&self, topic: &str) -> Result<Vec<PartitionInfo>, KafkaError> {
        let template = self.shared().family.route(topic).unwrap_or(self);
        let partitions = template.admin().partitions(topic).await?;
        Ok(partitions.unwrap_or_default())
    }

    /// Reads one record; `None` if there is none at that offset, or none within 5 s.
    ///
    /// It makes a consumer for the purpose, which takes some milliseconds.
    ///
    /// # Errors
    /// If the partition does not exist or may not be read.
    pub async fn receive(
        &self,
        topic: &str,
        partition: i32,
        offset: i64,
    ) -> Result<Option<Record>, KafkaError> {
        let count = self.admin().partition_count(topic).await?.unwrap_or(0);
        let topic = format!("{}{topic}", self.namespace());
        if u32::try_from(partition).map_or(true, |partition| partition >= count) {
            return Err(RequestError::NoPartition { topic, partition }.into());
        }
        let start = (TopicPartition::new(&topic, partition), offset);
        let settings = self.consumer_settings();
        let read = blocking(move || {
            let consumer =
                AssignedConsumer::new(settings, &[start], "error").map_err(RequestError::Reader)?;
            let deadline = Instant::now() + RECEIVE;
            loop {
                let left = deadline.saturating_duration_since(Instant::now());
                match consumer.next(left) {
                    None => return Ok(None),
                    Some(Ok(record)) => return Ok(Some(record)),
                    Some(Err(ErrorCode::OFFSET_RESET)) => return Ok(None),
                    Some(Err(code)) if code.is_retriable() => {}
                    Some(Err(code)) => return Err(RequestError::Broker { topic, code }),
                }
            }
        });
        let record = read.await?;
        Ok(record.filter(|record| record.offset() == offset))
    }

    /// What a consumer on the template's cluster is made with.
    pub(crate) fn consumer_settings(&self) -> Vec<(String, String)> {
        let config = self.config();
        let servers = (
            "bootstrap.servers".to_owned(),
            config.bootstrap_servers.clone(),
        );
        let shared = config.properties.iter();
        let shared = shared.filter(|(name, _)| !is_for_producers_only(name));
        std::iter::once(servers).chain(shared.cloned()).collect()
    }
}
