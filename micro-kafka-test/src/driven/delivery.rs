//! One record on its way through a driven listener.

use std::future::{Future, IntoFuture};
use std::panic::Location;
use std::pin::Pin;
use std::time::Duration;

use micro_kafka::error::{Action, ListenerError, Recovered, Way};
use micro_kafka::listener::{Delivery, Finished};
use micro_kafka::record::{OwnedHeader, OwnedRecord, Record, Timestamp};

use super::Driven;
use super::outcome::{End, Outcome};
use crate::deadline::{DEADLINE, fail};

/// Whoever tries a record more often than this has no end.
const MOST_ATTEMPTS: u32 = 100_000;

/// A record for a driven listener: awaiting it is one delivery.
#[derive(Debug)]
#[must_use = "nothing is delivered until this is awaited"]
pub struct DrivenSend<'a> {
    driven: &'a Driven,
    record: OwnedRecord,
    attempt: u32,
    place: &'static Location<'static>,
}

impl<'a> DrivenSend<'a> {
    pub(super) fn new(
        driven: &'a Driven,
        record: OwnedRecord,
        place: &'static Location<'static>,
    ) -> Self {
        Self {
            driven,
            record,
            attempt: 1,
            place,
        }
    }

    /// The key.
    pub fn key(mut self, key: impl AsRef<[u8]>) -> Self {
        self.record.key = Some(key.as_ref().to_vec());
        self
    }

    /// A header more.
    pub fn header(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        let header = OwnedHeader::new(name.as_ref(), value.as_ref());
        self.record.headers.push(header);
        self
    }

    /// The topic, of a listener that has several; as the broker knows it, namespace included.
    pub fn topic(mut self, topic: &str) -> Self {
        topic.clone_into(&mut self.record.topic);
        self
    }

    /// The partition it stands on.
    pub fn partition(mut self, partition: i32) -> Self {
        self.record.partition = partition;
        self
    }

    /// Its offset there.
    pub fn offset(mut self, offset: i64) -> Self {
        self.record.offset = offset;
        self
    }

    /// When it was made, in milliseconds since the Unix epoch.
    pub fn timestamp(mut self, millis: i64) -> Self {
        self.record.timestamp = Timestamp::CreateTime(millis);
        self
    }

    /// Which delivery of the record this is, from 1: as if it had failed before.
    pub fn attempt(mut self, attempt: u32) -> Self {
        self.attempt = attempt;
        self
    }

    /// Delivers it again and again as the listener's policy says, until it is done or given up; the
    /// waits between are not waited, but told by the outcome.
    pub fn to_its_end(self) -> ToItsEnd<'a> {
        ToItsEnd(self)
    }

    async fn run(self, most: u32) -> Outcome {
        let Self {
            driven,
            record,
            attempt,
            place,
        } = self;
        if record.topic.is_empty() {
            fail(
                place,
                "the listener finds its topics by a pattern: name the record's by `.topic(…)`",
            );
        }
        let offset = record.offset;
        let record = Record::from(record);
        let filter = driven.listener.endpoint().filter.as_ref();
        if filter.is_some_and(|filter| !filter.keeps(&record)) {
            return Outcome::filtered(&driven.listener.endpoint().id);
        }
        let sent_before = driven.kafka.sent().len();
        let mut delivery = driven.listener.delivery(record, attempt);
        let mut waits = Vec::new();
        let (end, error, letter_at) = loop {
            match step(driven, delivery, place).await {
                Step::Ended(end, error, letter_at) => break (end, error, letter_at),
                Step::Again(failed, error, wait) => {
                    let attempts = u32::try_from(waits.len()).unwrap_or(u32::MAX) + 1;
                    if attempts == most && most == 1 {
                        let sent = driven.kafka.sent().len();
                        break (End::RetryAfter(wait), Some(error), sent);
                    }
                    if attempts >= most {
                        fail(
                            place,
                            &format!(
                                "the record has no end: {attempts} attempts failed, the last one with {error:?}"
                            ),
                        );
                    }
                    waits.push(wait);
                    delivery = driven.listener.again(failed);
                }
            }
        };
        let said = driven.said();
        let said = said.iter().rev().find(|(of, _)| *of == offset);
        let end = match (end, said) {
            (End::Done, Some((_, Some(delay)))) => End::Nacked(*delay),
            (end, _) => end,
        };
        let mut sent = driven.kafka.sent().split_off(sent_before);
        let letters = sent.split_off((letter_at - sent_before).min(sent.len()));
        Outcome {
            listener: driven.listener.endpoint().id.to_string(),
            end,
            error,
            waits,
            letter: letters.into_iter().next_back(),
            sent,
            acknowledged: matches!(said, Some((_, None))),
        }
    }
}

