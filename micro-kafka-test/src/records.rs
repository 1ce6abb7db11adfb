//! Records that arrive on a topic, awaited with a deadline.

use std::collections::BTreeMap;
use std::sync::Arc;

use micro_kafka::record::OwnedRecord;
use tokio::sync::watch;

use crate::reader::{Seen, TopicReader};
use crate::wait::Deadline;

/// Waits until what was read is enough; `Err` has all that was read until the deadline.
pub(crate) async fn until(
    mut seen: watch::Receiver<Seen>,
    deadline: Deadline,
    enough: impl Fn(&Seen) -> bool,
) -> Result<Vec<Arc<OwnedRecord>>, Vec<Arc<OwnedRecord>>> {
    let waiting = async {
        let enough = seen.wait_for(|seen| enough(seen)).await;
        enough.ok().map(|seen| seen.records.clone())
    };
    match deadline.met(waiting).await.flatten() {
        Some(records) => Ok(records),
        None => Err(seen.borrow().records.clone()),
    }
}

/// Waits until everything before these ends was read.
pub(crate) async fn up_to(
    reader: &TopicReader,
    deadline: Deadline,
    ends: &BTreeMap<i32, i64>,
) -> Result<Vec<Arc<OwnedRecord>>, Vec<Arc<OwnedRecord>>> {
    let there = reader.seen().borrow().reaches(ends, u64::MAX);
    let asked = if there { u64::MAX } else { reader.look() };
    until(reader.seen(), deadline, |seen| seen.reaches(ends, asked)).await
}
