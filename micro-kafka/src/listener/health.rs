//! Why a listener is not well.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, RwLock};

use super::AckToken;
use super::pulse::Pulse;
use crate::client::{Slot, TopicPartition};

/// How a container is; `reasons` is empty when all is well.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ContainerHealth {
    /// What is wrong, most of it by consumer.
    pub reasons: Vec<HealthReason>,
}

impl ContainerHealth {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.reasons.is_empty()
    }
}

/// Where a record lies.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RecordPlace {
    /// The topic as the broker knows it.
    pub topic: Arc<str>,
    /// The partition's number.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
}

impl std::fmt::Display for RecordPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}@{}", self.topic, self.partition, self.offset)
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HealthReason {
    /// A consumer's thread ended though nobody stopped it.
    #[error("the thread of consumer {consumer} ended: {reason}")]
    ThreadDead {
        /// Which one.
        consumer: u32,
        /// What it said.
        reason: String,
    },
    /// A consumer cannot work as it is and is being replaced.
    #[error("consumer {consumer} is being replaced (attempt {attempt}): {reason}")]
    Restarting {
        /// Which one.
        consumer: u32,
        /// What is wrong.
        reason: String,
        /// How often it was tried.
        attempt: u32,
    },
    /// A consumer has been given no partitions yet, and Kafka says why.
    #[error("consumer {consumer} has not joined its group: {reason}")]
    NotJoined {
        /// Which one.
        consumer: u32,
        /// What Kafka says.
        reason: String,
    },
    /// The right to read a topic is missing. It is asked for again every 5 s; the reason goes once a
    /// record comes, or the broker tells an end of the partition that was not known before.
    #[error("consumer {consumer} may not read {topic}: {reason}")]
    ReadDenied {
        /// Which one.
        consumer: u32,
        /// The topic as the broker knows it, or one of its partitions.
        topic: String,
        /// What Kafka says, with the right that is missing.
        reason: String,
    },
    /// The right to commit is missing: what is handled may be delivered again. The commit is tried
    /// every second.
    #[error("consumer {consumer} cannot commit: {reason}")]
    CommitDenied {
        /// Which one.
        consumer: u32,
        /// What Kafka says, with the right that is missing.
        reason: String,
    },
    /// A record cannot be handed to the recoverer; its partition waits.
    #[error("record {record} cannot be recovered after {tries} tries: {error}")]
    RecoverFailing {
        /// Which record.
        record: RecordPlace,
        /// The last answer.
        error: String,
        /// How often it was tried.
        tries: u32,
    },
    /// An error handler left a record where it is; what comes after it in its lane waits.
    #[error("record {record} is parked: {error}")]
    Parked {
        /// Which record.
        record: RecordPlace,
        /// Its error.
        error: String,
    },
    /// Transactions of a consumer fail one after the other.
    #[error("consumer {consumer} cannot commit its transactions ({aborts} in a row): {error}")]
    TransactionsFailing {
        /// Which one.
        consumer: u32,
        /// The last answer.
        error: String,
        /// How many since the last one that was committed.
        aborts: u32,
    },
    /// A handler blocks or computes on the consumer's loop.
    #[error("the handler of record {record} holds its consumer for {} ms", duration.as_millis())]
    Held {
        /// Which record.
        record: RecordPlace,
        /// For how long, so far.
        duration: Duration,
    },
    /// Too many records left their topic within a minute: nothing is begun, but for a probe now and
    /// then.
    #[error(
        "more than {percent} % of a minute's records would go to retry topics or dead letters, the \
         last because of: {error}"
    )]
    RetryBudgetSpent {
        /// The share that may.
        percent: u32,
        /// The last failure.
        error: String,
    },
    /// Too many attempts failed: nothing is begun, but for a probe now and then.
    #[error(
        "the breaker is open: more than half of the last {window} attempts failed, the last by: {error}"
    )]
    BreakerOpen {
        /// How many attempts are looked at.
        window: usize,
        /// The last failure.
        error: String,
    },
    /// A record's error asked for the container to stop.
    #[error("stopped by record {record}: {error}")]
    StoppedByRecord {
        /// Which record.
        record: RecordPlace,
        /// Its error.
        error: String,
    },
}

/// What one consumer's loop tells those who watch it.
#[derive(Debug, Default)]
pub(super) struct ConsumerStatus {
    pub(super) pulse: Arc<Pulse>,
    names: Mutex<Vec<Option<TopicPartition>>>,
    /// The assignment that each slot stands for now; none is 0.
    epochs: RwLock<Vec<u32>>,
    troubles: Mutex<Troubles>,
}

