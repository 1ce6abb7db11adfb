//! Commits of a transactional listener: what is finished is handed to the thread beside the loop.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::task::Context;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::ConsumerLoop;
use super::rewind::Rewind;
use crate::client::{RecordSource, Slot, TransactionOffset};
use crate::error::ListenerError;
use crate::listener::health::HealthReason;
use crate::listener::transactional::{Answer, Failed, Job, Staging, TransactionLine};
use crate::listener::{AckToken, Delivery};
use crate::template::{StagedTransaction, TransactionError};

/// Transactions that may be handed over before the first is answered: one is made, one waits.
const AHEAD: usize = 2;
/// A record may spoil so many transactions before its own policy is helped by a pause.
const PATIENT: u32 = 10;

/// What a loop knows of its transactions.
pub(super) struct Transactions {
    pub(super) line: Arc<TransactionLine>,
    pub(super) staging: Staging,
    under_way: VecDeque<Handed>,
    answers: mpsc::UnboundedReceiver<Answer>,
    answer: mpsc::UnboundedSender<Answer>,
    inbox: Vec<Answer>,
    era: u64,
    /// Since when something is ready, by the framework's clock.
    ready_since: Option<Instant>,
    /// Where each partition is read on if nothing more of it is committed.
    bases: HashMap<Slot, i64>,
    /// Since the last one that was committed.
    pub(super) aborts: u32,
    pub(super) rewind: Option<Rewind>,
    /// Up to there each record goes by itself, since one of them spoils transactions.
    pub(super) suspects: HashMap<Slot, i64>,
    /// Records whose transactions failed because of them.
    blamed: HashMap<(Slot, i64), Blame>,
}

/// A transaction that was handed over.
struct Handed {
    id: u64,
    ends: HashMap<Slot, End>,
    /// The only unit of it, if there is one.
    single: Option<(Slot, i64)>,
}

#[derive(Clone, Copy)]
struct End {
    epoch: u32,
    next: i64,
    leader_epoch: i32,
}

/// What a record did to its transactions.
struct Blame {
    attempt: u32,
    error: ListenerError,
    /// Whether the handler may have it.
    told: bool,
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
    fn last(&self) -> Option<u64> {
        self.under_way.back().map(|handed| handed.id)
    }
}

