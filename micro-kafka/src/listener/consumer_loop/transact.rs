//! Commits of a transactional listener: what is finished is handed to the thread beside the loop.

use std::collections::HashMap;

use super::ConsumerLoop;
use super::transactions::{AHEAD, End, Handed, Transactions};
use crate::client::{RecordSource, Slot, TransactionOffset};
use crate::listener::transactional::{Answer, Failed, Job};
use crate::listener::{AckToken, Delivery};
use crate::template::StagedTransaction;

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
        let offsets = ends.iter();
        let offsets = offsets.map(|(slot, end)| TransactionOffset {
            partition: self.source.name(*slot).clone(),
            offset: end.next,
            leader_epoch: end.leader_epoch,
            metadata: self.note_of_transaction(*slot, end.next),
        });
        let offsets = offsets.collect::<Vec<_>>();
        let id = self.commits.new_id();
        let Some(tx) = &mut self.transactions else {
            return;
        };
        tx.line.send(Job {
            id,
            era: tx.era,
            transaction: StagedTransaction {
                records,
                offsets,
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

    /// Whoever waits for that commit need wait no more.
    fn end_commit_waits(&mut self, id: u64) {
        let answered = Ok(());
        if !self.take_revocation_answer(id, &answered) {
            self.take_stop_answer(id, &answered);
        }
    }
}
