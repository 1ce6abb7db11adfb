//! What became of the records of a template, counted.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use metrics::{Counter, Histogram};

use super::{MetricTags, catalog};

/// The figures of one template. Its producers bring them up to date with each answer of a broker.
pub(crate) struct DeliveryMeters {
    template: String,
    tags: MetricTags,
    delivered: AtomicU64,
    failed: AtomicU64,
    /// Made when they are needed: the program may install its recorder after its templates.
    meters: OnceLock<(Counter, Counter, Histogram)>,
}

impl DeliveryMeters {
    pub(crate) fn new(template: &str, tags: &MetricTags) -> Self {
        Self {
            template: template.to_owned(),
            tags: tags.clone(),
            delivered: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            meters: OnceLock::new(),
        }
    }

    /// Adds what one answer told of so many records; how long they took, where that is known.
    pub(crate) fn add(&self, delivered: usize, failed: usize, took: Option<Duration>) {
        let (of_delivered, of_failed, duration) = self.meters.get_or_init(|| {
            let template = &[self.template.as_str()];
            (
                catalog::DELIVERED.counter(&self.tags, template),
                catalog::UNDELIVERED.counter(&self.tags, template),
                catalog::DELIVERY.histogram(&self.tags, template),
            )
        });
        let add = |sum: &AtomicU64, meter: &Counter, count: usize| {
            if count > 0 {
                sum.fetch_add(count as u64, Ordering::Relaxed);
                meter.increment(count as u64);
            }
        };
        add(&self.delivered, of_delivered, delivered);
        add(&self.failed, of_failed, failed);
        if let Some(took) = took.filter(|_| delivered > 0) {
            duration.record_many(took.as_secs_f64(), delivered);
        }
    }

    /// The records that were acknowledged and those that were given up, so far.
    pub(crate) fn so_far(&self) -> (u64, u64) {
        let get = |sum: &AtomicU64| sum.load(Ordering::Relaxed);
        (get(&self.delivered), get(&self.failed))
    }
}

impl std::fmt::Debug for DeliveryMeters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DeliveryMeters")
            .field("template", &self.template)
            .finish_non_exhaustive()
    }
}
