//! One request, as it is put together.

use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::pin::Pin;
use std::time::Duration;

use futures_util::future::OptionFuture;
use tokio::time::{Instant, sleep_until};

use super::replies::{Expected, Replies};
use super::{
    CORRELATION_ID, GatherRequest, REPLY_ERROR, REPLY_ERROR_MESSAGE, REPLY_PARTITION, REPLY_TOPIC,
    ReplyCheck, RequestError,
};
use crate::codec::{Codecs, DecodeError, FromPayload, PayloadSource};
use crate::record::Record;
use crate::template::{DeliveryFuture, KafkaError, KafkaTemplate, SendBuilder};

/// A request: `.await` it for its reply; see [`KafkaTemplate::request`].
#[must_use = "nothing is sent unless it is awaited"]
pub struct Request<R> {
    pub(super) asking: Asking,
    reply: PhantomData<fn() -> R>,
}

/// What requests are made of, whatever their replies.
pub(super) struct Asking {
    template: KafkaTemplate,
    pub(super) topic: String,
    record: SendBuilder,
    pub(super) timeout: Duration,
}

impl<R> Request<R> {
    pub(in crate::template) fn new(
        template: &KafkaTemplate,
        topic: &str,
        record: SendBuilder,
    ) -> Self {
        Self {
            asking: Asking {
                template: template.clone(),
                topic: topic.to_owned(),
                record,
                timeout: template.reply_config().timeout,
            },
            reply: PhantomData,
        }
    }

    fn map(mut self, change: impl FnOnce(SendBuilder) -> SendBuilder) -> Self {
        self.asking.record = change(self.asking.record);
        self
    }

    /// As [`SendBuilder::key`].
    pub fn key(self, key: impl AsRef<[u8]>) -> Self {
        self.map(|record| record.key(key))
    }

    /// As [`SendBuilder::partition`].
    pub fn partition(self, partition: i32) -> Self {
        self.map(|record| record.partition(partition))
    }

    /// As [`SendBuilder::header`].
    pub fn header(self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        self.map(|record| record.header(name, value))
    }

    /// How long to wait for the reply; by default the template's `reply-timeout`.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.asking.timeout = timeout;
        self
    }

    /// Waits for several replies, until `count` of them are there.
    pub fn gather(self, count: usize) -> GatherRequest<R> {
        GatherRequest::new(self.asking, count)
    }
}

impl Asking {
    /// Sends the request; the replies are waited for by what comes back.
    pub(super) async fn send(self) -> Result<Sent, KafkaError> {
        let replies = self.template.requests().replies(&self.template).await?;
        let Some(expected) = replies.expect() else {
            return Err(RequestError::Closed { topic: self.topic }.into());
        };
        let record = addressed(self.record, replies, &expected);
        let deadline = Instant::now() + self.timeout;
        let delivery = record.queue().await?;
        Ok(Sent {
            check: self.template.reply_config().check.clone(),
            topic: self.topic,
            codecs: self.template.config().codecs.clone(),
            waited: self.timeout,
            deadline,
            delivery: Some(delivery),
            expected,
        })
    }
}

/// A request on its way.
pub(super) struct Sent {
    topic: String,
    codecs: Codecs,
    check: Option<ReplyCheck>,
    waited: Duration,
    deadline: Instant,
    delivery: Option<DeliveryFuture>,
    expected: Expected,
}

impl Sent {
    /// The next reply; one that tells an error is an error.
    pub(super) async fn next(&mut self) -> Result<Record, KafkaError> {
        loop {
            let delivered = OptionFuture::from(self.delivery.as_mut());
            tokio::select! {
                biased;
                reply = self.expected.next() => return self.check(reply),
                Some(delivered) = delivered => {
                    self.delivery = None;
                    delivered?;
                }
                () = sleep_until(self.deadline) => {
                    let topic = self.topic.clone();
                    let waited = self.waited;
                    return Err(RequestError::TimedOut { topic, waited }.into());
                }
            }
        }
    }

    fn check(&self, reply: Option<Record>) -> Result<Record, KafkaError> {
        let topic = self.topic.clone();
        let Some(reply) = reply else {
            return Err(RequestError::Closed { topic }.into());
        };
        if let Some(error) = text(&reply, REPLY_ERROR) {
            let message = text(&reply, REPLY_ERROR_MESSAGE).unwrap_or_default();
            return Err(RequestError::Refused {
                topic,
                error,
                message,
            }
            .into());
        }
        match self.check.as_ref().and_then(|check| check.call(&reply)) {
            Some(message) => Err(RequestError::Refused {
                topic,
                error: "refused by the reply check".into(),
                message,
            }
            .into()),
            None => Ok(reply),
        }
    }
}

fn text(reply: &Record, header: &str) -> Option<String> {
    let value = reply.headers().get(header)?.value?;
    Some(String::from_utf8_lossy(value).into_owned())
}

impl Sent {
    /// A reply as the type that was asked for.
    pub(super) async fn decode<R>(&self, reply: &Record) -> Result<R, KafkaError>
    where
        R: for<'r> FromPayload<'r>,
    {
        loop {
            let failed = match R::from_source(&PayloadSource::new(reply, &self.codecs)) {
                Ok(read) => return Ok(read),
                Err(failed) => failed,
            };
            let source = match failed {
                DecodeError::Pending(lookup) => match lookup.fetch().await {
                    Ok(()) => continue,
                    Err(error) => DecodeError::Custom(error.into()),
                },
                source => source,
            };
            let topic = self.topic.clone();
            return Err(RequestError::Unreadable { topic, source }.into());
        }
    }
}

impl<R> IntoFuture for Request<R>
where
    R: for<'r> FromPayload<'r> + 'static,
{
    type Output = Result<R, KafkaError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let mut sent = self.asking.send().await?;
            let reply = sent.next().await?;
            sent.decode(&reply).await
        })
    }
}

impl<R> fmt::Debug for Request<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("topic", &self.asking.topic)
            .field("timeout", &self.asking.timeout)
            .finish_non_exhaustive()
    }
}

fn addressed(record: SendBuilder, replies: &Replies, expected: &Expected) -> SendBuilder {
    let record = record
        .header(REPLY_TOPIC, &replies.topic)
        .header(CORRELATION_ID, expected.id);
    match replies.partition {
        Some(partition) => record.header(REPLY_PARTITION, partition.to_be_bytes()),
        None => record,
    }
}
