//! What records come to, and what handlers see.

use std::sync::Arc;

use super::{Origin, SOURCE, Shared, World};
use crate::clock::Clock;
use crate::error::{ErrorKind, ListenerError, Policy};
use crate::listener::tests::support::failure;
use crate::listener::{Delivery, Finished, Handler};
use crate::record::Record;

/// What a record's handler does, by its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Done,
    /// Fails once.
    Second,
    /// Fails until its last attempt.
    Last,
    Fails,
    Fatal,
    Panics,
    /// Panics once, and takes the record with it.
    Lost,
    Undecodable,
}

const FATES: [Fate; 11] = [
    Fate::Done,
    Fate::Second,
    Fate::Done,
    Fate::Fails,
    Fate::Done,
    Fate::Fatal,
    Fate::Last,
    Fate::Panics,
    Fate::Lost,
    Fate::Done,
    Fate::Undecodable,
];

pub(super) fn fate((partition, offset): Origin) -> Fate {
    let mixed = offset * 7 + i64::from(partition) * 3 + offset / 12;
    FATES[usize::try_from(mixed.rem_euclid(11)).unwrap()]
}

impl Fate {
    /// On which attempt it ends, of so many that the policy has.
    pub(super) fn attempts(self, most: u32) -> u32 {
        match self {
            Self::Done | Self::Fatal | Self::Undecodable | Self::Lost => 1,
            Self::Second => 2,
            Self::Last | Self::Fails | Self::Panics => most,
        }
    }

    pub(super) fn is_dead(self) -> bool {
        matches!(
            self,
            Self::Fails | Self::Fatal | Self::Panics | Self::Undecodable
        )
    }

    fn result(self, attempt: u32, most: u32) -> Result<(), ListenerError> {
        match self {
            Self::Done | Self::Lost => Ok(()),
            Self::Second | Self::Last if attempt >= self.attempts(most) => Ok(()),
            Self::Second | Self::Last | Self::Fails => Err(failure()),
            Self::Panics => Err(ListenerError::panic(None)),
            Self::Undecodable => Err(ListenerError::decode(std::fmt::Error)),
            Self::Fatal => {
                let (kind, policy) = (ErrorKind::Handler, Policy::DeadLetter);
                let error = ListenerError::new(kind, "fatal".into(), "test", None, policy);
                Err(error)
            }
        }
    }
}

fn value<'r>(record: &'r Record, name: &str) -> Option<&'r [u8]> {
    record.headers().get(name)?.value
}

/// Where a record, or the one that it is a copy of, is in the source.
pub(super) fn origin_of(record: &Record) -> Origin {
    if record.topic() == SOURCE {
        return (record.partition(), record.offset());
    }
    let partition = value(record, "kafka_original-partition").unwrap();
    let offset = value(record, "kafka_original-offset").unwrap();
    (
        i32::from_be_bytes(partition.try_into().unwrap()),
        i64::from_be_bytes(offset.try_into().unwrap()),
    )
}

/// Which attempt its delivery is.
pub(super) fn attempt_of(record: &Record) -> u32 {
    let told = value(record, "retry_topic-attempts");
    told.map_or(1, |told| u32::from_be_bytes(told.try_into().unwrap()))
}

pub(super) fn handler(world: &Shared, clock: &Clock) -> Handler {
    let (world, clock) = (Arc::clone(world), clock.clone());
    Handler::Closure(Arc::new(move |delivery: Delivery| {
        let (world, clock) = (Arc::clone(&world), clock.clone());
        Box::pin(async move {
            let origin = origin_of(delivery.record());
            let first = world.lock().begins(&delivery, &clock, origin);
            if origin.1 % 3 == 0 {
                tokio::task::yield_now().await;
            }
            assert!(fate(origin) != Fate::Lost || !first, "as planned");
            let result = world.lock().ends(&delivery, origin);
            Finished { delivery, result }
        })
    }))
}

impl World {
    /// Whether it is the first delivery of all of that record.
    fn begins(&mut self, delivery: &Delivery, clock: &Clock, origin: Origin) -> bool {
        let (record, topics) = (delivery.record(), Arc::clone(&self.topics));
        if topics.due(record, clock.since_epoch()).is_some() {
            self.break_by(format!("{origin:?} before its due time"));
        }
        let tp = (record.topic().to_owned(), record.partition());
        if record.offset() < self.committed.get(&tp).copied().unwrap_or(0) {
            self.break_by(format!("{origin:?} after its commit in {}", record.topic()));
        }
        let attempt = topics.attempts(delivery);
        let most = fate(origin).attempts(topics.policy().attempts);
        let seen = self.attempts.entry(origin).or_default();
        // Where records come twice, their ways cross.
        let furthest = seen.iter().max().map_or(1, |most| most + 1);
        let again = self.disturbed || fate(origin) == Fate::Lost;
        let fits = match again {
            true => attempt <= furthest,
            false => attempt == seen.last().map_or(1, |last| last + 1),
        };
        seen.push(attempt);
        let count = seen.len();
        if !fits || attempt > most {
            let text = format!("attempts of {origin:?}, {most} at most: {seen:?}");
            self.break_by(text);
        }
        count == 1
    }

    fn ends(&mut self, delivery: &Delivery, origin: Origin) -> Result<(), ListenerError> {
        let attempt = self.topics.attempts(delivery);
        fate(origin).result(attempt, self.topics.policy().attempts)?;
        *self.done.entry(origin).or_default() += 1;
        if !self.ended.insert((origin, attempt)) && !self.disturbed {
            self.break_by(format!("attempt {attempt} of {origin:?} ends twice"));
        }
        Ok(())
    }
}
