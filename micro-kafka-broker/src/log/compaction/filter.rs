//! What becomes of one batch.

use std::collections::HashMap;

use bytes::Bytes;

use super::keys::LastOffsets;
use super::markers::Markers;
use crate::batch::{BatchError, Header, Outline, emptied, outlines, rewrite};
use crate::log::AbortedEntry;

/// What a run goes by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FilterRules {
    /// The time of the run, in milliseconds since 1970.
    pub(crate) now: i64,
    /// Milliseconds for which tombstones and markers are kept after the first run that sees them.
    pub(crate) delete_retention_ms: i64,
    /// Where the range of the run ends; its last batch is kept, if only to tell its offset.
    pub(crate) range_end: i64,
}

/// What a producer wrote last: what must be kept for it to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LastOfProducer {
    /// Offset of its last record; `None` if it has written only a marker in its epoch.
    pub(crate) data_offset: Option<i64>,
    /// Its epoch.
    pub(crate) epoch: i16,
}

/// What is left of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kept {
    /// All of it, as it is.
    Whole,
    /// This instead.
    Instead(Bytes),
    /// Nothing.
    Nothing,
}

/// Every batch of a run goes through it, in order.
#[derive(Debug)]
pub(crate) struct Filter<'a> {
    last_offsets: &'a LastOffsets,
    last_of_producers: &'a HashMap<i64, LastOfProducer>,
    rules: FilterRules,
    markers: Markers,
}

/// What is to be kept of a batch.
#[derive(Debug, Default)]
struct Survey {
    kept: usize,
    dropped: usize,
    has_tombstones: bool,
}

impl<'a> Filter<'a> {
    /// A filter for a log with these aborted transactions.
    pub(crate) fn new(
        last_offsets: &'a LastOffsets,
        last_of_producers: &'a HashMap<i64, LastOfProducer>,
        aborted: Vec<AbortedEntry>,
        rules: FilterRules,
    ) -> Self {
        Self {
            last_offsets,
            last_of_producers,
            rules,
            markers: Markers::new(aborted),
        }
    }

    /// Decides about the next batch.
    ///
    /// # Errors
    /// [`BatchError`] when it cannot be read: then it is best left as it is.
    pub(crate) fn pass(&mut self, header: &Header, batch: &Bytes) -> Result<Kept, BatchError> {
        let unneeded = self.markers.pass(header, batch);
        let is_due = header
            .delete_horizon()
            .is_some_and(|at| at <= self.rules.now);
        let discarded = unneeded && (!header.is_control() || is_due);
        let is_last =
            self.is_last_of_producer(header) || header.last_offset() + 1 == self.rules.range_end;
        if discarded {
            return Ok(left_over(is_last, header));
        }
        let keeps = |record: &Outline| header.is_control() || self.keeps(header, record);
        let survey = survey(batch, keeps)?;
        if survey.kept == 0 {
            return Ok(left_over(is_last, header));
        }
        let known_horizon = header.delete_horizon();
        let waits = survey.has_tombstones || (unneeded && header.is_control());
        if survey.dropped == 0 && (known_horizon.is_some() || !waits) {
            return Ok(Kept::Whole);
        }
        let new_horizon = self
            .rules
            .now
            .saturating_add(self.rules.delete_retention_ms);
        let horizon = known_horizon.or(waits.then_some(new_horizon));
        rewrite(batch, horizon, keeps).map(Kept::Instead)
    }

    /// The aborted transactions that were passed and of which readers must still be told.
    pub(crate) fn aborted_so_far(&self) -> &[AbortedEntry] {
        self.markers.kept()
    }

    fn keeps(&self, header: &Header, record: &Outline) -> bool {
        if record.offset >= self.last_offsets.end() {
            return true;
        }
        let Some(key) = &record.key else {
            return false;
        };
        let is_deleted = record.value.is_none()
            && header
                .delete_horizon()
                .is_some_and(|at| at <= self.rules.now);
        !is_deleted && !self.last_offsets.is_superseded(key, record.offset)
    }

    /// Whether the batch tells its producer's last sequence number or, as a marker, its epoch.
    fn is_last_of_producer(&self, header: &Header) -> bool {
        let last = self.last_of_producers.get(&header.producer_id);
        last.is_some_and(|last| match last.data_offset {
            Some(offset) => header.last_offset() == offset,
            None => header.is_control() && header.producer_epoch == last.epoch,
        })
    }
}

/// A batch without records is kept only for what its header tells.
fn left_over(is_last: bool, header: &Header) -> Kept {
    match (is_last, header.record_count) {
        (false, _) => Kept::Nothing,
        (true, 0) => Kept::Whole,
        (true, _) => Kept::Instead(emptied(*header)),
    }
}

fn survey(batch: &Bytes, keeps: impl Fn(&Outline) -> bool) -> Result<Survey, BatchError> {
    let mut survey = Survey::default();
    for record in outlines(batch)? {
        let record = record?;
        if keeps(&record) {
            survey.kept += 1;
            survey.has_tombstones |= record.value.is_none();
        } else {
            survey.dropped += 1;
        }
    }
    Ok(survey)
}

#[cfg(test)]
#[path = "filter_tests.rs"]
mod tests;
