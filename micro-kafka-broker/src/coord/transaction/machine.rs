//! The transactional id's state, its clock and the way of an event.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::init::LAST_EPOCH;
use super::{
    Effect, Event, Moment, Producer, Protocol, TransactionError, TransactionLimits,
    TransactionState,
};
use crate::batch::{Marker, Verdict};
use crate::coord::ProducerIds;
use crate::coord::group::PartitionKey;

/// A transactional id with the producer that holds it.
#[derive(Debug)]
pub(crate) struct Transaction {
    pub(super) limits: TransactionLimits,
    pub(super) ids: Arc<ProducerIds>,
    pub(super) state: TransactionState,
    /// The producer that may write.
    pub(super) producer: Producer,
    /// The id before the last change, or -1: a retry may still name it.
    pub(super) previous_id: i64,
    /// The epoch before the last change if the same producer went on, or -1.
    pub(super) last_epoch: i16,
    /// The id to go on with once the markers are written, or -1.
    pub(super) next_id: i64,
    pub(super) timeout: Duration,
    pub(super) partitions: BTreeSet<PartitionKey>,
    /// When the open transaction began.
    pub(super) started: Option<Moment>,
    pub(super) updated: Moment,
    /// How its client speaks of transactions, as far as it has spoken.
    pub(super) protocol: Protocol,
    pub(super) effects: Vec<Effect>,
}

impl Transaction {
    /// A transactional id that no producer has taken yet.
    pub(crate) fn new(limits: TransactionLimits, ids: Arc<ProducerIds>, now: Moment) -> Self {
        Self {
            limits,
            state: TransactionState::Empty,
            producer: Producer::NONE,
            previous_id: -1,
            last_epoch: -1,
            next_id: -1,
            timeout: Duration::ZERO,
            partitions: BTreeSet::new(),
            started: None,
            updated: now,
            protocol: Protocol::Classic,
            effects: Vec::new(),
            ids,
        }
    }

    /// Takes one event at the time `now` and returns what follows from it.
    ///
    /// Every request is answered within its step. The shell sends [`Event::Tick`] when
    /// [`Transaction::deadline`] has passed.
    pub(crate) fn step(&mut self, now: Moment, event: Event) -> Vec<Effect> {
        match event {
            Event::Init(init) => {
                let outcome = self.init(now, init);
                self.reply(outcome);
            }
            Event::Add(producer, protocol, partitions) => {
                let outcome = self.add(now, producer, protocol, partitions);
                self.reply(outcome.map(|()| self.producer));
            }
            Event::Verify(producer, partition) => {
                let outcome = self.verify(producer, &partition);
                self.reply(outcome.map(|()| self.producer));
            }
            Event::End(producer, protocol, verdict) => {
                let outcome = self.end(now, producer, protocol, verdict);
                self.reply(outcome);
            }
            Event::MarkersWritten => self.complete(now),
            Event::Tick => self.tick(now),
        }
        std::mem::take(&mut self.effects)
    }

    /// When the next timer is due; `None` when nothing can happen by itself.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self.state {
            TransactionState::Ongoing => self.started.map(|at| at.instant + self.timeout),
            state if state.is_settled() => Some(self.updated.instant + self.limits.expiration),
            _ => None,
        }
    }

    /// Whether it may be forgotten.
    pub(crate) fn is_dead(&self) -> bool {
        self.state == TransactionState::Dead || !self.is_taken()
    }

    /// Whether a producer has ever taken it.
    pub(super) fn is_taken(&self) -> bool {
        self.producer != Producer::NONE
    }

    fn tick(&mut self, now: Moment) {
        if self.deadline().is_none_or(|at| now.instant < at) {
            return;
        }
        if self.state == TransactionState::Ongoing {
            tracing::info!(
                producer_id = self.producer.id,
                "a transaction is aborted: its time is up"
            );
            return self.fence(now);
        }
        self.state = TransactionState::Dead;
        self.effects.push(Effect::Append(None));
    }

    /// Replaces the producer and aborts its open transaction.
    ///
    /// Who comes next gets one epoch more than the one in between, but for a client that goes on
    /// after an error and names the epoch that was replaced: it gets this one.
    pub(super) fn fence(&mut self, now: Moment) {
        self.state = TransactionState::PrepareEpochFence;
        self.renew_id();
        self.last_epoch = self.producer.epoch;
        // Epochs that clients get end one before the last, so there is room for this one.
        self.producer.epoch = self.producer.epoch.saturating_add(1);
        self.protocol = Protocol::EpochPerTransaction;
        self.decide(now, Verdict::Abort);
    }

    /// When the epochs have run out, the producer after the transaction has another id.
    pub(super) fn renew_id(&mut self) {
        if self.producer.epoch >= LAST_EPOCH {
            self.next_id = self.ids.next();
        }
    }

    /// Decides the transaction: from here on only the markers are missing.
    pub(super) fn decide(&mut self, now: Moment, verdict: Verdict) {
        self.state = match verdict {
            Verdict::Commit => TransactionState::PrepareCommit,
            Verdict::Abort => TransactionState::PrepareAbort,
        };
        self.started = self.started.or(Some(now));
        self.updated = now;
        self.keep();
        let markers = self.markers();
        self.effects.push(markers);
    }

    /// The markers of the transaction that was decided.
    pub(super) fn markers(&self) -> Effect {
        let marker = Marker {
            producer_id: self.producer.id,
            producer_epoch: self.producer.epoch,
            verdict: match self.state {
                TransactionState::PrepareCommit => Verdict::Commit,
                _ => Verdict::Abort,
            },
            coordinator_epoch: 0,
        };
        Effect::WriteMarkers(marker, self.partitions.clone())
    }

    fn complete(&mut self, now: Moment) {
        self.state = match self.state {
            TransactionState::PrepareCommit => TransactionState::CompleteCommit,
            TransactionState::PrepareAbort => TransactionState::CompleteAbort,
            other => return tracing::error!(state = other.name(), "markers nobody asked for"),
        };
        self.previous_id = self.producer.id;
        self.producer = self.after_markers();
        self.next_id = -1;
        self.partitions.clear();
        self.updated = now;
        self.keep();
    }

    /// The producer that goes on once the markers are written.
    pub(super) fn after_markers(&self) -> Producer {
        match self.next_id {
            -1 => self.producer,
            id => Producer { id, epoch: 0 },
        }
    }

    fn reply(&mut self, outcome: Result<Producer, TransactionError>) {
        self.effects.push(Effect::Reply(outcome));
    }
}
