//! What a template did so far.

use super::KafkaTemplate;

/// The records of a template since it was made, transactions aside: Spring's
/// `KafkaTemplate.metrics()`, as far as it is about records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct TemplateMetrics {
    /// Records that the broker has acknowledged.
    pub delivered: u64,
    /// Records that were given up after they had been queued.
    pub failed: u64,
    /// Records that are on their way, or wait in the local queue.
    pub in_flight: usize,
}

impl KafkaTemplate {
    /// What became of its records so far, all clones together. The same figures go to the `metrics`
    /// facade; see [`METRICS`](crate::observe::METRICS).
    #[must_use]
    pub fn metrics(&self) -> TemplateMetrics {
        let shared = self.shared();
        let (delivered, failed) = shared.meters.so_far();
        let producer = shared.producer.if_made();
        TemplateMetrics {
            delivered,
            failed,
            in_flight: producer.map_or(0, |producer| producer.core().outstanding()),
        }
    }
}
