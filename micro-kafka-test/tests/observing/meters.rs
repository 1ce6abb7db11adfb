//! A recorder of the `metrics` facade that a test can read.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use metrics::{
    Counter, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};
use micro_kafka::observe::METRICS;
use parking_lot::Mutex;

/// All meters of this process.
#[derive(Debug, Clone, Default)]
pub(super) struct Meters(Arc<Mutex<BTreeMap<Key, Arc<Meter>>>>);

/// A count, a gauge's bits, or how often a histogram was told something.
#[derive(Debug, Default)]
struct Meter(Arc<AtomicU64>);

impl HistogramFn for Meter {
    fn record(&self, _value: f64) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Meters {
    /// The recorder of this process.
    pub(super) fn installed() -> &'static Self {
        static INSTALLED: OnceLock<Meters> = OnceLock::new();
        INSTALLED.get_or_init(|| {
            let meters = Self::default();
            metrics::set_global_recorder(meters.clone()).unwrap();
            meters
        })
    }

    fn meter(&self, key: &Key) -> Arc<Meter> {
        Arc::clone(self.0.lock().entry(key.clone()).or_default())
    }

    pub(super) fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<u64> {
        let meters = self.0.lock();
        let found = meters.iter().find(|(key, _)| {
            let has = |(name, value): &(&str, &str)| {
                key.labels()
                    .any(|label| label.key() == *name && label.value() == *value)
            };
            key.name() == name && labels.iter().all(has)
        });
        found.map(|(_, meter)| meter.0.load(Ordering::Relaxed))
    }

    pub(super) fn counter(&self, name: &str, listener: &str) -> u64 {
        self.value(name, &[("listener", listener)])
            .unwrap_or_default()
    }

    /// How many values a histogram was told.
    pub(super) fn timed(&self, name: &str, listener: &str) -> u64 {
        self.counter(name, listener)
    }

    /// Every figure so far is one of the catalog, with the tags that it says.
    pub(super) fn assert_known(&self) {
        for key in self.0.lock().keys() {
            let known = METRICS.iter().find(|known| known.name == key.name());
            let known = known.unwrap_or_else(|| panic!("{key} is in no table"));
            let tags: Vec<_> = key.labels().map(metrics::Label::key).collect();
            let tags = tags.into_iter().take(known.tags.len());
            assert!(tags.eq(known.tags.iter().copied()), "{key}");
        }
    }

    /// Waits until a gauge has this value.
    pub(super) async fn gauge_becomes(&self, name: &str, labels: &[(&str, &str)], value: f64) {
        let now = || self.value(name, labels).map(f64::from_bits);
        let reached = async {
            while now() != Some(value) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let reached = tokio::time::timeout(micro_kafka_test::DEADLINE, reached).await;
        assert!(
            reached.is_ok(),
            "{name} {labels:?} is {:?}, not {value}",
            now()
        );
    }
}

impl Recorder for Meters {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(Arc::clone(&self.meter(key).0))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(Arc::clone(&self.meter(key).0))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.meter(key))
    }
}
