//! Sends what was read from the table.

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use parking_lot::Mutex;
use tokio::time::Instant;

use super::OUTBOX_ID;
use crate::sql::{OutboxRow, read_headers};
use crate::template::{KafkaTemplate, SendError};

/// Until when sends may begin: whoever takes a lease over must not meet what is begun here.
#[derive(Debug)]
pub(super) struct Until(Mutex<Instant>);

impl Until {
    /// Of a lease that is asked for now.
    pub(super) fn after(lease: Duration) -> Self {
        Self(Mutex::new(Instant::now() + lease.mul_f32(0.6)))
    }

    pub(super) fn is_ahead(&self) -> bool {
        Instant::now() < *self.0.lock()
    }

    /// The lease was renewed.
    pub(super) fn extend(&self, renewed: &Self) {
        *self.0.lock() = *renewed.0.lock();
    }

    /// Nothing is begun any more.
    pub(super) fn end(&self) {
        *self.0.lock() = Instant::now();
    }
}

/// What came of some rows.
#[derive(Debug, Default)]
pub(super) struct Sent {
    /// Those that the broker has.
    pub(super) ids: Vec<i64>,
    /// Lanes that have come to their end.
    pub(super) lanes: Vec<i64>,
    /// Those of them whose next row failed.
    pub(super) failed: Vec<i64>,
}

/// A lane whose rows were sent, or as many of them as could be.
#[derive(Debug)]
struct LaneEnd {
    lane: i64,
    rows: usize,
    ids: Vec<i64>,
    failed: bool,
}

type Sending = Pin<Box<dyn Future<Output = LaneEnd> + Send>>;

/// Lanes at work: the rows of each are sent one after the other, the lanes side by side. A row that
/// fails leaves those behind it in the table.
#[derive(Default)]
pub(super) struct AtWork {
    sending: FuturesUnordered<Sending>,
    lanes: HashSet<i64>,
    rows: usize,
    ended: Sent,
}

impl AtWork {
    /// Begins to send; no row is begun after `until`.
    pub(super) fn begin(
        &mut self,
        template: &KafkaTemplate,
        rows: Vec<OutboxRow>,
        until: &Arc<Until>,
    ) {
        self.rows += rows.len();
        let mut lanes: HashMap<i64, Vec<OutboxRow>> = HashMap::new();
        for row in rows {
            lanes.entry(row.row.lane).or_default().push(row);
        }
        for (lane, rows) in lanes {
            self.lanes.insert(lane);
            let sending = send_lane(template.clone(), lane, rows, Arc::clone(until));
            self.sending.push(Box::pin(sending));
        }
    }

    /// How many rows are at work.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Whose rows those are.
    pub(super) fn lanes(&self) -> &HashSet<i64> {
        &self.lanes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lanes.is_empty()
    }

    /// Waits for the end of a lane: which one; `None` at once if none is at work.
    ///
    /// # Cancel safety
    /// Safe.
    pub(super) async fn next(&mut self) -> Option<i64> {
        let end = self.sending.next().await?;
        self.lanes.remove(&end.lane);
        self.rows -= end.rows;
        self.ended.ids.extend(end.ids);
        self.ended.lanes.push(end.lane);
        if end.failed {
            self.ended.failed.push(end.lane);
        }
        Some(end.lane)
    }

    /// What came of those that have ended.
    pub(super) fn take(&mut self) -> Sent {
        std::mem::take(&mut self.ended)
    }
}

async fn send_lane(
    template: KafkaTemplate,
    lane: i64,
    rows: Vec<OutboxRow>,
    until: Arc<Until>,
) -> LaneEnd {
    let mut end = LaneEnd {
        lane,
        rows: rows.len(),
        ids: Vec::with_capacity(rows.len()),
        failed: false,
    };
    for row in rows {
        if !until.is_ahead() {
            break;
        }
        let id = row.id;
        match send(&template, row).await {
            Ok(()) => end.ids.push(id),
            Err(error) => {
                tracing::error!(
                    id,
                    topic = error.topic(),
                    %error,
                    "a record of the outbox was not sent; those behind it wait"
                );
                end.failed = true;
                break;
            }
        }
    }
    end
}

async fn send(template: &KafkaTemplate, row: OutboxRow) -> Result<(), SendError> {
    let OutboxRow { event_id, row, .. } = row;
    let mut builder = template.send_bytes(&row.topic, row.payload.as_deref());
    builder = builder.timestamp(row.timestamp);
    if let Some(key) = &row.key {
        builder = builder.key(key);
    }
    if let Some(partition) = row.partition {
        builder = builder.partition(partition);
    }
    match read_headers(&row.headers) {
        Some(headers) => {
            for (name, value) in headers {
                builder = builder.header_bytes(name, value);
            }
        }
        None => tracing::error!(
            event_id,
            "the headers of a record in the outbox are damaged"
        ),
    }
    builder.header(OUTBOX_ID, &event_id).await.map(drop)
}

/// The waits of lanes that failed.
#[derive(Debug)]
pub(super) struct Blocked {
    lanes: HashMap<i64, (Instant, Duration)>,
    max: Duration,
}

/// The first wait.
const WAIT: Duration = Duration::from_millis(100);

impl Blocked {
    pub(super) fn new(max: Duration) -> Self {
        let lanes = HashMap::new();
        Self { lanes, max }
    }

    /// Lanes that are left out now, and when the first of them is tried again.
    pub(super) fn now(&self) -> (Vec<i64>, Option<Instant>) {
        let now = Instant::now();
        let waiting = self.lanes.iter().filter(|(_, (due, _))| *due > now);
        let next = waiting.clone().map(|(_, (due, _))| *due).min();
        (waiting.map(|(lane, _)| *lane).collect(), next)
    }

    pub(super) fn len(&self) -> usize {
        self.lanes.len()
    }

    /// Notes what became of the rows that were read; `lanes` are theirs.
    pub(super) fn note(&mut self, lanes: &[i64], failed: &[i64]) {
        let now = Instant::now();
        for lane in lanes.iter().filter(|lane| !failed.contains(lane)) {
            self.lanes.remove(lane);
        }
        for lane in failed {
            let wait = match self.lanes.get(lane) {
                Some((_, wait)) => (*wait * 2).min(self.max),
                None => WAIT.min(self.max),
            };
            self.lanes.insert(*lane, (now + wait, wait));
        }
    }
}
