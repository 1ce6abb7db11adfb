//! Tests that wait until nothing is left to do.

use tokio::sync::oneshot;

use super::{Done, Scheduler};
use crate::client::{RecordSource, Slot};
use crate::template::SendError;

/// Somebody waits for quiet.
pub(super) struct Quiet {
    number: u64,
    /// Marks that are still to be written.
    open: usize,
    marks: Vec<(Slot, i64)>,
    answer: oneshot::Sender<()>,
}

impl<S: RecordSource> Scheduler<'_, S> {
    pub(super) fn ask_for_quiet(&mut self, answer: oneshot::Sender<()>) {
        self.requests += 1;
        let number = self.requests;
        let assigned: Vec<_> = self.index.assigned().map(|(slot, _)| slot).collect();
        for slot in &assigned {
            let slot = *slot;
            let marking = self.mark(slot);
            self.jobs.push(Box::pin(async move {
                Done::QuietMark {
                    request: number,
                    slot,
                    mark: marking.await,
                }
            }));
        }
        self.quiet.push(Quiet {
            number,
            open: assigned.len(),
            marks: Vec::new(),
            answer,
        });
    }

    pub(super) fn answer_quiet(&mut self) {
        let due = self
            .index
            .next_time()
            .is_some_and(|next| next <= self.now());
        let idle = self.is_idle() && self.revocation.is_none();
        if self.quiet.is_empty() || due || !idle || !self.index.is_restored() {
            return;
        }
        for request in std::mem::take(&mut self.quiet) {
            let read = |(slot, mark): &(Slot, i64)| self.index.has_read(*slot, *mark);
            if request.open == 0 && request.marks.iter().all(read) {
                let _ = request.answer.send(());
            } else {
                self.quiet.push(request);
            }
        }
    }

    pub(super) fn take_quiet_mark(
        &mut self,
        request: u64,
        slot: Slot,
        mark: Result<i64, SendError>,
    ) {
        let mut quiet = self.quiet.iter_mut();
        if let Some(quiet) = quiet.find(|quiet| quiet.number == request) {
            quiet.open -= 1;
            quiet.marks.extend(mark.ok().map(|mark| (slot, mark)));
        }
    }
}
