//! What is done now and then for partitions on disk.

use std::sync::atomic::Ordering;

use parking_lot::Mutex;

use super::stored::Checkpoints;
use super::{Partition, PartitionTable};
use crate::log::StorageError;
use crate::log::disk::{Checkpoint, DataDir, Offsets};
use crate::meta::TopicSettings;

/// Flushes what is due and notes how far.
#[derive(Debug, Default)]
pub(crate) struct Flusher {
    /// What the files say of recovery points, first offsets and compacted offsets.
    noted: Mutex<(Offsets, Offsets, Offsets)>,
}

impl Flusher {
    /// Flushes the partitions that it is time for, and notes how far; this blocks.
    pub(crate) fn run(&self, table: &PartitionTable, now_millis: i64) {
        let Some(data) = table.data_dir() else { return };
        for replicas in table.all() {
            for partition in &replicas.partitions {
                flush_if_due(partition, &replicas.topic.settings, now_millis);
            }
        }
        if let Err(error) = self.note(table, data) {
            tracing::warn!(%error, "offsets are not noted; the next start may take longer");
        }
    }

    /// Ends all partitions, so that the next start needs no recovery; this blocks.
    pub(crate) fn close(&self, table: &PartitionTable) {
        let Some(data) = table.data_dir() else { return };
        let mut closed = true;
        for replicas in table.all() {
            for partition in &replicas.partitions {
                closed &= partition.close().is_ok();
            }
        }
        let noted = self.note(table, data);
        let ended = match (closed, noted) {
            (true, Ok(())) => data.close(),
            (_, noted) => noted,
        };
        if let Err(error) = ended {
            tracing::warn!(%error, "the logs are not closed; the next start recovers them");
        }
        data.release();
    }

    /// Notes what has changed.
    fn note(&self, table: &PartitionTable, data: &DataDir) -> Result<(), StorageError> {
        let (mut flushed, mut replicated) = (Offsets::new(), Offsets::new());
        let (mut starts, mut compacted) = (Offsets::new(), Offsets::new());
        for replicas in table.all() {
            for (index, partition) in (0..).zip(&replicas.partitions) {
                let Some(checkpoints) = partition.checkpoints() else {
                    continue;
                };
                let Checkpoints {
                    log_start,
                    flushed: to,
                    high_watermark,
                    compacted_to,
                } = checkpoints;
                let key = || (replicas.topic.name.to_string(), index);
                flushed.insert(key(), to);
                replicated.insert(key(), high_watermark);
                // As in Kafka, only where it says more than the first segment's name.
                if log_start > 0 {
                    starts.insert(key(), log_start);
                }
                if compacted_to > 0 {
                    compacted.insert(key(), compacted_to);
                }
            }
        }
        let mut noted = self.noted.lock();
        if noted.1 != starts {
            data.store(Checkpoint::LogStart, &starts)?;
            noted.1 = starts;
        }
        if noted.2 != compacted {
            data.store(Checkpoint::Cleaner, &compacted)?;
            noted.2 = compacted;
        }
        if noted.0 != flushed {
            data.store(Checkpoint::RecoveryPoint, &flushed)?;
            data.store(Checkpoint::HighWatermark, &replicated)?;
            noted.0 = flushed;
        }
        Ok(())
    }
}

/// Segments that are complete are flushed in any case, as in Kafka, so that a crash costs little.
fn flush_if_due(partition: &Partition, settings: &TopicSettings, now_millis: i64) {
    let (unflushed, complete) = partition.unflushed();
    let since = now_millis - partition.flushed_at.load(Ordering::Relaxed);
    let due = unflushed > 0 && since >= settings.flush_ms;
    let end = match (due, complete) {
        (true, _) => i64::MAX,
        (false, true) => partition.active_offset(),
        (false, false) => return,
    };
    // A failure is reported where it happens, and from then on nothing is appended.
    if partition.flush_now(end).is_ok() && due {
        partition.flushed_at.store(now_millis, Ordering::Relaxed);
    }
}
