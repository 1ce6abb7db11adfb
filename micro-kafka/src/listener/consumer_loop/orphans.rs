//! Whether every partition belongs to somebody after this consumer has taken over the place of
//! another process.

use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Instant;

use super::{ConsumerLoop, Membership};
use crate::client::{Orphans, RecordSource, Refusal};

/// Between two questions; the loop wakes at least as often.
const PAUSE: Duration = Duration::from_secs(1);
/// So often in a row it has to be seen: a member may still be giving partitions up.
const SEEN: u32 = 3;
/// So often it may be tried; a coordinator that does not answer is asked no further.
const ANSWERS: u32 = 60;

/// Asks until the group is at rest and whole: KIP-345 gives a static member its old place without a
/// rebalance, and KIP-429 passes partitions on in two.
pub(super) struct OrphanWatch {
    asked: Option<Orphans>,
    answer: Option<Result<Option<usize>, Refusal>>,
    due: Instant,
    answers: u32,
    seen: u32,
}

impl OrphanWatch {
    fn new() -> Self {
        Self {
            asked: None,
            answer: None,
            due: Instant::now() + PAUSE,
            answers: 0,
            seen: 0,
        }
    }

    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(asked) = &mut self.asked else {
            return Poll::Pending;
        };
        asked.as_mut().poll(context).map(|answer| {
            self.asked = None;
            self.answer = Some(answer);
        })
    }

    /// What an answer comes to, if one is there.
    fn verdict(&mut self, patience: u32) -> Verdict {
        let Some(answer) = self.answer.take() else {
            return Verdict::Unknown;
        };
        self.answers += 1;
        self.due = Instant::now() + PAUSE;
        match answer {
            Ok(Some(0)) => return Verdict::Whole,
            Ok(Some(count)) => {
                self.seen += 1;
                if self.seen >= patience {
                    self.seen = 0;
                    return Verdict::Orphans(count);
                }
            }
            Ok(None) => self.seen = 0,
            Err(refusal) => {
                tracing::debug!(code = %refusal.code, refusal.reason, "the group is not described");
            }
        }
        match self.answers < ANSWERS {
            true => Verdict::Unknown,
            false => Verdict::Whole,
        }
    }

    fn is_due(&self) -> bool {
        self.asked.is_none() && self.due <= Instant::now()
    }
}

/// How a group is found.
enum Verdict {
    Unknown,
    /// As far as can be told.
    Whole,
    /// So many partitions belong to nobody.
    Orphans(usize),
}

impl<S: RecordSource> ConsumerLoop<'_, S> {
    /// Begins, unless it was a member already.
    pub(super) fn watch_orphans(&mut self) {
        if self.membership != Membership::Member && self.source.orphans().is_some() {
            self.orphans = Some(Box::new(OrphanWatch::new()));
        }
    }

    pub(super) fn drive_orphans(&mut self) {
        let Some(watch) = &mut self.orphans else {
            return;
        };
        // Those of one process do not all join anew at once.
        let verdict = watch.verdict(SEEN + self.seat.number);
        if self.stop.is_some() || matches!(verdict, Verdict::Whole) {
            self.orphans = None;
        } else if let Verdict::Orphans(count) = verdict {
            self.join_anew(count);
        } else if watch.is_due() && self.revocation.is_none() {
            watch.asked = self.source.orphans();
        }
    }

    fn join_anew(&mut self, partitions: usize) {
        tracing::warn!(
            listener = &*self.seat.endpoint.id,
            consumer = self.seat.number,
            partitions,
            "partitions belong to nobody, since a static member died while it passed them on: \
             this one joins its group anew"
        );
        if let Err(error) = self.source.rejoin() {
            self.report("rebalance", &error.to_string());
        }
    }
}
