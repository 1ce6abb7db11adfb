//! What records come to, and what handlers see.

use std::sync::Arc;

use super::{ATTEMPTS, Origin, SOURCE, Shared, World};
use crate::clock::Clock;
use crate::error::{ErrorKind, ListenerError, Policy, RetryTopics};
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
    /// On which attempt it ends.
    pub(super) fn attempts(self) -> u32 {
        match self {
            Self::Done | Self::Fatal | Self::Undecodable | Self::Lost => 1,
            Self::Second => 2,
            Self::Last | Self::Fails | Self::Panics => ATTEMPTS,
        }
    }

    pub(super) fn is_dead(self) -> bool {
        matches!(
            self,
            Self::Fails | Self::Fatal | Self::Panics | Self::Undecodable
        )
    }

    fn result(self, attempt: u32) -> Result<(), ListenerError> {
        match self {
            Self::Done | Self::Lost => Ok(()),
            Self::Second | Self::Last if attempt >= self.attempts() => Ok(()),
            Self::Second | Self::Last | Self::Fails => Err(failure()),
            Self::Panics => Err(ListenerError::panic(None)),
            Self::Undecodable => Err(ListenerError::decode(std::fmt::Error)),
            Self::Fatal => {
                let kind = ErrorKind::Handler;
                let policy = Policy::DeadLetter;
                Err(ListenerError::new(
                    kind,
                    "fatal".into(),
                    "test",
                    None,
                    policy,
                ))
            }
        }
    }
}

/// The key of a record of the source; some have none.
pub(super) fn key((_, offset): Origin) -> Option<String> {
    let number = (offset * 3 + offset / 5) % 4;
    (number < 3).then(|| format!("k{number}"))
}

/// Where a record, or the one that it is a copy of, is in the source.
pub(super) fn origin_of(record: &Record) -> Origin {
    if record.topic() == SOURCE {
        return (record.partition(), record.offset());
    }
    let headers = record.headers();
    let value = |name| headers.get(name).and_then(|header| header.value);
    let partition = value("kafka_original-partition").unwrap();
    let offset = value("kafka_original-offset").unwrap();
    (
        i32::from_be_bytes(partition.try_into().unwrap()),
        i64::from_be_bytes(offset.try_into().unwrap()),
    )
}

/// A handler at work, until it ends or is dropped.
struct Run(Shared, Origin);

impl Run {
    fn begin(world: &Shared, origin: Origin) -> Self {
        let mut state = world.lock();
        if !state.running.insert(origin) && !state.disturbed {
            state.break_by(format!("{origin:?} runs twice at once"));
        }
        drop(state);
        Self(Arc::clone(world), origin)
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.0.lock().running.remove(&self.1);
    }
}

pub(super) fn handler(world: &Shared, topics: &Arc<RetryTopics>, clock: &Clock) -> Handler {
    let (world, topics, clock) = (Arc::clone(world), Arc::clone(topics), clock.clone());
    Handler::Closure(Arc::new(move |delivery: Delivery| {
        let (world, topics, clock) = (Arc::clone(&world), Arc::clone(&topics), clock.clone());
        Box::pin(async move {
            let origin = origin_of(delivery.record());
            let attempt = topics.attempts(&delivery);
            let run = Run::begin(&world, origin);
            world
                .lock()
                .begins(&delivery, &topics, &clock, origin, attempt);
            if origin.1 % 3 == 0 {
                tokio::task::yield_now().await;
            }
            let first = world.lock().attempts[&origin].len() == 1;
            assert!(fate(origin) != Fate::Lost || !first, "as planned");
            let result = fate(origin).result(attempt);
            if result.is_ok() {
                let mut world = world.lock();
                *world.done.entry(origin).or_default() += 1;
                let number = world.done.values().sum::<u32>();
                world.ended.insert(origin, usize::try_from(number).unwrap());
            }
            drop(run);
            Finished { delivery, result }
        })
    }))
}

impl World {
    fn begins(
        &mut self,
        delivery: &Delivery,
        topics: &RetryTopics,
        clock: &Clock,
        origin: Origin,
        attempt: u32,
    ) {
        let record = delivery.record();
        if topics.due(record, clock.since_epoch()).is_some() {
            self.break_by(format!("{origin:?} before its due time"));
        }
        let tp = (record.topic().to_owned(), record.partition());
        if record.offset() < self.committed.get(&tp).copied().unwrap_or(0) {
            self.break_by(format!("{origin:?} after its commit in {}", record.topic()));
        }
        if attempt > fate(origin).attempts() {
            self.break_by(format!("attempt {attempt} of {origin:?}"));
        }
        let seen = self.attempts.entry(origin).or_default();
        let expected = seen.last().map_or(1, |last| last + 1);
        let again = fate(origin) == Fate::Lost;
        // Where records come twice, their ways cross.
        let furthest = seen.iter().max().map_or(1, |most| most + 1);
        let jumps = match self.disturbed || again {
            true => attempt > furthest,
            false => attempt != expected,
        };
        seen.push(attempt);
        if jumps {
            let seen = seen.clone();
            self.break_by(format!("attempts of {origin:?}: {seen:?}"));
        }
        self.looks_at_order(origin);
    }

    /// Everything before it, of its key, must have come to an end.
    fn looks_at_order(&mut self, origin: Origin) {
        let Some(own) = key(origin).filter(|_| self.ordered) else {
            return;
        };
        let same = |other: &Origin| other.0 == origin.0 && key(*other).as_ref() == Some(&own);
        let running = self.running.iter().find(|it| **it != origin && same(it));
        if let Some(other) = running {
            self.break_by(format!("{origin:?} of {own} while {other:?} runs"));
        }
        let before = (0..origin.1).map(|offset| (origin.0, offset));
        let mut before = before.filter(|other| key(*other).as_ref() == Some(&own));
        if let Some(open) = before.find(|other| !self.has_ended(*other)) {
            self.break_by(format!("{origin:?} of {own} before the end of {open:?}"));
        }
    }
}
