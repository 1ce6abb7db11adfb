//! What a listener did, counted.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use metrics::{Counter, Histogram};

use super::alarm::AlarmWindows;
use crate::observe::{Metric, MetricTags, catalog};

/// Counters of one listener since its container was made, all consumers together. They are brought
/// up to date once per turn of a consumer's loop.
#[derive(Debug, Default)]
pub(super) struct ListenerStats {
    handled: AtomicU64,
    failed: AtomicU64,
    retried: AtomicU64,
    dead_lettered: AtomicU64,
    skipped: AtomicU64,
    held: AtomicU64,
    filtered: AtomicU64,
    foreign_replays: AtomicU64,
    voided: AtomicU64,
    commits: AtomicU64,
    aborted: AtomicU64,
    busy_nanos: AtomicU64,
    /// Told by whoever finds them, not once per turn.
    pub(super) duplicates: AtomicU64,
    pub(super) alarms: AlarmWindows,
}

/// What a listener did since its container was made, all consumers together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct StatsSnapshot {
    /// Deliveries whose handler succeeded.
    pub handled: u64,
    /// Deliveries that failed, each attempt counted.
    pub failed: u64,
    /// Further attempts that the error handler asked for.
    pub retried: u64,
    /// Records that the recoverer took over.
    pub dead_lettered: u64,
    /// Failed records that count as done.
    pub skipped: u64,
    /// Failures that do not count, because the breaker was open.
    pub held: u64,
    /// Records that the listener's filter did not want.
    pub filtered: u64,
    /// Records that were replayed for another group.
    pub foreign_replays: u64,
    /// Records that an `#[idempotent]` listener had handled before; they are among `handled`.
    pub duplicates: u64,
    /// Deliveries whose partition was given up before they ended.
    pub voided: u64,
    /// Commits that were sent; of a transactional listener, transactions.
    pub commits: u64,
    /// Transactions that were not committed.
    pub aborted: u64,
    /// The time from the start to the end of all handlers.
    pub busy: Duration,
}

impl ListenerStats {
    /// The counters now.
    pub(super) fn snapshot(&self) -> StatsSnapshot {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        StatsSnapshot {
            handled: get(&self.handled),
            failed: get(&self.failed),
            retried: get(&self.retried),
            dead_lettered: get(&self.dead_lettered),
            skipped: get(&self.skipped),
            held: get(&self.held),
            filtered: get(&self.filtered),
            foreign_replays: get(&self.foreign_replays),
            duplicates: get(&self.duplicates),
            voided: get(&self.voided),
            commits: get(&self.commits),
            aborted: get(&self.aborted),
            busy: Duration::from_nanos(get(&self.busy_nanos)),
        }
    }
}

/// What one loop counted since its last turn.
#[derive(Debug, Default)]
pub(super) struct TurnCounts {
    pub(super) handled: u64,
    pub(super) failed: u64,
    pub(super) retried: u64,
    pub(super) dead_lettered: u64,
    pub(super) skipped: u64,
    pub(super) held: u64,
    pub(super) filtered: u64,
    pub(super) foreign_replays: u64,
    pub(super) voided: u64,
    pub(super) commits: u64,
    pub(super) aborted: u64,
    pub(super) busy: Duration,
    /// Handlers that were timed together, for the histogram; those that were begun and have to wait
    /// are among them.
    pub(super) timed: usize,
    /// Handlers that were begun and have to wait.
    pub(super) launched: usize,
}

/// The listener's counters in the `metrics` facade.
pub(super) struct Meters {
    handled: Counter,
    failed: Counter,
    retried: Counter,
    dead_lettered: Counter,
    skipped: Counter,
    filtered: Counter,
    foreign_replays: Counter,
    commits: Counter,
    aborted: Counter,
    duration: Histogram,
}

impl Meters {
    pub(super) fn new(listener: &str, tags: &MetricTags) -> Self {
        let counter = |metric: Metric| metric.counter(tags, &[listener]);
        Self {
            handled: counter(catalog::HANDLED),
            failed: counter(catalog::FAILED),
            retried: counter(catalog::RETRIED),
            dead_lettered: counter(catalog::DEAD_LETTERED),
            skipped: counter(catalog::SKIPPED),
            filtered: counter(catalog::FILTERED),
            foreign_replays: counter(catalog::FOREIGN_REPLAYS),
            commits: counter(catalog::COMMITS),
            aborted: counter(catalog::ABORTED),
            duration: catalog::DURATION.histogram(tags, &[listener]),
        }
    }

    /// Adds what was counted and starts anew.
    pub(super) fn flush(&self, stats: &ListenerStats, counts: &mut TurnCounts) {
        let TurnCounts {
            handled,
            failed,
            retried,
            dead_lettered,
            skipped,
            held,
            filtered,
            foreign_replays,
            voided,
            commits,
            aborted,
            busy,
            timed,
            launched,
        } = std::mem::take(counts);
        let timed = timed.saturating_sub(launched);
        let add = |counter: &AtomicU64, meter: Option<&Counter>, count: u64| {
            if count > 0 {
                counter.fetch_add(count, Ordering::Relaxed);
                if let Some(meter) = meter {
                    meter.increment(count);
                }
            }
        };
        add(&stats.handled, Some(&self.handled), handled);
        add(&stats.failed, Some(&self.failed), failed);
        add(&stats.retried, Some(&self.retried), retried);
        add(
            &stats.dead_lettered,
            Some(&self.dead_lettered),
            dead_lettered,
        );
        add(&stats.skipped, Some(&self.skipped), skipped);
        add(&stats.held, None, held);
        add(&stats.filtered, Some(&self.filtered), filtered);
        add(
            &stats.foreign_replays,
            Some(&self.foreign_replays),
            foreign_replays,
        );
        add(&stats.voided, None, voided);
        add(&stats.commits, Some(&self.commits), commits);
        add(&stats.aborted, Some(&self.aborted), aborted);
        let nanos = u64::try_from(busy.as_nanos()).unwrap_or(u64::MAX);
        add(&stats.busy_nanos, None, nanos);
        if timed > 0 {
            let share = u32::try_from(timed).unwrap_or(u32::MAX);
            self.duration
                .record_many((busy / share).as_secs_f64(), timed);
        }
    }
}

impl std::fmt::Debug for Meters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Meters")
    }
}
