//! Two listeners with a record that does not end, for the proof of memory; they run when they are
//! told to (`auto-startup`).

use micro_kafka::prelude::*;

#[kafka_listener(
    topics = "stuck-partition",
    group_id = "stuck-partition",
    auto_startup = false
)]
async fn stuck_partition(payload: &[u8]) {
    hold(payload).await;
}

#[kafka_listener(
    topics = "stuck-key",
    group_id = "stuck-key",
    order = "key",
    parallelism = 16,
    auto_startup = false
)]
async fn stuck_key(payload: &[u8]) {
    hold(payload).await;
}

/// For ever, if the record is the one: until its handler is dropped.
async fn hold(payload: &[u8]) {
    if payload == b"stuck" {
        std::future::pending::<()>().await;
    }
}
