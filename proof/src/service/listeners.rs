//! One listener for each way of running.

use micro_kafka::prelude::*;
use micro_kafka_proof::history::History;

use super::bugs;
use super::work::{Bugs, Work, WorkError};

#[kafka_listener(topics = "single", group_id = "single")]
async fn single(
    Key(key): Key<&str>,
    Json(number): Json<u64>,
    attempt: Attempt,
    State(history): State<History>,
) -> Result<(), WorkError> {
    let work = Work::new("single", key, number, attempt.number(), &history);
    work.perform().await
}

#[kafka_listener(topics = "batch", group_id = "batch", batch(max = 100, linger = "5ms"))]
async fn batch(
    records: Batch<(Json<u64>, Key<String>)>,
    State(history): State<History>,
    State(bugs): State<Bugs>,
) -> BatchResult<WorkError> {
    let mut results = Vec::with_capacity(records.len());
    let mut stopped = Vec::new();
    for record in records.iter() {
        let (Json(number), Key(key)) = record.value();
        let work = Work::new("batch", key, *number, record.attempt(), &history);
        // The records of a key stay in their order: what stands behind a refused one is refused, too.
        if stopped.contains(&key) {
            results.push(Err(WorkError::Refused));
        } else if bugs.0 && bugs::forgets(&work) {
            results.push(Ok(()));
        } else {
            let result = work.perform().await;
            if result.is_err() {
                stopped.push(key);
            }
            results.push(result);
        }
    }
    records.settle(results)
}

#[kafka_listener(topics = "keyed", group_id = "keyed", order = "key", parallelism = 64)]
async fn keyed(
    Key(key): Key<&str>,
    Json(number): Json<u64>,
    attempt: Attempt,
    State(history): State<History>,
    State(bugs): State<Bugs>,
) -> Result<(), WorkError> {
    let work = Work::new("keyed", key, number, attempt.number(), &history);
    if bugs.0 && bugs::repeats(&work) {
        work.perform().await?;
    }
    work.perform().await
}

/// Some are acknowledged by another task, in whatever order.
#[kafka_listener(
    topics = "manual",
    group_id = "manual",
    order = "key",
    ack_mode = "manual"
)]
async fn manual(
    Key(key): Key<&str>,
    Json(number): Json<u64>,
    attempt: Attempt,
    ack: Acknowledgment,
    State(history): State<History>,
    State(bugs): State<Bugs>,
) -> Result<(), WorkError> {
    let work = Work::new("manual", key, number, attempt.number(), &history);
    if bugs.0 {
        return bugs::acknowledge_first(work, ack).await;
    }
    if number % 4 == 1 {
        let elsewhere = tokio::spawn(async move {
            let done = work.perform().await;
            if done.is_ok() {
                ack.acknowledge();
            }
            done
        });
        return elsewhere.await.unwrap_or(Err(WorkError::Refused));
    }
    work.perform().await?;
    ack.acknowledge();
    Ok(())
}
