//! Partitions on disk: opening, flushing, closing.

use std::sync::Arc;

use super::core::Core;
use super::error::report;
use super::transactions::Transactions;
use super::{AppendError, LeaderEpochs, Partition, Producers};
use crate::batch::{Header, Marker};
use crate::fault::Switches;
use crate::log::disk::{AbortedEntry, DataDir};
use crate::log::{Log, LogStart, Recovered, StorageError};
use crate::meta::{Topic, TopicSettings};

/// What a partition's checkpoints say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Checkpoints {
    /// Its first offset.
    pub(crate) log_start: i64,
    /// The offset before which everything is on disk.
    pub(crate) flushed: i64,
    /// The offset before which everything is replicated.
    pub(crate) high_watermark: i64,
    /// The offset up to which it is compacted.
    pub(crate) compacted_to: i64,
}

impl Partition {
    /// Opens a topic's partition in a data directory, or creates it there. One that cannot be
    /// opened is offline: it answers every request with an error.
    pub(crate) fn open(data: &DataDir, topic: &Topic, index: i32, leader_epoch: i32) -> Self {
        match try_open(data, topic, index, leader_epoch) {
            Ok(core) => Self::with(core),
            Err(error) => {
                report(&error);
                tracing::error!(topic = %topic.name, partition = index, "a partition is offline");
                let partition = Self::new(leader_epoch);
                partition.core.lock().offline = true;
                partition
            }
        }
    }

    /// Flushes everything that was appended so far, together with what others wait for.
    ///
    /// Cancel safe: a flush that has begun is carried on with.
    ///
    /// # Errors
    /// [`AppendError::Storage`] when nobody can say that it is on disk.
    pub(crate) async fn flush_all(self: &Arc<Self>) -> Result<(), AppendError> {
        let end = self.core.lock().log.end_offset();
        let _turn = self.flushing.lock().await;
        if self.core.lock().log.flushed_offset() >= end {
            return Ok(());
        }
        let partition = Arc::clone(self);
        let flushed = tokio::task::spawn_blocking(move || partition.flush_now(i64::MAX));
        flushed.await.unwrap_or(Err(AppendError::Storage))
    }

    /// Flushes everything if so many records have come that `flush.messages` wants it; this
    /// blocks.
    pub(crate) fn flush_if_wanted(&self, settings: &TopicSettings) -> Result<(), AppendError> {
        match self.unflushed().0 >= settings.flush_messages {
            true => self.flush_now(i64::MAX),
            false => Ok(()),
        }
    }

    /// Flushes everything that was appended before `offset`; this blocks.
    pub(crate) fn flush_now(&self, offset: i64) -> Result<(), AppendError> {
        let work = {
            let core = self.core.lock();
            if core.log.is_failed() && !core.deleted {
                return Err(AppendError::Storage);
            }
            core.log.flush_work(offset)
        };
        let Some(work) = work else { return Ok(()) };
        let done = work.run();
        let mut core = self.core.lock();
        match done {
            Ok(()) => core.log.flush_done(&work),
            Err(_) if core.deleted => {}
            Err(error) => {
                core.log.flush_failed();
                return Err(error.into());
            }
        }
        Ok(())
    }

    /// Records that may not be on disk, and whether some are of a segment that is complete.
    pub(crate) fn unflushed(&self) -> (i64, bool) {
        let core = self.core.lock();
        let flushed = core.log.flushed_offset();
        (core.log.unflushed(), flushed < core.log.active_offset())
    }

    /// Where the last segment begins.
    pub(crate) fn active_offset(&self) -> i64 {
        self.core.lock().log.active_offset()
    }

    /// What the checkpoints are to say; `None` for a partition that is not there.
    pub(crate) fn checkpoints(&self) -> Option<Checkpoints> {
        let core = self.core.lock();
        (!core.deleted && !core.offline).then(|| Checkpoints {
            log_start: core.log.start_offset(),
            flushed: core.log.flushed_offset(),
            high_watermark: core.high_watermark(),
            compacted_to: core.compacted_to,
        })
    }

    /// Ends the partition with all that a start without recovery needs; this blocks.
    ///
    /// # Errors
    /// [`AppendError::Storage`] when it must be recovered.
    pub(crate) fn close(&self) -> Result<(), AppendError> {
        let mut core = self.core.lock();
        if core.deleted {
            return Ok(());
        }
        if core.offline {
            return Err(AppendError::Storage);
        }
        core.log.close()?;
        let end = core.log.end_offset();
        core.log.keep_producers(end, &core.producers.entries());
        Ok(())
    }
}

fn try_open(
    data: &DataDir,
    topic: &Topic,
    index: i32,
    leader_epoch: i32,
) -> Result<Core, StorageError> {
    let dir = data.partition(&topic.name, index);
    dir.create(topic.id)?;
    let compacted_to = data.compacted_to(&topic.name, index);
    let ever_compacted = topic.settings.rules.keys_needed || compacted_to > 0;
    let known = LogStart {
        start_offset: data.log_start(&topic.name, index),
        recovery_point: data.recovery_point(&topic.name, index),
        clean: data.is_clean(),
        dense: !ever_compacted && !data.is_foreign(&topic.name),
    };
    let (mut log, recovered) = Log::open(dir.clone(), topic.settings.layout, known)?;
    let end = log.end_offset();
    let mut state = Rebuilt::new(recovered, LeaderEpochs::kept(dir.epochs()?, end));
    let replayed = log.replay(state.replay_from, |header, markers| {
        state.take(header, markers.as_ref().and_then(Marker::read));
    });
    match replayed {
        // Only what is behind it is not known; the rest of the partition can be served.
        Err(error @ StorageError::Corrupt { .. }) => report(&error),
        replayed => replayed?,
    }
    for entry in &state.aborted {
        log.keep_aborted(entry);
    }
    state.epochs.begin(leader_epoch, end);
    dir.store_epochs(state.epochs.starts())?;
    Ok(Core {
        log,
        epochs: state.epochs,
        leader_epoch,
        producers: state.producers,
        transactions: state.transactions,
        compacted_to,
        waiters: Vec::new(),
        deleted: false,
        offline: false,
        switches: Switches::default(),
    })
}

/// What is made again from the batches that no snapshot covers.
struct Rebuilt {
    replay_from: i64,
    epochs: LeaderEpochs,
    producers: Producers,
    transactions: Transactions,
    /// Aborted transactions among these batches.
    aborted: Vec<AbortedEntry>,
}

impl Rebuilt {
    fn new(recovered: Recovered, epochs: LeaderEpochs) -> Self {
        let producers = Producers::kept(&recovered.producers);
        let open = producers.active().into_iter().filter_map(|p| p.open);
        Self {
            transactions: Transactions::kept(recovered.aborted, open),
            replay_from: recovered.replay_from,
            epochs,
            producers,
            aborted: Vec::new(),
        }
    }

    /// Takes a batch that is in the log into account.
    fn take(&mut self, header: &Header, marker: Option<Marker>) {
        let (offset, at) = (header.base_offset, header.max_timestamp);
        self.epochs.begin(header.leader_epoch, offset);
        match marker {
            Some(marker) => {
                if let Some(first_offset) = self.producers.ended(&marker, at) {
                    let entry = self.transactions.end(&marker, first_offset, offset);
                    self.aborted.extend(entry);
                }
            }
            None if header.is_control() => {}
            None => {
                if self.producers.appended(header, offset, at) {
                    self.transactions.begin(offset);
                }
            }
        }
    }
}

#[cfg(test)]
#[path = "stored_tests.rs"]
mod tests;
