//! The recoverer that sends failed records to retry topics, and to dead letters at last.

use std::sync::Arc;
use std::time::Duration;

use super::headers::{self, Hop, RetryHeaders, Texts};
use super::settings::Class;
use super::{RetryTopicError, RetryTopics};
use crate::clock::Clock;
use crate::error::{BoxError, Fences, ListenerError, Recover, RecoverFuture, Recovered, Way};
use crate::listener::Delivery;
use crate::template::{KafkaTemplate, SendError, SendResult};

/// Publishes a failed record to the next retry topic of its listener, and to the dead-letter topic
/// once its attempts or its time are used up, or if its error is not retried: the counterpart of
/// what Spring's `@RetryableTopic` sets up.
///
/// The copy has the record's key and payload, byte for byte, on the same partition if the topic has
/// it. Its headers are those of Spring Kafka, byte for byte too, so that services of both kinds may
/// share the topics. The recovery succeeds once the broker acknowledged the copy, so the offset is
/// never committed before.
#[derive(Debug, Clone)]
pub struct RetryTopicRecoverer {
    kafka: KafkaTemplate,
    pub(super) topics: Arc<RetryTopics>,
    pub(super) clock: Clock,
    /// The keys of which a record is in retry, where others wait for it.
    pub(super) fences: Option<Arc<Fences>>,
    /// Who takes the records that are not tried again, instead of the dead-letter topic.
    last: Option<Arc<dyn Recover>>,
}

/// Where a record goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Destination {
    Retry {
        topic: String,
        due: i64,
    },
    DeadLetter(String),
    /// To whoever the application has for records that are not tried again.
    Last,
    GivenUp,
}

impl RetryTopicRecoverer {
    /// Publishes by that template to those topics; `clock` tells when a record is due.
    #[must_use]
    pub fn new(kafka: &KafkaTemplate, topics: Arc<RetryTopics>, clock: Clock) -> Self {
        Self {
            kafka: kafka.prompt_with_wire_names(),
            topics,
            clock,
            fences: None,
            last: None,
        }
    }

    /// Hands records that are not tried again to that recoverer, instead of the dead-letter topic.
    #[must_use]
    pub fn at_last(mut self, recoverer: Arc<dyn Recover>) -> Self {
        self.last = Some(recoverer);
        self
    }

    /// Fences the keys of records that are retried, so that others wait behind them.
    #[must_use]
    pub(crate) fn fencing(mut self, fences: Option<Arc<Fences>>) -> Self {
        self.fences = fences;
        self
    }

    pub(super) fn destination(
        &self,
        way: Way,
        delivery: &Delivery,
        error: &ListenerError,
    ) -> Destination {
        let (topics, policy) = (&self.topics, self.topics.policy());
        let topic = delivery.record().topic();
        let before = topics.believed(delivery);
        let limit = match policy.class(error, before.attempts) {
            _ if way == Way::DeadLetter => 0,
            Class::Retry { attempts, .. } => attempts,
            // Somebody else's error handler asks for it all the same.
            Class::DeadLetter | Class::Skip | Class::Park | Class::Stop => match way {
                Way::RetryTopic(_) => policy.attempts,
                _ => 0,
            },
        };
        let now = self.clock.since_epoch();
        if before.attempts < limit
            && !self.is_past_timeout(before, now)
            && let Some((topic, delay)) = topics.next(topic, before.attempts)
        {
            let delay = match way {
                Way::RetryTopic(told) => told,
                _ => policy.wait(error, before.attempts, delay),
            };
            return Destination::Retry {
                topic,
                due: millis_from(now + delay.min(policy.longest_believed())),
            };
        }
        if self.last.is_some() {
            return Destination::Last;
        }
        let dead_letters = topics.dead_letter_topic(topic, error);
        dead_letters.map_or(Destination::GivenUp, Destination::DeadLetter)
    }

    fn is_past_timeout(&self, before: RetryHeaders, now: Duration) -> bool {
        let (Some(timeout), Some(first)) = (self.topics.policy().timeout, before.first_sent) else {
            return false;
        };
        let first = Duration::from_millis(u64::try_from(first).unwrap_or(0));
        now > first.saturating_add(timeout)
    }

    pub(super) fn hop(&self, due: i64, delivery: &Delivery, fence: Option<u64>) -> Hop {
        Hop {
            before: self.topics.believed(delivery),
            retried: self.topics.contains(delivery.record().topic()),
            due,
            fence,
        }
    }

    /// Publishes a copy; `error` is why, unless it waits behind another.
    pub(super) async fn publish(
        &self,
        topic: &str,
        due: i64,
        delivery: &Delivery,
        error: Option<&ListenerError>,
        fence: Option<u64>,
    ) -> Result<SendResult, SendError> {
        let hop = self.hop(due, delivery, fence);
        let mut partition = Some(delivery.record().partition());
        let mut texts = Texts::Full;
        loop {
            let headers = match error {
                Some(error) => headers::of(delivery, error, hop, texts),
                None => headers::of_parked(delivery, hop),
            };
            match self.send(topic, delivery, partition, headers).await {
                // Copies of a key on two partitions would stand in no line.
                Err(SendError::UnknownPartition { .. })
                    if partition.is_some() && fence.is_none() =>
                {
                    partition = None;
                }
                Err(SendError::TooLarge { .. }) if texts == Texts::Full => texts = Texts::None,
                result => return result,
            }
        }
    }

