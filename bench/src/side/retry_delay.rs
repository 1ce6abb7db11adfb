//! How late a record is when it comes back from a retry topic, on a broker with nothing else to do.

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use micro_kafka::KafkaApp;
use micro_kafka::prelude::*;
use tokio::runtime::Runtime;

use super::framework::settings;
use super::{GIVE_UP, Task, print_sample};
use crate::error::BenchError;
use crate::meter::Sample;

/// How long a record is to wait in the retry topic.
const DELAY: Duration = Duration::from_millis(500);
/// From one record to the next.
const PACE: Duration = Duration::from_millis(5);

/// When records failed, and where it is told how late they came back.
struct Failed {
    /// How this run's records begin; others were left by runs before it.
    own: Vec<u8>,
    since: Mutex<HashMap<Vec<u8>, Instant>>,
    late: Sender<Duration>,
}

/// One side is one process, so all of it shares this.
static FAILED: OnceLock<Failed> = OnceLock::new();

#[derive(Debug, thiserror::Error)]
#[error("not yet")]
struct NotYet;

#[kafka_listener(topics = "${bench.topic}", group_id = "${bench.group}")]
#[retryable(attempts = 2, backoff = "500ms")]
async fn delayed(payload: &[u8]) -> Result<(), NotYet> {
    let now = Instant::now();
    let failed = FAILED.get();
    let Some(failed) = failed.filter(|failed| payload.starts_with(&failed.own)) else {
        return Ok(());
    };
    let mut since = failed.since.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(first) = since.remove(payload) else {
        since.insert(payload.to_owned(), Instant::now());
        return Err(NotYet);
    };
    // Nobody listens any more when enough was taken.
    let _ = failed.late.send((now - first).saturating_sub(DELAY));
    Ok(())
}

/// Sends the task's records and prints by how much half and 99 of 100 of them were late.
pub(super) fn run(task: &Task) -> Result<(), BenchError> {
    let (late, lateness) = channel();
    let own = format!("{}:", task.group);
    FAILED.get_or_init(|| Failed {
        own: own.clone().into(),
        since: Mutex::default(),
        late,
    });
    let app = KafkaApp::builder()
        .config(settings(task)?)
        .listener(delayed);
    let runtime = Runtime::new().map_err(BenchError::Output)?;
    let sample = runtime.block_on(async {
        let app = app.build()?.start().await?;
        for number in 0..task.records {
            let payload = format!("{own}{number}");
            app.template().send(&task.topic, payload.as_bytes()).await?;
            tokio::time::sleep(PACE).await;
        }
        let sample = tokio::task::block_in_place(|| collect(task.records, &lateness));
        app.stop().await;
        sample
    });
    print_sample(&sample?)
}

fn collect(records: u64, lateness: &Receiver<Duration>) -> Result<Sample, BenchError> {
    let mut taken = Vec::new();
    for _ in 0..records {
        let late = lateness.recv_timeout(GIVE_UP);
        taken.push(late.map_err(|_| BenchError::TooSlow(GIVE_UP))?);
    }
    taken.sort_unstable();
    let at = |place: usize| taken.get(place).copied().unwrap_or_default();
    Ok(Sample::now(at(taken.len() / 2)).beside(at(taken.len() * 99 / 100)))
}
