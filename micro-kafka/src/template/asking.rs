//! A template's requests, and single records that it reads.

use std::time::{Duration, Instant};

use super::kafka_template::blocking;
use super::request::{ReplyConfig, ReplyCounts, Request, RequestError, Requests};
use super::{KafkaError, KafkaTemplate, SendBuilder};
use crate::client::{AssignedConsumer, ErrorCode, TopicPartition};
use crate::codec::ToPayload;
use crate::config::is_for_producers_only;
use crate::record::Record;

/// How long a single record is waited for.
const RECEIVE: Duration = Duration::from_secs(5);

impl KafkaTemplate {
    /// Begins a request: a record whose answer comes back as a record.
    ///
    /// The answer is read as the type that is asked for. Spring Kafka understands the headers, and
    /// we those of Spring Kafka. All requests of a template share one reader of the `reply-topic`,
    /// which is started by the first of them.
    ///
    /// ```no_run
    /// # use micro_kafka::prelude::*;
    /// # #[derive(Serialize)] struct Order;
    /// # #[derive(Deserialize)] struct Quote;
    /// # async fn ask(kafka: &KafkaTemplate, order: &Order) -> Result<Quote, KafkaError> {
    /// let Json(quote) = kafka
    ///     .request("pricing", Json(order))
    ///     .timeout(Duration::from_secs(2))
    ///     .await?;
    /// # Ok(quote) }
    /// ```
    #[allow(
        clippy::needless_pass_by_value,
        reason = "`Json(&order)` is made for the call, and reads better without another `&`"
    )]
    pub fn request<R>(&self, topic: &str, payload: impl ToPayload) -> Request<R> {
        Request::new(self, topic, self.send_plain(topic, &payload))
    }

    /// Begins the answer to a request, which a transactional template sends, too.
    pub(super) fn reply(&self, topic: &str, payload: &impl ToPayload) -> SendBuilder {
        self.send_plain(topic, payload)
    }

    /// Replies that came so far.
    #[must_use]
    pub fn reply_counts(&self) -> ReplyCounts {
        self.requests().counts()
    }

    /// Fails the requests that wait, and refuses further ones.
    pub(crate) fn close_requests(&self) {
        self.requests().close();
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
    pub(super) fn consumer_settings(&self) -> Vec<(String, String)> {
        let config = self.config();
        let servers = (
            "bootstrap.servers".to_owned(),
            config.bootstrap_servers.clone(),
        );
        let shared = config.properties.iter();
        let shared = shared.filter(|(name, _)| !is_for_producers_only(name));
        std::iter::once(servers).chain(shared.cloned()).collect()
    }

    pub(super) fn reply_config(&self) -> &ReplyConfig {
        &self.config().replies
    }

    pub(super) fn requests(&self) -> &Requests {
        &self.shared().requests
    }
}
