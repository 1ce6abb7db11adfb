//! A transactional id as admin clients see it.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{Producer, Transaction, TransactionState};
use crate::coord::group::PartitionKey;

/// A transactional id as admin clients see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TransactionDescription {
    /// Its state.
    pub(crate) state: TransactionState,
    /// The producer that holds it.
    pub(crate) producer: Producer,
    /// Time after which its transactions are aborted.
    pub(crate) timeout: Duration,
    /// When the last transaction began, in milliseconds since 1970, or -1.
    pub(crate) started: i64,
    /// The open transaction's partitions.
    pub(crate) partitions: BTreeSet<PartitionKey>,
}

impl Transaction {
    /// What there is to see.
    pub(crate) fn describe(&self) -> TransactionDescription {
        TransactionDescription {
            state: self.state,
            producer: self.producer,
            timeout: self.timeout,
            started: self.started.map_or(-1, |at| at.unix_millis),
            partitions: self.partitions.clone(),
        }
    }
}
