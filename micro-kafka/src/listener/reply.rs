//! What a handler returns, on its way to another topic.

use std::sync::Arc;

use super::{BatchOutcome, Delivery};
use crate::codec::{Bytes, Json, Text, ToPayload};
use crate::error::ListenerError;
use crate::record::Record;
use crate::template::{KafkaTemplate, SendBuilder, Transaction};

/// Where a request wants its reply, and what tells the reply from others: Spring Kafka's headers.
const REPLY_TOPIC: &str = "kafka_replyTopic";
const REPLY_PARTITION: &str = "kafka_replyPartition";
const CORRELATION_ID: &str = "kafka_correlationId";

/// Where what a handler returns goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendTo {
    /// To this topic, without the namespace.
    Topic(Arc<str>),
    /// To the topic that the record's `kafka_replyTopic` names, on the partition that its
    /// `kafka_replyPartition` names, if there is one.
    ReplyHeader,
}

/// A record to which nobody could reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplyRejection {
    /// It does not say where.
    #[error("the record has no (readable) header `kafka_replyTopic` to reply to")]
    NoTopic,
    /// The handler was run without an application.
    #[error("there is no template to send by, or the listener has no `send_to`")]
    NoTemplate,
}

/// Where the replies to one record go.
#[derive(Debug)]
pub struct ReplyTarget<'r> {
    delivery: &'r Delivery,
    sender: Sender,
    topic: String,
    partition: Option<i32>,
    /// Whether replies have the record's key and correlation id.
    of_one: bool,
}

/// By whom replies are sent.
#[derive(Debug)]
enum Sender {
    Template(KafkaTemplate),
    /// In the transaction of a transactional listener.
    Transaction(Transaction),
}

impl Sender {
    fn with_wire_names(self) -> Self {
        match self {
            Self::Template(kafka) => Self::Template(kafka.with_wire_names()),
            Self::Transaction(transaction) => Self::Transaction(transaction.with_wire_names()),
        }
    }

    fn send(&self, topic: &str, payload: impl ToPayload) -> SendBuilder {
        match self {
            Self::Template(kafka) => kafka.send(topic, payload),
            Self::Transaction(transaction) => transaction.send(topic, payload).into_send(),
        }
    }
}

impl<'r> ReplyTarget<'r> {
    /// Finds it out, before the handler runs.
    ///
    /// # Errors
    /// If the record does not say where.
    pub fn of(delivery: &'r Delivery) -> Result<Self, ListenerError> {
        let listener = delivery.listener();
        let (Some(to), Some(kafka)) = (&listener.send_to, listener.states.get::<KafkaTemplate>())
        else {
            return Err(ListenerError::decode(ReplyRejection::NoTemplate));
        };
        let sender = match delivery.transaction() {
            Some(transaction) => Sender::Transaction(transaction),
            None => Sender::Template(kafka.clone()),
        };
        let (sender, topic, partition) = match to {
            SendTo::Topic(topic) => (sender, topic.to_string(), None),
            SendTo::ReplyHeader => {
                let header = |name| delivery.record().headers().get(name)?.value;
                let topic = header(REPLY_TOPIC).and_then(|name| std::str::from_utf8(name).ok());
                let topic = topic.ok_or_else(|| ListenerError::decode(ReplyRejection::NoTopic))?;
                let partition = header(REPLY_PARTITION).and_then(|bytes| bytes.try_into().ok());
                let partition = partition.map(i32::from_be_bytes);
                (sender.with_wire_names(), topic.to_owned(), partition)
            }
        };
        Ok(Self {
            delivery,
            sender,
            topic,
            partition,
            of_one: true,
        })
    }

    /// The same of several records: replies have no key but their own.
    ///
    /// # Errors
    /// If there is no template to send by.
    pub fn of_batch(delivery: &'r Delivery) -> Result<Self, ListenerError> {
        let target = Self::of(delivery)?;
        Ok(Self {
            of_one: false,
            ..target
        })
    }

    /// What `output` sends.
    pub fn replies(&self, output: impl IntoReplies) -> Replies<'_> {
        let mut replies = Replies {
            target: self,
            sends: Vec::new(),
        };
        output.append_to(&mut replies);
        replies
    }
}

/// What is sent for one record: all of it is on its way before the first acknowledgement is waited
/// for.
#[derive(Debug)]
#[must_use = "nothing is sent until `send`"]
pub struct Replies<'t> {
    target: &'t ReplyTarget<'t>,
    sends: Vec<SendBuilder>,
}

