//! Forgetting producers that no longer write.

use std::time::Duration;

use super::Upkeep;

/// Longest time between two looks for them, as in Kafka.
const LOOK_EVERY: Duration = Duration::from_secs(600);

impl Upkeep {
    /// Looks for producers that have not written for `producer.id.expiration.ms`, every ten
    /// minutes and not less often than that, until the broker stops.
    pub(super) async fn forget_producers_until_stopped(mut self) {
        while self.sleep(LOOK_EVERY.min(self.producer_expiry())).await {
            self.forget_producers();
        }
    }

    fn producer_expiry(&self) -> Duration {
        self.duration("producer.id.expiration.ms")
    }

    fn forget_producers(&self) {
        let expiry = i64::try_from(self.producer_expiry().as_millis()).unwrap_or(i64::MAX);
        let before = self.clock.unix_millis().saturating_sub(expiry);
        for kept in self.partitions(|_| true) {
            let producers = kept.partition.forget_producers(before);
            if producers > 0 {
                let (topic, partition) = (&*kept.topic.name, kept.index);
                tracing::debug!(topic, partition, producers, "idle producers were forgotten");
            }
        }
    }
}