    async fn send(
        &self,
        topic: &str,
        delivery: &Delivery,
        partition: Option<i32>,
        headers: Vec<crate::record::OwnedHeader>,
    ) -> Result<SendResult, SendError> {
        let record = delivery.record();
        let mut send = delivery
            .copy_in_transaction(topic)
            .unwrap_or_else(|| self.kafka.send_bytes(topic, record.payload()));
        if let Some(key) = record.key() {
            send = send.key(key);
        }
        if let Some(partition) = partition {
            send = send.partition(partition);
        }
        for header in headers {
            send = send.header_bytes(&header.name, header.value.as_deref());
        }
        send.await
    }

    async fn go(
        self,
        way: Way,
        delivery: Delivery,
        error: ListenerError,
    ) -> (Delivery, ListenerError, Result<Recovered, BoxError>) {
        if matches!(way, Way::Behind | Way::Lift) {
            let result = self.in_order(way, &delivery).await;
            return (delivery, error, result);
        }
        let destination = self.destination(way, &delivery, &error);
        let (topic, due, went) = match destination {
            Destination::Retry { due, .. } if self.stands_in_line(&delivery) => {
                return self.try_in_line(due, delivery, error).await;
            }
            Destination::Retry { topic, due } => (topic, due, Recovered::SentToRetryTopic),
            Destination::DeadLetter(topic) => {
                let now = millis_from(self.clock.since_epoch());
                (topic, now, Recovered::DeadLettered)
            }
            Destination::Last => match &self.last {
                Some(last) => {
                    let (delivery, error, went) = last.recover_by(way, delivery, error).await;
                    let went = self.leave_line(&delivery, went).await;
                    return (delivery, error, went);
                }
                None => return (delivery, error, Ok(Recovered::GivenUp)),
            },
            Destination::GivenUp => {
                given_up(&delivery, &error);
                let went = self.leave_line(&delivery, Ok(Recovered::GivenUp)).await;
                return (delivery, error, went);
            }
        };
        if topic == delivery.record().topic() && went == Recovered::DeadLettered {
            let looped = RetryTopicError::Loop { topic };
            return (delivery, error, Err(looped.into()));
        }
        let result = self.carry(&topic, due, went, &delivery, &error).await;
        (delivery, error, result)
    }

    /// Publishes the copy of a failed record.
    async fn carry(
        &self,
        topic: &str,
        due: i64,
        went: Recovered,
        delivery: &Delivery,
        error: &ListenerError,
    ) -> Result<Recovered, BoxError> {
        let fence = match went {
            Recovered::SentToRetryTopic => self.announce(delivery).await?,
            _ => None,
        };
        let sent = self.publish(topic, due, delivery, Some(error), fence);
        published(delivery, &sent.await?, went);
        match went {
            Recovered::DeadLettered => self.leave_line(delivery, Ok(went)).await,
            _ => Ok(went),
        }
    }
}

impl Recover for RetryTopicRecoverer {
    fn recover(&self, delivery: Delivery, error: ListenerError) -> RecoverFuture {
        self.recover_by(Way::Any, delivery, error)
    }

    fn recover_by(&self, way: Way, delivery: Delivery, error: ListenerError) -> RecoverFuture {
        Box::pin(self.clone().go(way, delivery, error))
    }

    fn has_retry_topics(&self) -> bool {
        self.topics.policy().attempts > 1
    }
}

/// Whole milliseconds, none of them too early.
pub(super) fn millis_from(time: Duration) -> i64 {
    let millis = time.as_nanos().div_ceil(1_000_000);
    i64::try_from(millis).unwrap_or(i64::MAX)
}

fn published(delivery: &Delivery, sent: &SendResult, went: Recovered) {
    macro_rules! event {
        ($level:ident, $message:literal) => {
            tracing::event!(
                tracing::Level::$level,
                listener = delivery.listener().main_id(),
                topic = delivery.record().topic(),
                partition = delivery.record().partition(),
                offset = delivery.record().offset(),
                to_topic = &*sent.topic,
                to_partition = sent.partition,
                to_offset = sent.offset,
                $message
            )
        };
    }
    match went {
        Recovered::DeadLettered => event!(INFO, "record dead-lettered"),
        _ => event!(DEBUG, "record sent to a retry topic"),
    }
}

fn given_up(delivery: &Delivery, error: &ListenerError) {
    tracing::error!(
        listener = delivery.listener().main_id(),
        topic = delivery.record().topic(),
        partition = delivery.record().partition(),
        offset = delivery.record().offset(),
        r#type = error.type_name(),
        variant = error.variant(),
        "record given up: its retries are used up, and there is no dead-letter topic"
    );
}
