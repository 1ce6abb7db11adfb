//! Records that arrive on a topic, awaited with a deadline.

use std::sync::Arc;

use micro_kafka::record::OwnedRecord;
use tokio::sync::watch;

use crate::deadline::DEADLINE;
use crate::show;

/// Waits until at least `count` records have arrived; else what did arrive.
pub(crate) async fn arrived(
    mut seen: watch::Receiver<Vec<Arc<OwnedRecord>>>,
    count: usize,
) -> Result<Vec<Arc<OwnedRecord>>, String> {
    let enough = async {
        seen.wait_for(|records| records.len() >= count)
            .await
            .map(|records| records.clone())
    };
    match tokio::time::timeout(DEADLINE, enough).await {
        Ok(Ok(records)) => Ok(records),
        Ok(Err(_)) => Err("the reader has stopped".to_owned()),
        Err(_) => {
            let records = seen.borrow().clone();
            Err(format!(
                "expected {count} records within {DEADLINE:?}: {}",
                show::records(&records)
            ))
        }
    }
}
