//! A template's requests.

use super::request::{ReplyConfig, ReplyCounts, Request, Requests};
use super::{KafkaTemplate, SendBuilder};
use crate::codec::ToPayload;

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

    pub(super) fn reply_config(&self) -> &ReplyConfig {
        &self.config().replies
    }

    pub(super) fn requests(&self) -> &Requests {
        &self.shared().requests
    }
}
