//! A listener whose records wait in a retry topic, for the proof of memory; it runs when it is told to
//! (`auto-startup`).

use micro_kafka::prelude::*;

#[derive(Debug, thiserror::Error)]
#[error("not within the hour")]
struct NotNow;

/// Records without a payload are handled.
#[kafka_listener(
    topics = "waiting",
    group_id = "waiting",
    order = "none",
    auto_startup = false
)]
#[retryable(attempts = 2, backoff = "1h")]
async fn waiting(payload: &[u8]) -> Result<(), NotNow> {
    match payload.is_empty() {
        true => Ok(()),
        false => Err(NotNow),
    }
}