impl<S: RecordSource> ConsumerLoop<'_, S> {
    /// Notes that a record needs no more work, with all that it brought about.
    pub(super) fn stage(&mut self, slot: Slot, offset: i64) {
        let (limits, now) = (self.limits(), self.timers.now());
        let partition = self.partitions.get_mut(slot as usize);
        let (Some(partition), Some(tx)) =
            (partition.and_then(Option::as_mut), &mut self.transactions)
        else {
            return;
        };
        let outputs = tx.line.outboxes.take(slot, offset);
        if let Some(first) = partition.ledger.lowest() {
            tx.bases.entry(slot).or_insert(first);
        }
        if partition.ledger.finish(offset) {
            partition.recheck_full(limits);
            let of = (slot, partition.epoch);
            let position = partition.ledger.to_commit();
            tx.staging.finished(of, offset, outputs, position);
            if !tx.staging.is_empty() {
                tx.ready_since.get_or_insert(now);
            }
        }
    }

    /// The next transaction commits this position, though nothing was handled.
    pub(super) fn stage_start(&mut self, slot: Slot, offset: i64) {
        let now = self.timers.now();
        let epoch = self.partition(slot).map_or(0, |partition| partition.epoch);
        if let Some(tx) = &mut self.transactions {
            tx.forget(slot);
            tx.set_base(slot, offset);
            tx.staging.move_to(slot, epoch, offset);
            tx.ready_since.get_or_insert(now);
        }
    }

    /// Drops what a failed delivery has brought about.
    pub(super) fn unstage(&mut self, token: AckToken) {
        if let Some(tx) = &self.transactions {
            tx.line.outboxes.take(token.slot, token.offset);
        }
    }

    /// Hands a transaction over if it is time.
    pub(super) fn transact_if_due(&mut self) {
        self.timers.wake_commit(None);
        let now = self.timers.now();
        let Some(tx) = &self.transactions else {
            return;
        };
        if tx.rewind.is_some() || tx.staging.is_empty() {
            return;
        }
        let (full, ahead) = (tx.is_full(), tx.under_way.len());
        if ahead >= AHEAD || (ahead > 0 && !full) {
            return;
        }
        let linger = tx.line.spec.linger;
        let since = tx.ready_since.unwrap_or(now);
        let due = match linger.is_zero() {
            true => since + self.seat.endpoint.commit_interval,
            false => since + linger,
        };
        if full || now >= due || (linger.is_zero() && self.is_any_complete()) {
            self.hand_over(tx.max());
        } else {
            self.timers.wake_commit(Some(due));
        }
    }

    fn is_any_complete(&self) -> bool {
        let Some(tx) = &self.transactions else {
            return false;
        };
        tx.staging.ready_slots().any(|slot| {
            let partition = self.partitions.get(slot as usize).and_then(Option::as_ref);
            partition.is_none_or(super::Partition::batch_is_complete)
        })
    }

    /// Hands everything over that is ready; the transaction to wait for, if there is one.
    pub(super) fn hand_over_all(&mut self) -> Option<u64> {
        self.hand_over(usize::MAX);
        self.transactions.as_ref()?.last()
    }

    fn hand_over(&mut self, max: usize) {
        // What was finished after an aborted transaction is void with it.
        let rewinds = |tx: &Transactions| tx.rewind.is_some();
        if self.source.assignment_lost() || self.transactions.as_deref().is_none_or(rewinds) {
            return;
        }
        // Taken with the offsets: after the next rebalance it would vouch for them wrongly.
        let Some(group) = self.source.group_metadata() else {
            return;
        };
        let now = self.timers.now();
        let Some(tx) = &mut self.transactions else {
            return;
        };
        let units = tx.staging.take(max);
        tx.ready_since = (!tx.staging.is_empty()).then_some(now);
        let single = match &*units {
            [] => return,
            [unit] => Some((unit.slot, unit.first)),
            _ => None,
        };
        let mut ends = HashMap::new();
        let mut records = Vec::new();
        for unit in units {
            let end = End {
                epoch: unit.epoch,
                next: unit.next,
                leader_epoch: unit.leader_epoch,
            };
            ends.insert(unit.slot, end);
            records.extend(unit.outputs);
        }
        let offsets = ends.iter().map(|(slot, end)| TransactionOffset {
            partition: self.source.name(*slot).clone(),
            offset: end.next,
            leader_epoch: end.leader_epoch,
        });
        let id = self.commits.new_id();
        tx.line.send(Job {
            id,
            era: tx.era,
            transaction: StagedTransaction {
                records,
                offsets: offsets.collect(),
                group,
            },
            answers: tx.answer.clone(),
        });
        tx.under_way.push_back(Handed { id, ends, single });
        self.counts.commits += 1;
    }

    /// Takes what became of transactions.
    pub(super) fn take_transactions(&mut self) {
        let Some(tx) = &mut self.transactions else {
            return;
        };
        for Answer { id, result } in std::mem::take(&mut tx.inbox) {
            let Some(tx) = &mut self.transactions else {
                return;
            };
            let Some(handed) = tx.under_way.pop_front() else {
                continue;
            };
            match result {
                Ok(()) => self.committed(handed),
                Err(Failed::Superseded) => {}
                Err(Failed::Itself(error)) => self.aborted(&handed, error),
            }
            self.end_commit_waits(id);
        }
    }

    fn committed(&mut self, handed: Handed) {
        for (slot, end) in handed.ends {
            if let Some(partition) = self.current(slot, end.epoch) {
                partition.committed = Some(end.next);
                if let Some(tx) = &mut self.transactions {
                    tx.set_base(slot, end.next);
                    tx.suspects
                        .retain(|of, until| *of != slot || *until > end.next);
                    tx.blamed
                        .retain(|(of, at), _| *of != slot || *at >= end.next);
                }
            }
        }
        if let Some(tx) = &mut self.transactions
            && std::mem::take(&mut tx.aborts) > 0
        {
            self.seat.status.set_transaction_trouble(None);
        }
    }

    fn aborted(&mut self, handed: &Handed, error: TransactionError) {
        self.counts.aborted += 1;
        let Some(tx) = &mut self.transactions else {
            return;
        };
        tx.aborts = tx.aborts.saturating_add(1);
        tx.era = tx.line.next_era();
        tx.staging.clear();
        tx.ready_since = None;
        let aborts = tx.aborts;
        tracing::warn!(
            listener = &*self.seat.endpoint.id,
            consumer = self.seat.number,
            aborts,
            %error,
            "a transaction was not committed: its records are read again"
        );
        let reason = HealthReason::TransactionsFailing {
            consumer: self.seat.number,
            error: error.to_string(),
            aborts,
        };
        if aborts > 1 {
            self.seat.status.set_transaction_trouble(Some(reason));
        }
        let tries = match is_by_records(&error) {
            true => self.blame(handed, error).saturating_sub(PATIENT),
            false => aborts,
        };
        self.begin_rewind(pause(tries));
    }

    /// Finds out which record spoils a transaction, or notes that it did; how often it has.
    fn blame(&mut self, handed: &Handed, error: TransactionError) -> u32 {
        let Some(tx) = &mut self.transactions else {
            return 0;
        };
        let Some(single) = handed.single else {
            for (slot, end) in &handed.ends {
                let until = tx.suspects.entry(*slot).or_insert(end.next);
                *until = end.next.max(*until);
            }
            return 0;
        };
        let attempt = tx.blamed.get(&single).map_or(1, |blame| blame.attempt + 1);
        let blame = Blame {
            attempt,
            error: ListenerError::from_error(error),
            told: false,
        };
        tx.blamed.insert(single, blame);
        attempt
    }

    /// Whether a record failed by its transaction, so that the error handler has to decide first.
    pub(super) fn take_blame(&mut self, delivery: &mut Delivery) -> Option<ListenerError> {
        let AckToken { slot, offset, .. } = delivery.token;
        let blamed = &mut self.transactions.as_mut()?.blamed;
        let blame = blamed.get_mut(&(slot, offset))?;
        delivery.attempt = blame.attempt;
        if std::mem::replace(&mut blame.told, true) {
            delivery.attempt = blame.attempt.saturating_add(1);
            return None;
        }
        Some(blame.error.clone())
    }

    /// Begins a record that was just read.
    pub(super) fn begin_in_transaction(&mut self, mut delivery: Delivery) -> bool {
        if let Some(error) = self.take_blame(&mut delivery) {
            return self.failed(delivery, error);
        }
        self.seat.status.pulse.at(delivery.token.offset);
        self.deliver(delivery)
    }

    /// What the call of a batch brought about counts if any of its records succeeded.
    pub(super) fn stage_batch(&mut self, head: AckToken, succeeded: bool) {
        if let Some(tx) = &mut self.transactions {
            let outputs = tx.line.outboxes.take(head.slot, head.offset);
            if succeeded {
                tx.staging.add_to_batch(head.slot, outputs);
            }
        }
    }

    /// The same as [`Self::take_blame`] for a batch, which then holds one record.
    pub(super) fn take_blame_of_one(
        &mut self,
        batch: &mut Vec<Delivery>,
    ) -> Option<(Delivery, ListenerError)> {
        let [one] = batch.as_mut_slice() else {
            return None;
        };
        let error = self.take_blame(one)?;
        Some((batch.pop()?, error))
    }

    /// Whoever waits for that commit need wait no more.
    fn end_commit_waits(&mut self, id: u64) {
        let answered = Ok(());
        if !self.take_revocation_answer(id, &answered) {
            self.take_stop_answer(id, &answered);
        }
    }
}

/// Whether it is the records that cannot be sent, so that trying again is of no use.
fn is_by_records(error: &TransactionError) -> bool {
    matches!(error, TransactionError::Undelivered { failures, .. }
        if failures.iter().any(|failure| !failure.is_retriable()))
}

/// How long is waited, after so many failures, before what was aborted is handled again.
fn pause(failures: u32) -> Duration {
    const FIRST: Duration = Duration::from_millis(50);
    const LONGEST: Duration = Duration::from_secs(10);
    match failures.checked_sub(1) {
        Some(doublings) => FIRST.saturating_mul(1 << doublings.min(10)).min(LONGEST),
        None => Duration::ZERO,
    }
}
