//! What a loop knows of its transactions.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::task::Context;
use std::time::Instant;

use tokio::sync::mpsc;

use super::rewind::Rewind;
use crate::client::Slot;
use crate::error::ListenerError;
use crate::listener::transactional::{Answer, Staging, TransactionLine};

/// Transactions that may be handed over before the first is answered: one is made, one waits.
pub(super) const AHEAD: usize = 2;

/// What a loop knows of its transactions.
pub(super) struct Transactions {
    pub(super) line: Arc<TransactionLine>,
    pub(super) staging: Staging,
    pub(super) under_way: VecDeque<Handed>,
    answers: mpsc::UnboundedReceiver<Answer>,
    pub(super) answer: mpsc::UnboundedSender<Answer>,
    pub(super) inbox: Vec<Answer>,
    pub(super) era: u64,
    /// Since when something is ready, by the framework's clock.
    pub(super) ready_since: Option<Instant>,
    /// Where each partition is read on if nothing more of it is committed.
    pub(super) bases: HashMap<Slot, i64>,
    /// Since the last one that was committed.
    pub(super) aborts: u32,
    pub(super) rewind: Option<Rewind>,
    /// Up to there each record goes by itself, since one of them spoils transactions.
    pub(super) suspects: HashMap<Slot, i64>,
    /// Records whose transactions failed because of them.
    pub(super) blamed: HashMap<(Slot, i64), Blame>,
}

/// A transaction that was handed over.
pub(super) struct Handed {
    pub(super) id: u64,
    pub(super) ends: HashMap<Slot, End>,
    /// The only unit of it, if there is one.
    pub(super) single: Option<(Slot, i64)>,
}

#[derive(Clone, Copy)]
pub(super) struct End {
    pub(super) epoch: u32,
    pub(super) next: i64,
    pub(super) leader_epoch: i32,
}

/// What a record did to its transactions.
pub(super) struct Blame {
    pub(super) attempt: u32,
    pub(super) error: ListenerError,
    /// Whether the handler may have it.
    pub(super) told: bool,
}

impl Transactions {
    pub(super) fn new(line: &Arc<TransactionLine>) -> Self {
        let (answer, answers) = mpsc::unbounded_channel();
        Self {
            line: Arc::clone(line),
            staging: Staging::default(),
            under_way: VecDeque::new(),
            answers,
            answer,
            inbox: Vec::new(),
            era: line.next_era(),
            ready_since: None,
            bases: HashMap::new(),
            aborts: 0,
            rewind: None,
            suspects: HashMap::new(),
            blamed: HashMap::new(),
        }
    }

    /// The most records of one transaction now.
    pub(super) fn max(&self) -> usize {
        match self.suspects.is_empty() {
            true => self.line.spec.max,
            false => 1,
        }
    }

    /// Whether a whole transaction waits to be handed over.
    pub(super) fn is_full(&self) -> bool {
        self.staging.ready() >= self.max()
    }

    /// Whether the broker knows all that it will be told before the clock moves.
    pub(super) fn is_settled(&self, now: Instant) -> bool {
        let waits = || {
            self.ready_since
                .is_some_and(|since| since + self.line.spec.linger > now)
        };
        self.under_way.is_empty()
            && self.rewind.is_none()
            && (self.staging.is_empty() || (waits() && !self.is_full()))
    }

    /// Collects what was answered.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> bool {
        let answered = self.answers.poll_recv_many(context, &mut self.inbox, AHEAD);
        answered.is_ready() || !self.inbox.is_empty()
    }

    pub(super) fn base(&self, slot: Slot) -> Option<i64> {
        self.bases.get(&slot).copied()
    }

    pub(super) fn set_base(&mut self, slot: Slot, offset: i64) {
        self.bases.insert(slot, offset);
    }

    /// A partition is given up, or read on from elsewhere.
    pub(super) fn forget(&mut self, slot: Slot) {
        self.staging.forget(slot);
        self.line.outboxes.forget(slot);
        self.bases.remove(&slot);
        self.suspects.remove(&slot);
        self.blamed.retain(|(of, _), _| *of != slot);
    }

    /// The latest transaction that is not answered.
    pub(super) fn last(&self) -> Option<u64> {
        self.under_way.back().map(|handed| handed.id)
    }
}
