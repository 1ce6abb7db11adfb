//! Every figure that the framework gives to the `metrics` facade.

use metrics::{Counter, Gauge, Histogram, Unit};

use super::MetricTags;

/// What a figure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricKind {
    /// It only grows.
    Counter,
    /// It goes up and down.
    Gauge,
    /// Many values, of which an exporter makes sums, counts and quantiles.
    Histogram,
}

/// A figure: its name, its tags and what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub kind: MetricKind,
    /// The tags that it has beside those of the program's own.
    pub tags: &'static [&'static str],
    /// What it counts or measures.
    pub meaning: &'static str,
}

/// All of them, in the order of the guide.
pub const METRICS: &[Metric] = &[
    HANDLED,
    FAILED,
    RETRIED,
    DEAD_LETTERED,
    SKIPPED,
    FILTERED,
    FOREIGN_REPLAYS,
    FAILURES,
    DURATION,
    LAG,
    COMMITS,
    ABORTED,
    BREAKER_OPEN,
    FENCED_KEYS,
    OLDEST_FENCE,
    BUDGET_REFUSED,
    DUPLICATES,
    SEEN_KEYS,
    DELIVERED,
    UNDELIVERED,
    DELIVERY,
    DELAYED_WAITING,
    DELAYED_OVERDUE,
    DELAYED_FORWARDED,
    DELAYED_LATE,
    DELAYED_CANCELLED,
    DELAYED_REFUSED,
    OUTBOX_BACKLOG,
    OUTBOX_OLDEST,
    OUTBOX_SENT,
    OUTBOX_FAILED,
    OUTBOX_BLOCKED,
];

const LISTENER: &[&str] = &["listener"];
const TEMPLATE: &[&str] = &["template"];
/// The topic in which they wait, as the broker knows it.
const DELAYED: &[&str] = &["topic"];

const fn counter(
    name: &'static str,
    tags: &'static [&'static str],
    meaning: &'static str,
) -> Metric {
    Metric {
        name,
        kind: MetricKind::Counter,
        tags,
        meaning,
    }
}