impl Replies<'_> {
    fn push<P: ToPayload>(&mut self, reply: &Reply<P>) {
        let target = self.target;
        let topic = reply.topic.as_deref().unwrap_or(&target.topic);
        let mut send = target.sender.send(topic, &reply.payload);
        let record = target.of_one.then(|| target.delivery.record());
        let key = reply.key.as_deref();
        if let Some(key) = key.or_else(|| record.and_then(Record::key)) {
            send = send.key(key);
        }
        if let Some(partition) = reply.partition.or(target.partition) {
            send = send.partition(partition);
        }
        let correlation = record.and_then(|record| record.headers().get(CORRELATION_ID));
        if let Some(id) = correlation.and_then(|header| header.value) {
            send = send.header(CORRELATION_ID, id);
        }
        for (name, value) in &reply.headers {
            send = send.header(name, value);
        }
        self.sends.push(send);
    }

    /// What becomes of a batch whose replies these are: it is done once all are acknowledged.
    pub async fn outcome(self) -> BatchOutcome {
        match self.send().await {
            Ok(()) => BatchOutcome::Done,
            Err(error) => BatchOutcome::Failed(error),
        }
    }

    /// Sends all, and waits until the broker has acknowledged all; in a transactional listener all
    /// are staged for its transaction.
    ///
    /// # Errors
    /// By the first that could not be sent; then all may be sent again.
    pub async fn send(self) -> Result<(), ListenerError> {
        let mut deliveries = Vec::with_capacity(self.sends.len());
        for send in self.sends {
            deliveries.push(send.queue().await.map_err(ListenerError::from_error)?);
        }
        for delivery in deliveries {
            delivery.await.map_err(ListenerError::from_error)?;
        }
        Ok(())
    }
}

/// What a handler with `send_to` may return: a payload, a [`Reply`], several in a `Vec`, or perhaps
/// one in an `Option`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be sent by a listener with `send_to`",
    label = "not a reply",
    note = "return `Json<T>`, `Text`, `Bytes` or `String`, a `Reply` with a key or headers of its own, a `Vec` of them or an `Option`; in a `Result`, if it may fail"
)]
pub trait IntoReplies {
    /// Appends what is to be sent.
    fn append_to(self, replies: &mut Replies<'_>);
}

/// A reply with a key, topic, partition or headers of its own; by default it has the key of the
/// record that it replies to.
#[derive(Debug, Clone)]
#[must_use = "a reply is sent if the handler returns it"]
pub struct Reply<P> {
    payload: P,
    topic: Option<String>,
    partition: Option<i32>,
    key: Option<Vec<u8>>,
    headers: Vec<(String, Vec<u8>)>,
}

impl<P: ToPayload> Reply<P> {
    /// A reply with that payload.
    pub fn new(payload: P) -> Self {
        Self {
            payload,
            topic: None,
            partition: None,
            key: None,
            headers: Vec::new(),
        }
    }

    /// Another topic than the listener's.
    pub fn topic(mut self, topic: impl Into<String>) -> Self {
        self.topic = Some(topic.into());
        self
    }

    /// The partition, whatever the key.
    pub fn partition(mut self, partition: i32) -> Self {
        self.partition = Some(partition);
        self
    }

    /// Another key than the record's.
    pub fn key(mut self, key: impl Into<Vec<u8>>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// One more header.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}

impl<P: ToPayload> IntoReplies for Reply<P> {
    fn append_to(self, replies: &mut Replies<'_>) {
        replies.push(&self);
    }
}

/// A payload by itself is a reply.
macro_rules! payload {
    ($([$($generics:tt)*] $payload:ty),*) => {$(
        impl<$($generics)*> IntoReplies for $payload
        where
            $payload: ToPayload,
        {
            fn append_to(self, replies: &mut Replies<'_>) {
                Reply::new(self).append_to(replies);
            }
        }
    )*};
}

payload!([T] Json<T>, [S] Text<S>, [B] Bytes<B>, [] String, [] &'static str);

impl<R: IntoReplies> IntoReplies for Vec<R> {
    fn append_to(self, replies: &mut Replies<'_>) {
        for reply in self {
            reply.append_to(replies);
        }
    }
}

/// `None` sends nothing; a tombstone is a `Reply` of `None`.
impl<R: IntoReplies> IntoReplies for Option<R> {
    fn append_to(self, replies: &mut Replies<'_>) {
        if let Some(reply) = self {
            reply.append_to(replies);
        }
    }
}
