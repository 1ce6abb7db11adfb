//! What a scheduler tells of its work.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use metrics::{Counter, Gauge};
use parking_lot::Mutex;

use crate::observe::{Metric, MetricTags, catalog};

/// What an instance of the service knows of delayed sends; see
/// [`RunningApp::delayed`](crate::RunningApp::delayed). Each counts its own partitions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DelayedStats {
    /// Records that wait; `micro_kafka_delayed_waiting` among the metrics.
    pub waiting: u64,
    /// When the first of them is due; in the past while the scheduler is behind.
    /// `micro_kafka_delayed_overdue_seconds` tells by how much.
    pub oldest: Option<SystemTime>,
    /// Records that were forwarded; `micro_kafka_delayed_forwarded_total`.
    pub forwarded: u64,
    /// Those of them that came more than a second after their time;
    /// `micro_kafka_delayed_late_total`.
    pub late: u64,
    /// Records that were taken back while they waited, since this instance has their partition;
    /// `micro_kafka_delayed_cancelled_total`.
    pub cancelled: u64,
    /// Refusals: the topic does not exist, or takes no such record. They are tried again, less and
    /// less often, until they succeed or are cancelled. `micro_kafka_delayed_refused_total`.
    pub refused: u64,
    /// Why nothing is forwarded, if so.
    pub trouble: Option<String>,
}

/// More than this is late.
const LATE: i64 = 1_000;
/// Nothing waits.
const NONE: i64 = i64::MAX;

/// The same, as the scheduler writes it.
pub(super) struct Gauges {
    waiting: AtomicU64,
    oldest: AtomicI64,
    forwarded: AtomicU64,
    late: AtomicU64,
    cancelled: AtomicU64,
    refused: AtomicU64,
    trouble: Mutex<Option<String>>,
    meters: Meters,
}

struct Meters {
    waiting: Gauge,
    overdue: Gauge,
    forwarded: Counter,
    late: Counter,
    cancelled: Counter,
    refused: Counter,
}

impl Gauges {
    pub(super) fn new(topic: &str, tags: &MetricTags) -> Self {
        let counter = |metric: Metric| metric.counter(tags, &[topic]);
        let gauge = |metric: Metric| metric.gauge(tags, &[topic]);
        Self {
            waiting: AtomicU64::new(0),
            oldest: AtomicI64::new(NONE),
            forwarded: AtomicU64::new(0),
            late: AtomicU64::new(0),
            cancelled: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            trouble: Mutex::default(),
            meters: Meters {
                waiting: gauge(catalog::DELAYED_WAITING),
                overdue: gauge(catalog::DELAYED_OVERDUE),
                forwarded: counter(catalog::DELAYED_FORWARDED),
                late: counter(catalog::DELAYED_LATE),
                cancelled: counter(catalog::DELAYED_CANCELLED),
                refused: counter(catalog::DELAYED_REFUSED),
            },
        }
    }

    /// What waits at the time `now`, both in milliseconds.
    #[allow(
        clippy::cast_precision_loss,
        reason = "a gauge is a float, and exact enough"
    )]
    pub(super) fn waits(&self, count: usize, oldest: Option<i64>, now: i64) {
        self.waiting.store(count as u64, Ordering::Relaxed);
        self.oldest.store(oldest.unwrap_or(NONE), Ordering::Relaxed);
        self.meters.waiting.set(count as f64);
        let overdue = oldest.map_or(0, |oldest| (now - oldest).max(0));
        self.meters.overdue.set(overdue as f64 / 1_000.0);
    }

    /// One was forwarded so many milliseconds after its time.
    pub(super) fn forwarded(&self, after: i64) {
        self.forwarded.fetch_add(1, Ordering::Relaxed);
        self.meters.forwarded.increment(1);
        if after > LATE {
            self.late.fetch_add(1, Ordering::Relaxed);
            self.meters.late.increment(1);
        }
    }

    pub(super) fn cancelled(&self) {
        self.cancelled.fetch_add(1, Ordering::Relaxed);
        self.meters.cancelled.increment(1);
    }

    pub(super) fn refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
        self.meters.refused.increment(1);
    }

    pub(super) fn set_trouble(&self, trouble: Option<String>) {
        *self.trouble.lock() = trouble;
    }

    pub(super) fn read(&self) -> DelayedStats {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let oldest = self.oldest.load(Ordering::Relaxed);
        let oldest = (oldest != NONE).then_some(oldest);
        let time = |millis: i64| {
            let since = Duration::from_millis(u64::try_from(millis).unwrap_or(0));
            UNIX_EPOCH.checked_add(since)
        };
        DelayedStats {
            waiting: count(&self.waiting),
            oldest: oldest.and_then(time),
            forwarded: count(&self.forwarded),
            late: count(&self.late),
            cancelled: count(&self.cancelled),
            refused: count(&self.refused),
            trouble: self.trouble.lock().clone(),
        }
    }
}

impl std::fmt::Debug for Gauges {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Gauges").field(&self.read()).finish()
    }
}