const fn gauge(name: &'static str, tags: &'static [&'static str], meaning: &'static str) -> Metric {
    Metric {
        name,
        kind: MetricKind::Gauge,
        tags,
        meaning,
    }
}

pub(crate) const HANDLED: Metric = counter(
    "micro_kafka_listener_handled_total",
    LISTENER,
    "attempts whose handler succeeded; of a batch, its records",
);
pub(crate) const FAILED: Metric = counter(
    "micro_kafka_listener_failed_total",
    LISTENER,
    "attempts that failed",
);
pub(crate) const RETRIED: Metric = counter(
    "micro_kafka_listener_retried_total",
    LISTENER,
    "further attempts, in place or by a retry topic",
);
pub(crate) const DEAD_LETTERED: Metric = counter(
    "micro_kafka_listener_dead_lettered_total",
    LISTENER,
    "records that the recoverer took, the dead-letter topic by default",
);
pub(crate) const SKIPPED: Metric = counter(
    "micro_kafka_listener_skipped_total",
    LISTENER,
    "failed records that count as done",
);
pub(crate) const FILTERED: Metric = counter(
    "micro_kafka_listener_filtered_total",
    LISTENER,
    "records that the listener's filter did not want",
);
pub(crate) const FOREIGN_REPLAYS: Metric = counter(
    "micro_kafka_listener_foreign_replays_total",
    LISTENER,
    "records that were replayed for another group, and count as done",
);
pub(crate) const FAILURES: Metric = counter(
    "micro_kafka_listener_failures_total",
    &["listener", "error", "outcome"],
    "failures by the error's variant or type, and by what became of the record: `retry`, \
     `retry_topic`, `dead_letter`, `skip`, `park`, `stop`, `given_up`, `recovery_failed`",
);
pub(crate) const DURATION: Metric = Metric {
    name: "micro_kafka_listener_duration_seconds",
    kind: MetricKind::Histogram,
    tags: LISTENER,
    meaning: "how long an attempt takes, from its beginning to its end",
};
pub(crate) const LAG: Metric = gauge(
    "micro_kafka_listener_lag_records",
    &["listener", "topic", "partition"],
    "records of an assigned partition that are not finished",
);
pub(crate) const COMMITS: Metric = counter(
    "micro_kafka_listener_commits_total",
    LISTENER,
    "commits that were sent; of a transactional listener, transactions",
);
pub(crate) const ABORTED: Metric = counter(
    "micro_kafka_listener_aborted_transactions_total",
    LISTENER,
    "transactions that were not committed",
);
pub(crate) const BREAKER_OPEN: Metric = gauge(
    "micro_kafka_listener_breaker_open",
    LISTENER,
    "1 while the breaker lets nothing begin",
);
pub(crate) const FENCED_KEYS: Metric = gauge(
    "micro_kafka_listener_fenced_keys",
    LISTENER,
    "keys of its group of which a record is in retry, where others wait for it",
);
pub(crate) const OLDEST_FENCE: Metric = gauge(
    "micro_kafka_listener_oldest_fence_seconds",
    LISTENER,
    "since when the oldest of those is in retry; 0 without any",
);
pub(crate) const BUDGET_REFUSED: Metric = counter(
    "micro_kafka_listener_budget_refused_total",
    LISTENER,
    "failed records that stay where they are because the retry budget is spent",
);
pub(crate) const DUPLICATES: Metric = counter(
    "micro_kafka_listener_duplicates_total",
    LISTENER,
    "records of an `#[idempotent]` listener that were handled before: acknowledged without it",
);
pub(crate) const SEEN_KEYS: Metric = Metric {
    name: "micro_kafka_listener_seen_keys",
    kind: MetricKind::Gauge,
    tags: &["topic", "partition"],
    meaning: "keys that the idempotency store `topic` remembers of a source partition",
};
pub(crate) const DELIVERED: Metric = counter(
    "micro_kafka_template_delivered_total",
    TEMPLATE,
    "records that the broker has acknowledged",
);
pub(crate) const UNDELIVERED: Metric = counter(
    "micro_kafka_template_failed_total",
    TEMPLATE,
    "records that were given up after they had been queued",
);
pub(crate) const DELIVERY: Metric = Metric {
    name: "micro_kafka_template_delivery_seconds",
    kind: MetricKind::Histogram,
    tags: TEMPLATE,
    meaning: "from the local queue to the broker's answer; records that are answered together, \
              at most 256, count with the time of the first of them",
};
pub(crate) const DELAYED_WAITING: Metric = gauge(
    "micro_kafka_delayed_waiting",
    DELAYED,
    "delayed sends that wait in the partitions of this instance",
);
pub(crate) const DELAYED_OVERDUE: Metric = gauge(
    "micro_kafka_delayed_overdue_seconds",
    DELAYED,
    "how long the first of those that wait is overdue; 0 while none is",
);
pub(crate) const DELAYED_FORWARDED: Metric = counter(
    "micro_kafka_delayed_forwarded_total",
    DELAYED,
    "delayed sends that were sent at their time",
);
pub(crate) const DELAYED_LATE: Metric = counter(
    "micro_kafka_delayed_late_total",
    DELAYED,
    "those of them that were sent more than a second after their time",
);
pub(crate) const DELAYED_CANCELLED: Metric = counter(
    "micro_kafka_delayed_cancelled_total",
    DELAYED,
    "delayed sends that were taken back while they waited",
);
pub(crate) const DELAYED_REFUSED: Metric = counter(
    "micro_kafka_delayed_refused_total",
    DELAYED,
    "refusals of delayed sends at their time; they are tried again",
);

const SHARD: &[&str] = &["shard"];

pub(crate) const OUTBOX_BACKLOG: Metric = Metric {
    name: "micro_kafka_outbox_backlog",
    kind: MetricKind::Gauge,
    tags: &[],
    meaning: "records of an outbox that are not sent yet, as whoever sends has last counted them: \
              each 5 s",
};
pub(crate) const OUTBOX_OLDEST: Metric = Metric {
    name: "micro_kafka_outbox_oldest_seconds",
    kind: MetricKind::Gauge,
    tags: &[],
    meaning: "how long the oldest of them waits",
};
pub(crate) const OUTBOX_SENT: Metric = counter(
    "micro_kafka_outbox_sent_total",
    SHARD,
    "records of an outbox that the broker has acknowledged",
);
pub(crate) const OUTBOX_FAILED: Metric = counter(
    "micro_kafka_outbox_failed_total",
    SHARD,
    "attempts to send a record of an outbox that failed; it is tried again",
);
pub(crate) const OUTBOX_BLOCKED: Metric = Metric {
    name: "micro_kafka_outbox_blocked_keys",
    kind: MetricKind::Gauge,
    tags: SHARD,
    meaning: "keys whose first record fails: those behind it wait",
};

impl Metric {
    /// This counter, with the values of its tags.
    pub(crate) fn counter(&self, tags: &MetricTags, values: &[&str]) -> Counter {
        metrics::counter!(self.name, self.labels(tags, values))
    }

    /// This gauge.
    pub(crate) fn gauge(&self, tags: &MetricTags, values: &[&str]) -> Gauge {
        metrics::gauge!(self.name, self.labels(tags, values))
    }

    /// This histogram.
    pub(crate) fn histogram(&self, tags: &MetricTags, values: &[&str]) -> Histogram {
        metrics::histogram!(self.name, self.labels(tags, values))
    }

    fn labels(&self, tags: &MetricTags, values: &[&str]) -> Vec<metrics::Label> {
        let names = self.tags.iter().copied();
        let own = names.zip(values.iter().copied()).collect::<Vec<_>>();
        tags.labels(&own)
    }

    fn unit(&self) -> Unit {
        match self.kind {
            MetricKind::Histogram => Unit::Seconds,
            MetricKind::Gauge if self.name.ends_with("_seconds") => Unit::Seconds,
            MetricKind::Counter | MetricKind::Gauge => Unit::Count,
        }
    }
}

/// Tells the recorder of the `metrics` facade what every figure means. An application does it when
/// it starts; to be called again only by a program that installs its recorder later.
pub fn describe_metrics() {
    for metric in METRICS {
        let (name, unit, meaning) = (metric.name, metric.unit(), metric.meaning);
        match metric.kind {
            MetricKind::Counter => metrics::describe_counter!(name, unit, meaning),
            MetricKind::Gauge => metrics::describe_gauge!(name, unit, meaning),
            MetricKind::Histogram => metrics::describe_histogram!(name, unit, meaning),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    fn texts(folder: &Path, ending: &str, into: &mut String) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                texts(&path, ending, into);
            } else if path.extension().is_some_and(|of| of == ending) {
                into.push_str(&fs::read_to_string(&path).unwrap());
            }
        }
    }

    #[test]
    fn every_figure_of_the_code_is_told_in_the_guide() {
        let (mut code, mut guide) = (String::new(), String::new());
        let package = Path::new(env!("CARGO_MANIFEST_DIR"));
        texts(&package.join("src"), "rs", &mut code);
        texts(&package.join("../docs/guide"), "md", &mut guide);
        let is_name = |text: &&str| {
            let tail = text.strip_prefix("micro_kafka_");
            tail.is_some_and(|it| it.bytes().all(|b| b == b'_' || b.is_ascii_lowercase()))
        };
        let names: BTreeSet<_> = code.split('"').filter(is_name).collect();
        assert!(names.len() >= METRICS.len(), "{names:?}");
        // A list of them shortens what its names have in common: `…_late_total`.
        let shortened = |name: &str| {
            let mut ends = name.match_indices('_').map(|(at, _)| &name[at..]);
            ends.any(|end| guide.contains(&format!("`…{end}`")))
        };
        let untold = names.iter().filter(|name| !guide.contains(**name));
        let untold: Vec<_> = untold.filter(|name| !shortened(name)).collect();
        assert!(untold.is_empty(), "not in the guide: {untold:?}");
    }

    #[test]
    fn the_guide_lists_every_figure() {
        let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guide/19-observing.md");
        let guide = fs::read_to_string(guide).unwrap();
        let rows = guide
            .lines()
            .filter(|line| line.starts_with("| `micro_kafka_"));
        let rows: Vec<&str> = rows.collect();
        let expected = METRICS.iter().map(|metric| {
            let kind = format!("{:?}", metric.kind).to_lowercase();
            let tags: Vec<_> = metric.tags.iter().map(|tag| format!("`{tag}`")).collect();
            format!(
                "| `{}` | {kind} | {} | {} |",
                metric.name,
                tags.join(", "),
                metric.meaning
            )
        });
        assert_eq!(rows, expected.collect::<Vec<_>>());
    }
}
