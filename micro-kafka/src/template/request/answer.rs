//! The answering side of a request.

use super::{CORRELATION_ID, REPLY_ERROR, REPLY_ERROR_MESSAGE, REPLY_PARTITION, REPLY_TOPIC};
use crate::codec::ToPayload;
use crate::error::{Classify, ListenerError};
use crate::extract::FromRecord;
use crate::listener::{BootCheck, Delivery};
use crate::record::Record;
use crate::template::{KafkaTemplate, SendBuilder};

/// Where a request is to be answered: an argument of a listener, or made of a record by
/// [`ReplyTo::of`].
///
/// As an argument it fails for records that ask for no answer; an `Option<ReplyTo>` takes both.
///
/// ```
/// use micro_kafka::prelude::*;
/// use micro_kafka::template::ReplyTo;
///
/// #[derive(Deserialize)]
/// struct Order { cents: i64 }
///
/// #[derive(Serialize)]
/// struct Quote { cents: i64 }
///
/// #[kafka_listener(topics = "pricing", group_id = "pricing")]
/// async fn price(Json(order): Json<Order>, reply: ReplyTo) -> Result<(), SendError> {
///     reply.send(Json(Quote { cents: order.cents + 1 })).await?;
///     Ok(())
/// }
/// ```
#[derive(Debug, Clone)]
pub struct ReplyTo {
    template: KafkaTemplate,
    topic: String,
    partition: Option<i32>,
    correlation: Option<Vec<u8>>,
}

impl ReplyTo {
    /// Where a record asks to be answered, if it does; answers go by `template`.
    #[must_use]
    pub fn of(record: &Record, template: &KafkaTemplate) -> Option<Self> {
        let header = |name| record.headers().get(name).and_then(|header| header.value);
        let topic = std::str::from_utf8(header(REPLY_TOPIC)?).ok()?;
        let partition = header(REPLY_PARTITION).and_then(|bytes| bytes.try_into().ok());
        Some(Self {
            // The header has the name that the broker knows.
            template: template.with_wire_names(),
            topic: topic.to_owned(),
            partition: partition.map(i32::from_be_bytes),
            correlation: header(CORRELATION_ID).map(Into::into),
        })
    }

    /// The topic as the broker knows it.
    #[must_use]
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// Begins a send of the answer.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "`Json(&quote)` is made for the call, and reads better without another `&`"
    )]
    pub fn send(&self, payload: impl ToPayload) -> SendBuilder {
        self.addressed(self.template.reply(&self.topic, &payload))
    }

    /// Begins a send that tells the other side of an error; its variant and message are sent, in
    /// headers of our own.
    pub fn fail<E: Classify + std::fmt::Display>(&self, error: &E) -> SendBuilder {
        self.fail_as(error.variant(), &error.to_string())
    }

    /// Begins a send that tells the other side of an error of that type, in these words.
    pub fn fail_as(&self, error: &str, message: &str) -> SendBuilder {
        let answer = self.template.send_bytes(&self.topic, None);
        self.addressed(answer)
            .header(REPLY_ERROR, error)
            .header(REPLY_ERROR_MESSAGE, message)
    }

    fn addressed(&self, mut answer: SendBuilder) -> SendBuilder {
        if let Some(id) = &self.correlation {
            answer = answer.header(CORRELATION_ID, id);
        }
        match self.partition {
            Some(partition) => answer.partition(partition),
            None => answer,
        }
    }
}

/// A record that asks for no answer.
#[derive(Debug, thiserror::Error)]
#[error("the record asks for no answer: it has no header `kafka_replyTopic`")]
#[non_exhaustive]
pub struct ReplyToRejection;

impl FromRecord<'_> for ReplyTo {
    fn from_record(delivery: &Delivery) -> Result<Self, ListenerError> {
        let template = delivery.listener().states.get::<KafkaTemplate>();
        template
            .and_then(|template| Self::of(delivery.record(), template))
            .ok_or_else(|| ListenerError::decode(ReplyToRejection))
    }

    fn check(boot: &mut BootCheck<'_>) {
        if boot.states().get::<KafkaTemplate>().is_none() {
            boot.problem("`ReplyTo` needs the application's template");
        }
    }
}

impl FromRecord<'_> for Option<ReplyTo> {
    fn from_record(delivery: &Delivery) -> Result<Self, ListenerError> {
        let template = delivery.listener().states.get::<KafkaTemplate>();
        Ok(template.and_then(|template| ReplyTo::of(delivery.record(), template)))
    }

    fn check(boot: &mut BootCheck<'_>) {
        ReplyTo::check(boot);
    }
}
