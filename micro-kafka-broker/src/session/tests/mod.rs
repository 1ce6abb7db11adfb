mod eviction;
mod lifecycle;
mod properties;

use std::time::Instant;

use super::context::FetchContext;
use super::{
    FetchSessions, Interest, SessionAnswer, SessionKey, SessionRequest, SessionTopic, Told, Wanted,
};

/// A partition of topic `t`.
fn key(index: i32) -> SessionKey {
    let topic = SessionTopic::Name("t".into());
    SessionKey { topic, index }
}

fn wanted(index: i32, offset: i64) -> Wanted {
    Wanted {
        key: key(index),
        name: None,
        interest: Interest {
            offset,
            max_bytes: 100,
            leader_epoch: -1,
            last_fetched_epoch: -1,
        },
    }
}

/// A partition that ends at an offset, read at its end.
fn ends_at(high_watermark: i64) -> Told {
    Told {
        high_watermark,
        log_start_offset: 0,
        records: false,
        error: false,
        diverges: false,
    }
}

/// A request of partitions, each read from offset 0.
fn request(id: i32, epoch: i32, partitions: impl IntoIterator<Item = i32>) -> SessionRequest {
    SessionRequest {
        id,
        epoch,
        wanted: partitions.into_iter().map(|p| wanted(p, 0)).collect(),
        ..SessionRequest::default()
    }
}

fn read(context: &mut FetchContext) -> Vec<i32> {
    let wanted = context.wanted(|_| None);
    wanted.into_iter().map(|w| w.key.index).collect()
}

/// Answers a request with the same of every partition, and returns the partitions that are told.
fn answer(
    sessions: &FetchSessions,
    mut context: FetchContext,
    told: impl Fn(i32) -> Told,
    now: Instant,
) -> (i32, Vec<i32>) {
    let read = read(&mut context);
    let keys: Vec<_> = read.iter().map(|&index| key(index)).collect();
    let found = keys.iter().map(|key| (key, told(key.index)));
    let SessionAnswer { id, told } = context.answer(sessions, found, now).unwrap();
    let told = read.into_iter().zip(told).filter(|(_, told)| *told);
    (id, told.map(|(index, _)| index).collect())
}

/// Opens a session of so many partitions; 0 if there is no room for it.
fn open(sessions: &FetchSessions, partitions: i32, follower: bool, now: Instant) -> i32 {
    let first = SessionRequest {
        follower,
        ..request(0, 0, 0..partitions)
    };
    let context = sessions.open(first, now).unwrap();
    answer(sessions, context, |_| ends_at(0), now).0
}
