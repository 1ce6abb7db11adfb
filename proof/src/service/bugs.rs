//! Mistakes that a service may make, so that the proof is seen to find them. A fourth one is made by
//! settings: `order = "none"`.

use std::time::Duration;

use micro_kafka::prelude::*;

use super::work::{Work, WorkError};

/// Says that it is done, and does nothing.
pub(super) fn forgets(work: &Work) -> bool {
    work.number() % 40 == 20
}

/// Does it twice.
pub(super) fn repeats(work: &Work) -> bool {
    work.number() % 40 == 20
}

/// Commits before it is done: lost if the process ends between.
pub(super) async fn acknowledge_first(work: Work, ack: Acknowledgment) -> Result<(), WorkError> {
    ack.acknowledge();
    tokio::time::sleep(Duration::from_millis(150)).await;
    work.perform().await
}
