//! Sends what was read from the table.

use std::collections::HashMap;
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
    /// Lanes whose first row failed.
    pub(super) failed: Vec<i64>,
}

/// Sends the rows of each lane one after the other, and the lanes side by side: a row that fails
/// leaves those behind it in the table. None is begun after `until`.
pub(super) async fn send_all(
    template: &KafkaTemplate,
    rows: Vec<OutboxRow>,
    until: &Until,
) -> Sent {
    let mut lanes: HashMap<i64, Vec<OutboxRow>> = HashMap::new();
    for row in rows {
        lanes.entry(row.row.lane).or_default().push(row);
    }
    let lanes = lanes.into_iter();
    let mut at_work: FuturesUnordered<_> = lanes
        .map(|(lane, rows)| send_lane(template, lane, rows, until))
        .collect();
    let mut sent = Sent::default();
    while let Some((ids, failed)) = at_work.next().await {
        sent.ids.extend(ids);
        sent.failed.extend(failed);
    }
    sent
}

async fn send_lane(
    template: &KafkaTemplate,
    lane: i64,
    rows: Vec<OutboxRow>,
    until: &Until,
) -> (Vec<i64>, Option<i64>) {
    let mut ids = Vec::with_capacity(rows.len());
    for row in rows {
        if !until.is_ahead() {
            break;
        }
        let id = row.id;
        match send(template, row).await {
            Ok(()) => ids.push(id),
            Err(error) => {
                tracing::error!(
                    id,
                    topic = error.topic(),
                    %error,
                    "a record of the outbox was not sent; those behind it wait"
                );
                return (ids, Some(lane));
            }
        }
    }
    (ids, None)
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