impl<'a> IntoFuture for DrivenSend<'a> {
    type Output = Outcome;
    type IntoFuture = Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run(1))
    }
}

/// All deliveries of a record; see [`DrivenSend::to_its_end`].
#[derive(Debug)]
#[must_use = "nothing is delivered until this is awaited"]
pub struct ToItsEnd<'a>(DrivenSend<'a>);

impl<'a> IntoFuture for ToItsEnd<'a> {
    type Output = Outcome;
    type IntoFuture = Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.0.run(MOST_ATTEMPTS))
    }
}

/// What one delivery came to.
enum Step {
    /// How the record ended, why, and how many records had been sent before its dead letter.
    Ended(End, Option<ListenerError>, usize),
    /// It is tried again after the wait.
    Again(Delivery, ListenerError, Duration),
}

async fn step(driven: &Driven, delivery: Delivery, place: &Location<'_>) -> Step {
    let Finished { delivery, result } = handled(driven, delivery, place).await;
    let sent = driven.kafka.sent().len();
    let Err(error) = result else {
        return Step::Ended(End::Done, None, sent);
    };
    match driven.listener.decide(&delivery, &error) {
        Action::RetryAfter(wait) => Step::Again(delivery, error, wait),
        Action::Skip => Step::Ended(End::Skipped, Some(error), sent),
        Action::Stop => Step::Ended(End::Stopped, Some(error), sent),
        Action::Park => Step::Ended(End::Parked, Some(error), sent),
        Action::Recover => recover(driven, Way::Any, delivery, error, sent).await,
        Action::DeadLetter => recover(driven, Way::DeadLetter, delivery, error, sent).await,
        Action::RetryTopic(wait) => {
            recover(driven, Way::RetryTopic(wait), delivery, error, sent).await
        }
        other => fail(place, &format!("the kit does not know what {other:?} is")),
    }
}

async fn recover(
    driven: &Driven,
    way: Way,
    delivery: Delivery,
    error: ListenerError,
    sent: usize,
) -> Step {
    let (_, error, recovered) = driven.listener.recover(way, delivery, error).await;
    let end = match recovered {
        Ok(Recovered::SentToRetryTopic) => End::SentToRetryTopic,
        Ok(Recovered::GivenUp) => End::Skipped,
        Ok(_) => End::DeadLettered,
        Err(trouble) => End::NotRecovered(trouble.to_string()),
    };
    Step::Ended(end, Some(error), sent)
}

/// A handler that never ends is told, where there is a runtime that knows the time.
async fn handled(driven: &Driven, delivery: Delivery, place: &Location<'_>) -> Finished {
    let handler = driven.listener.handle(delivery);
    if tokio::runtime::Handle::try_current().is_err() {
        return handler.await;
    }
    match tokio::time::timeout(DEADLINE, handler).await {
        Ok(finished) => finished,
        Err(_) => {
            let id = &driven.listener.endpoint().id;
            fail(
                place,
                &format!("the handler of `{id}` has not ended within {DEADLINE:?}"),
            )
        }
    }
}
