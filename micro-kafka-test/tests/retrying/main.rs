//! Records whose handler fails: tried again in place, skipped, or the end of their listener.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod handlers;
mod membership;
mod policies;
mod waiting;

use std::time::{Duration, Instant};

use micro_kafka::prelude::*;
use micro_kafka_test::prelude::*;

/// One call of a handler.
#[derive(Debug, Clone)]
struct Call {
    payload: String,
    attempt: u32,
    at: Instant,
}

type Calls = Journal<Call>;

/// The payload says what becomes of a record.
#[derive(Debug, thiserror::Error, Classify)]
enum Trouble {
    #[error("declined")]
    #[kafka(dead_letter)]
    Declined,
    #[error("timed out")]
    #[kafka(retry(attempts = 4, backoff = "80ms..1s x2"))]
    Timeout,
    #[error("closed until tomorrow")]
    #[kafka(retry(attempts = 2, backoff = "6h"))]
    Closed,
    #[error("not for us")]
    #[kafka(skip)]
    Foreign,
    #[error("the ledger is corrupt")]
    #[kafka(stop)]
    Corrupt,
    #[error("whatever")]
    Other,
}

#[kafka_listener(
    topics = "orders",
    group_id = "billing",
    retry(attempts = 3, backoff = "10ms")
)]
async fn charge(order: &str, attempt: Attempt, State(calls): State<Calls>) -> Result<(), Trouble> {
    calls.note(Call {
        payload: order.to_owned(),
        attempt: attempt.number(),
        at: Instant::now(),
    });
    match order {
        "declined" => Err(Trouble::Declined),
        "timeout" => Err(Trouble::Timeout),
        "closed" => Err(Trouble::Closed),
        "foreign" => Err(Trouble::Foreign),
        "corrupt" => Err(Trouble::Corrupt),
        "other" => Err(Trouble::Other),
        "panic" => panic!("the handler's own text"),
        "second time" if attempt.is_first() => Err(Trouble::Timeout),
        "slow" => {
            tokio::time::sleep(membership::BEYOND_LIMITS).await;
            Ok(())
        }
        _ => Ok(()),
    }
}

fn of<'c>(calls: &'c [Call], payload: &'c str) -> impl Iterator<Item = &'c Call> {
    calls.iter().filter(move |call| call.payload == payload)
}

fn gaps<'c>(calls: impl Iterator<Item = &'c Call>) -> Vec<Duration> {
    let times = calls.map(|call| call.at).collect::<Vec<_>>();
    times.windows(2).map(|pair| pair[1] - pair[0]).collect()
}
