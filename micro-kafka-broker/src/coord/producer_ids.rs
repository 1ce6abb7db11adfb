//! Ids for idempotent producers.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::log::StorageError;
use crate::log::disk::DataDir;

/// Ids that are reserved at once, as in Kafka.
const BLOCK: i64 = 1000;

/// Gives every producer an id of its own, beginning with 0.
#[derive(Debug, Default)]
pub(crate) struct ProducerIds {
    state: Mutex<Reserved>,
    /// Where it is noted which ids are taken, so that a restart does not give them again.
    data: Option<Arc<DataDir>>,
}

#[derive(Debug, Default)]
struct Reserved {
    next: i64,
    end: i64,
}

impl ProducerIds {
    /// Ids that no producer has had, also before a restart; `seen` is one that had been given.
    ///
    /// # Errors
    /// [`StorageError`] when it cannot be told which were given.
    pub(crate) fn on_disk(data: Arc<DataDir>, seen: Option<i64>) -> Result<Self, StorageError> {
        let next = data
            .next_producer_id()?
            .max(seen.map_or(0, |seen| seen + 1));
        let state = Mutex::new(Reserved { next, end: next });
        Ok(Self {
            state,
            data: Some(data),
        })
    }

    /// An id that no producer has.
    pub(crate) fn next(&self) -> i64 {
        let mut state = self.state.lock();
        if state.next >= state.end {
            state.end = state.next + BLOCK;
            self.reserve(state.end);
        }
        let id = state.next;
        state.next += 1;
        id
    }

    fn reserve(&self, end: i64) {
        let Some(data) = &self.data else { return };
        if let Err(error) = data.reserve_producer_ids(end) {
            tracing::error!(%error, "producer ids are not reserved: they may be given again after a restart");
        }
    }

    /// Notes that a producer has an id, from before this broker's start; -1 is nobody's.
    pub(crate) fn take(&self, id: i64) {
        let mut state = self.state.lock();
        state.next = state.next.max(id.saturating_add(1));
    }
}
