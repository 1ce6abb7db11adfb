//! How a log comes back from the disk.
//!
//! A log that was closed is taken as it is. Otherwise everything from the segment on that was
//! being flushed last is read: the first batch that is not whole ends the log, as in Kafka.

use bytes::Bytes;

use super::disk::{self, AbortedEntry, PartitionDir, ProducerEntry};
use super::{Log, LogLayout, Segment, StorageError};
use crate::batch::Header;

/// What is known of a log from elsewhere.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LogStart {
    /// Its first offset.
    pub(crate) start_offset: i64,
    /// The offset before which everything is known to be on disk.
    pub(crate) recovery_point: i64,
    /// Whether it was closed.
    pub(crate) clean: bool,
    /// Whether every offset is there: it was never compacted.
    pub(crate) dense: bool,
}

/// What was kept beside the batches.
#[derive(Debug, Clone, Default)]
pub(crate) struct Recovered {
    /// The producers' state before [`Recovered::replay_from`].
    pub(crate) producers: Vec<ProducerEntry>,
    /// The transactions that were aborted before it.
    pub(crate) aborted: Vec<AbortedEntry>,
    /// Batches from this offset on are not in either.
    pub(crate) replay_from: i64,
}

impl Log {
    /// Opens or creates the log in a directory.
    ///
    /// # Errors
    /// [`StorageError`] when the directory cannot be used.
    pub(crate) fn open(
        dir: PartitionDir,
        layout: LogLayout,
        known: LogStart,
    ) -> Result<(Self, Recovered), StorageError> {
        let bases = disk::settle(dir.path())?;
        let mut log = Self::new(layout);
        log.dir = Some(dir);
        log.flushed = known.recovery_point;
        log.new_files = true;
        log.load_segments(&bases, known)?;
        log.begin_somewhere(known.start_offset)?;
        log.flushed = match known.clean {
            true => log.end_offset,
            false => known.recovery_point.min(log.end_offset),
        };
        let recovered = log.load_state()?;
        Ok((log, recovered))
    }

    fn load_segments(&mut self, bases: &[i64], known: LogStart) -> Result<(), StorageError> {
        let Some(dir) = self.dir.clone() else {
            return Ok(());
        };
        let layout = self.layout;
        let unflushed = match known.clean {
            true => bases.len(),
            false => bases
                .partition_point(|base| *base <= known.recovery_point)
                .saturating_sub(1),
        };
        for (place, &base) in bases.iter().enumerate() {
            let lost = place > unflushed && known.dense && base != self.end_offset;
            if lost {
                tracing::error!(
                    dir = %dir.path().display(), segment = base, expected = self.end_offset,
                    "records before a segment are missing: the log ends there"
                );
                return drop_segments(&dir, &bases[place..]);
            }
            if place >= unflushed {
                let dense = known.dense;
                let (segment, next_offset, cut) = Segment::recover(&dir, base, &layout, dense)?;
                self.segments.push(segment);
                self.end_offset = next_offset;
                if cut {
                    return drop_segments(&dir, &bases[place + 1..]);
                }
            } else {
                let mut segment = Segment::load(&dir, base, &layout)?;
                if place + 1 == bases.len() {
                    match segment.index_tail() {
                        Ok(next_offset) => self.end_offset = next_offset,
                        Err(StorageError::Corrupt { .. }) => {
                            let (recovered, next_offset, _) =
                                Segment::recover(&dir, base, &layout, false)?;
                            segment = recovered;
                            self.end_offset = next_offset;
                        }
                        Err(other) => return Err(other),
                    }
                }
                self.segments.push(segment);
            }
        }
        Ok(())
    }

    /// Sees to it that there is a segment and that the log does not end before it begins.
    fn begin_somewhere(&mut self, start_offset: i64) -> Result<(), StorageError> {
        let Some(dir) = self.dir.clone() else {
            return Ok(());
        };
        if !self.segments.is_empty() && self.end_offset < start_offset {
            tracing::error!(
                dir = %dir.path().display(), start_offset, end_offset = self.end_offset,
                "the log ends before it begins: files are missing, the rest is deleted"
            );
            let bases: Vec<i64> = self.segments.drain(..).map(|s| s.base_offset()).collect();
            drop_segments(&dir, &bases)?;
        }
        match self.segments.first() {
            Some(first) => self.start_offset = start_offset.max(first.base_offset()),
            None => {
                self.start_offset = start_offset;
                self.end_offset = start_offset;
                let segment = Segment::create(&dir, start_offset, &self.layout)?;
                self.segments.push(segment);
            }
        }
        Ok(())
    }

    fn load_state(&self) -> Result<Recovered, StorageError> {
        let Some(dir) = &self.dir else {
            return Ok(Recovered::default());
        };
        let bases: Vec<i64> = self.segments.iter().map(Segment::base_offset).collect();
        let snapshot = dir.newest_snapshot(self.end_offset)?;
        let snapshot = snapshot.filter(|(offset, _)| *offset >= self.start_offset);
        let (replay_from, producers) = snapshot.unwrap_or((self.start_offset, Vec::new()));
        dir.delete_stray_snapshots(&bases, replay_from)?;
        let mut aborted = Vec::new();
        for base in bases {
            aborted.extend(dir.aborted_before(base, replay_from)?);
        }
        Ok(Recovered {
            producers,
            aborted,
            replay_from,
        })
    }

    /// Calls `visit` with every batch from `offset` on; with its bytes if it holds markers.
    ///
    /// # Errors
    /// [`StorageError`] when a batch cannot be read.
    pub(crate) fn replay(
        &self,
        offset: i64,
        mut visit: impl FnMut(&Header, Option<Bytes>),
    ) -> Result<(), StorageError> {
        if offset >= self.end_offset {
            return Ok(());
        }
        for segment in &self.segments[self.segment_of(offset)..] {
            segment.replay(offset, &mut visit)?;
        }
        Ok(())
    }
}

fn drop_segments(dir: &PartitionDir, bases: &[i64]) -> Result<(), StorageError> {
    for &base in bases {
        tracing::error!(dir = %dir.path().display(), segment = base, "a segment behind the end of the log is deleted");
        dir.delete_segment(base)?;
    }
    Ok(())
}
