//! Compacting what is dirty, the dirtiest partition first.

use std::collections::HashSet;
use std::time::Duration;

use super::{Kept, Upkeep};
use crate::log::compaction::DirtyRange;
use crate::meta::TopicId;
use crate::partition::{Compacted, CompactionError, CompactionRun};

/// A pause of no time would keep a processor busy.
const LEAST_PAUSE: Duration = Duration::from_millis(1);

/// How a run went.
enum Outcome {
    Done,
    Interrupted,
    Failed,
}

impl Upkeep {
    /// Compacts as long as something is dirty, looks again after `log.cleaner.backoff.ms`, until
    /// the broker stops.
    pub(super) async fn clean_until_stopped(mut self) {
        let mut failed = HashSet::new();
        loop {
            while self.is_cleaning() && self.clean_dirtiest(&mut failed).await {}
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
    ///
    /// A partition that cannot be compacted is left alone until the next start.
    async fn clean_dirtiest(&self, failed: &mut HashSet<(TopicId, i32)>) -> bool {
        let now = self.clock.unix_millis();
        let compacted = self.partitions(|cleanup| cleanup.compact).into_iter();
        let able = compacted.filter(|kept| !failed.contains(&(kept.topic.id, kept.index)));
        let dirty = able.filter_map(|kept| {
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
        let place = (kept.topic.id, kept.index);
        let cleaned = tokio::task::spawn_blocking(move || upkeep.clean(&kept, &range, now));
        match cleaned.await {
            Ok(Outcome::Done) => true,
            Ok(Outcome::Interrupted) => false,
            Ok(Outcome::Failed) | Err(_) => failed.insert(place),
        }
    }

    fn clean(&self, kept: &Kept, range: &DirtyRange, now_millis: i64) -> Outcome {
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
                Outcome::Done
            }
            Err(CompactionError::Interrupted) => {
                tracing::debug!(topic, partition, "compaction cut short");
                Outcome::Interrupted
            }
            Err(error) => {
                tracing::error!(topic, partition, %error, "the partition is no longer compacted");
                Outcome::Failed
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