/// A topic, and one of its partitions or -1, that may not be read.
pub(super) type Denied = (String, i32);

#[derive(Debug, Default)]
struct Troubles {
    consumer: Option<HealthReason>,
    reads: Vec<(Denied, HealthReason)>,
    commits: Option<HealthReason>,
    recovers: Vec<(Slot, HealthReason)>,
    parked: Vec<(Slot, HealthReason)>,
    transactions: Option<HealthReason>,
}

impl ConsumerStatus {
    /// Makes a partition known by name.
    pub(super) fn name(&self, slot: Slot, name: &TopicPartition) {
        let mut names = self.names.lock();
        let index = slot as usize;
        if names.len() <= index {
            names.resize(index + 1, None);
        }
        names[index] = Some(name.clone());
    }

    /// Says which assignment a slot stands for from now on; 0 for none.
    pub(super) fn set_epoch(&self, slot: Slot, epoch: u32) {
        let mut epochs = self.epochs.write();
        let index = slot as usize;
        if epochs.len() <= index {
            epochs.resize(index + 1, 0);
        }
        epochs[index] = epoch;
    }

    /// Whether a delivery belongs to what is assigned now.
    pub(super) fn is_current(&self, token: AckToken) -> bool {
        let epochs = self.epochs.read();
        epochs.get(token.slot as usize) == Some(&token.epoch)
    }

    /// Slots are numbered anew by a new consumer.
    pub(super) fn forget_names(&self) {
        self.names.lock().clear();
        self.epochs.write().clear();
        let mut troubles = self.troubles.lock();
        troubles.reads.clear();
        troubles.commits = None;
        troubles.recovers.clear();
        troubles.parked.clear();
        troubles.transactions = None;
    }

    pub(super) fn place(&self, slot: Slot, offset: i64) -> RecordPlace {
        let names = self.names.lock();
        let name = names.get(slot as usize).and_then(Option::as_ref);
        RecordPlace {
            topic: name.map_or_else(|| Arc::from("?"), |name| Arc::clone(&name.topic)),
            partition: name.map_or(-1, |name| name.partition),
            offset,
        }
    }

    pub(super) fn set_consumer_trouble(&self, trouble: Option<HealthReason>) {
        self.troubles.lock().consumer = trouble;
    }

    pub(super) fn set_read_trouble(&self, of: Denied, trouble: HealthReason) {
        let reads = &mut self.troubles.lock().reads;
        reads.retain(|(other, _)| *other != of);
        reads.push((of, trouble));
    }

    pub(super) fn clear_read_trouble(&self, of: &Denied) {
        self.troubles.lock().reads.retain(|(other, _)| other != of);
    }

    pub(super) fn set_commit_trouble(&self, trouble: Option<HealthReason>) {
        self.troubles.lock().commits = trouble;
    }

    pub(super) fn set_transaction_trouble(&self, trouble: Option<HealthReason>) {
        self.troubles.lock().transactions = trouble;
    }

    pub(super) fn set_recover_trouble(&self, slot: Slot, trouble: HealthReason) {
        let mut troubles = self.troubles.lock();
        troubles.recovers.retain(|(other, _)| *other != slot);
        troubles.recovers.push((slot, trouble));
    }

    pub(super) fn clear_recover_trouble(&self, slot: Slot) {
        self.troubles
            .lock()
            .recovers
            .retain(|(other, _)| *other != slot);
    }

    /// The first one of a partition tells enough.
    pub(super) fn set_parked(&self, slot: Slot, reason: HealthReason) {
        let parked = &mut self.troubles.lock().parked;
        if !parked.iter().any(|(other, _)| *other == slot) {
            parked.push((slot, reason));
        }
    }

    pub(super) fn clear_parked(&self, slot: Slot) {
        let parked = &mut self.troubles.lock().parked;
        parked.retain(|(other, _)| *other != slot);
    }

    pub(super) fn collect(&self, into: &mut Vec<HealthReason>, held_for: Duration) {
        let troubles = self.troubles.lock();
        into.extend(troubles.consumer.clone());
        into.extend(troubles.reads.iter().map(|(_, reason)| reason.clone()));
        into.extend(troubles.commits.clone());
        into.extend(troubles.recovers.iter().map(|(_, reason)| reason.clone()));
        into.extend(troubles.parked.iter().map(|(_, reason)| reason.clone()));
        into.extend(troubles.transactions.clone());
        drop(troubles);
        if let Some(hold) = self.pulse.hold().filter(|hold| hold.duration >= held_for) {
            into.push(HealthReason::Held {
                record: self.place(hold.slot, hold.offset),
                duration: hold.duration,
            });
        }
    }
}
