//! Records that are due soon and not in memory.

use super::{Done, Scheduler};
use crate::client::RecordSource;
use crate::delayed::reader::Fetched;

/// So long before its time a record is got back into memory, in milliseconds.
const LEAD: i64 = 10_000;
/// How far ahead it is looked for such records.
const LOOK: usize = 2_000;

impl<S: RecordSource> Scheduler<'_, S> {
    /// Gets back what is due soon and not in memory.
    pub(super) fn fetch(&mut self, now: i64) {
        if self.fetching || self.held {
            return;
        }
        let mut wanted = Vec::new();
        let mut bytes = 0;
        for waiting in self.index.until(now.saturating_add(LEAD)).take(LOOK) {
            if self.cache.has(&waiting) {
                continue;
            }
            bytes += waiting.bytes as usize;
            wanted.push((self.source.name(waiting.slot).partition, waiting));
            if bytes >= self.cache.portion() {
                break;
            }
        }
        if wanted.is_empty() {
            return;
        }
        self.fetching = true;
        let fetching = self.seat.reader.clone().fetch(wanted);
        self.jobs
            .push(Box::pin(async move { Done::Fetched(fetching.await) }));
    }

    pub(super) fn take_fetched(&mut self, fetched: Fetched) {
        self.fetching = false;
        for (waiting, record) in fetched.found {
            if self.index.is_current(waiting.slot, waiting.epoch) {
                self.cache.put(&waiting, record);
            }
        }
        for waiting in fetched.gone {
            tracing::error!(
                offset = waiting.offset,
                "a delayed record is not in its topic any more: nobody but compaction may delete there"
            );
            self.index.forget(&waiting);
        }
        if let Some(reason) = fetched.failure {
            tracing::warn!(reason, "delayed records cannot be read yet");
            self.held = true;
        }
    }
}
