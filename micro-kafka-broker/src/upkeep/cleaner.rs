//! Compacting what is dirty, the dirtiest partition first.

use std::time::Duration;

use super::{Kept, Upkeep};
use crate::log::compaction::DirtyRange;
use crate::partition::{Compacted, CompactionRun, Interrupted};

/// A pause of no time would keep a processor busy.
const LEAST_PAUSE: Duration = Duration::from_millis(1);

impl Upkeep {
    /// Compacts as long as something is dirty, looks again after `log.cleaner.backoff.ms`, until
    /// the broker stops.
    pub(super) async fn clean_until_stopped(mut self) {
        loop {
            while self.is_cleaning() && self.clean_dirtiest().await {}
            if self.is_cleaning() {
                for kept in self.partitions(|cleanup| cleanup.compact) {
                    kept.expire(self.clock.unix_millis());
                }
            }
            let pause = self.duration("log.cleaner.backoff.ms");
            if !self.sleep(pause.max(LEAST_PAUSE)).await {
                return;
            }
        }
    }

    fn is_cleaning(&self) -> bool {
        self.catalog.config().flag("log.cleaner.enable") && !self.is_stopped()
    }

    /// Compacts one partition; false when there was none to compact or the run was cut short.
    async fn clean_dirtiest(&self) -> bool {
        let now = self.clock.unix_millis();
        let dirty = self.partitions(|cleanup| cleanup.compact).into_iter();
        let dirty = dirty.filter_map(|kept| {
            let cleanup = &kept.topic.settings.cleanup;
            let range = kept.partition.dirty_range(cleanup, now);
            let range = range.filter(|range| range.is_due(cleanup))?;
            Some((kept, range))
        });
        let dirtiest = dirty.max_by(|(_, a), (_, b)| a.ratio().total_cmp(&b.ratio()));
        let Some((kept, range)) = dirtiest else {
            return false;
        };
        // Compressing takes its time, which connections need not wait for.
        let upkeep = self.clone();
        let cleaned = tokio::task::spawn_blocking(move || upkeep.clean(&kept, &range, now));
        cleaned.await.unwrap_or(false)
    }

    fn clean(&self, kept: &Kept, range: &DirtyRange, now_millis: i64) -> bool {
        let run = CompactionRun {
            settings: &kept.topic.settings,
            now_millis,
            key_bytes: self.key_bytes(),
            is_stopped: &|| self.is_stopped(),
        };
        let (topic, partition) = (&*kept.topic.name, kept.index);
        match kept.partition.compact(range, run) {
            Ok(done) => {
                report(topic, partition, range, &done);
                true
            }
            Err(Interrupted) => {
                tracing::debug!(topic, partition, "compaction cut short");
                false
            }
        }
    }

    /// What a run may take for keys (`log.cleaner.dedupe.buffer.size`, for all threads).
    fn key_bytes(&self) -> usize {
        let config = self.catalog.config();
        let bytes = config.number("log.cleaner.dedupe.buffer.size");
        let threads = config.number("log.cleaner.threads").max(1);
        usize::try_from(bytes / threads).unwrap_or(0)
    }
}

fn report(topic: &str, partition: i32, range: &DirtyRange, done: &Compacted) {
    if let Some(offset) = done.unreadable {
        tracing::warn!(
            topic,
            partition,
            offset,
            "batches that cannot be read were left as they are by compaction"
        );
    }
    tracing::info!(
        topic,
        partition,
        from = range.from,
        to = done.end,
        keys = done.keys,
        bytes_before = done.bytes_before,
        bytes_after = done.bytes_after,
        "compacted"
    );
}
