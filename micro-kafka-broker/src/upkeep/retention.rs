//! Deleting what has expired.

use super::{Kept, Upkeep};

impl Upkeep {
    /// Looks for expired segments every `log.retention.check.interval.ms`, until the broker stops.
    pub(super) async fn expire_until_stopped(mut self) {
        let mut pause = self.duration("log.initial.task.delay.ms");
        while self.sleep(pause).await {
            self.expire();
            pause = self.duration("log.retention.check.interval.ms");
        }
    }

    /// Deletes what has expired in the topics that are not compacted.
    fn expire(&self) {
        for kept in self.partitions(|cleanup| !cleanup.compact) {
            kept.expire(self.clock.unix_millis());
        }
    }
}

impl Kept {
    /// Drops the segments that have expired.
    pub(super) fn expire(&self, now_millis: i64) {
        let expiry = self.topic.settings.cleanup.expiry();
        let (topic, partition) = (&*self.topic.name, self.index);
        match self.partition.retain(expiry, now_millis) {
            Ok(dropped) if dropped.segments > 0 => tracing::info!(
                topic,
                partition,
                segments = dropped.segments,
                log_start_offset = dropped.start_offset,
                "segments expired"
            ),
            Ok(_) => {}
            Err(error) => tracing::error!(topic, partition, %error, "segments cannot expire"),
        }
    }
}
