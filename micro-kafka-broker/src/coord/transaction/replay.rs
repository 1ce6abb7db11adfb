//! From what was written down back to the transactional ids.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::record::{TransactionLogValue, by_topic};
use super::{Effect, Moment, Producer, Protocol, Transaction, TransactionLimits, TransactionState};
use crate::coord::{Entry, ProducerIds, StateRecord};

/// Transactional ids as the entries of one partition tell of them, taken in order.
#[derive(Debug, Default)]
pub(crate) struct TransactionReplay {
    values: BTreeMap<String, TransactionLogValue>,
}

impl TransactionReplay {
    /// Takes the next entry.
    pub(crate) fn take(&mut self, entry: Entry) {
        // Nobody writes transactional ids in a transaction.
        if let Entry::Record(record, None) = entry {
            self.take_record(record);
        }
    }

    fn take_record(&mut self, record: StateRecord) {
        match TransactionLogValue::read(record) {
            Ok(Some((id, Some(value)))) => {
                self.values.insert(id, value);
            }
            Ok(Some((id, None))) => {
                self.values.remove(&id);
            }
            Ok(None) => tracing::debug!("a record of an unknown kind is left out"),
            Err(error) => {
                tracing::error!(%error, "a transactional id's record cannot be read and is left out");
            }
        }
    }

    /// The transactional ids after the last entry. New producer ids will be others than theirs.
    pub(crate) fn finish(
        self,
        limits: TransactionLimits,
        ids: &Arc<ProducerIds>,
        now: Moment,
    ) -> BTreeMap<String, Transaction> {
        let mut transactions = BTreeMap::new();
        for (id, value) in self.values {
            for taken in [
                value.producer_id,
                value.previous_producer_id,
                value.next_producer_id,
            ] {
                ids.take(taken);
            }
            match Transaction::restored(limits, Arc::clone(ids), now, &value) {
                Some(transaction) => {
                    transactions.insert(id, transaction);
                }
                None => tracing::error!(
                    transactional_id = id,
                    state = value.transaction_status,
                    "a transactional id of an unknown state is left out"
                ),
            }
        }
        transactions
    }
}

impl Transaction {
    /// Has the state written down as it is.
    pub(super) fn keep(&mut self) {
        let value = self.kept();
        self.effects.push(Effect::Append(Some(value)));
    }

    fn kept(&self) -> TransactionLogValue {
        let partitions =
            (self.state != TransactionState::Empty).then(|| by_topic(&self.partitions));
        TransactionLogValue {
            producer_id: self.producer.id,
            previous_producer_id: self.previous_id,
            next_producer_id: self.next_id,
            producer_epoch: self.producer.epoch,
            transaction_timeout_ms: i32::try_from(self.timeout.as_millis()).unwrap_or(i32::MAX),
            transaction_status: self.state.number(),
            transaction_partitions: partitions,
            last_update_timestamp_ms: self.updated.unix_millis,
            start_timestamp_ms: self.started.map_or(-1, |started| started.unix_millis),
            client_transaction_version: self.protocol.version(),
        }
    }

    /// The transactional id as it was written down; `None` if its state is none.
    fn restored(
        limits: TransactionLimits,
        ids: Arc<ProducerIds>,
        now: Moment,
        value: &TransactionLogValue,
    ) -> Option<Self> {
        let millis = u64::try_from(value.transaction_timeout_ms).unwrap_or(0);
        let started = Some(value.start_timestamp_ms).filter(|at| *at >= 0);
        Some(Self {
            state: value.state()?,
            producer: Producer {
                id: value.producer_id,
                epoch: value.producer_epoch,
            },
            previous_id: value.previous_producer_id,
            next_id: value.next_producer_id,
            timeout: Duration::from_millis(millis),
            partitions: value.partitions().collect(),
            started: started.map(|at| now.back_to(at)),
            updated: now.back_to(value.last_update_timestamp_ms),
            protocol: Protocol::of_version(value.client_transaction_version),
            ..Self::new(limits, ids, now)
        })
    }

    /// What is still to be done: the markers of a transaction that was decided.
    pub(crate) fn resume(&self) -> Option<Effect> {
        self.state.is_ending().then(|| self.markers())
    }
}
