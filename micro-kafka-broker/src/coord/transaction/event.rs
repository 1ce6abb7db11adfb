//! What happens to a transactional id, and what follows.

use std::collections::BTreeSet;
use std::time::Duration;

use super::TransactionError;
use super::record::TransactionLogValue;
use crate::batch::{Marker, Verdict};
use crate::coord::group::PartitionKey;

/// A producer: its id and the epoch of its instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Producer {
    /// The id, or -1.
    pub(crate) id: i64,
    /// The epoch, or -1.
    pub(crate) epoch: i16,
}

impl Producer {
    /// No producer.
    pub(crate) const NONE: Self = Self { id: -1, epoch: -1 };
}

/// How a client speaks of transactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Protocol {
    /// Partitions are added by a request of their own, and one epoch serves many transactions.
    Classic,
    /// Every transaction has an epoch of its own (KIP-890): what comes late is refused.
    EpochPerTransaction,
}

impl Protocol {
    /// The number that stands for it in records: the feature level `transaction.version`.
    pub(super) fn version(self) -> i16 {
        match self {
            Self::Classic => 0,
            Self::EpochPerTransaction => 2,
        }
    }

    /// The protocol that a number in records stands for.
    pub(super) fn of_version(version: i16) -> Self {
        match version {
            2.. => Self::EpochPerTransaction,
            _ => Self::Classic,
        }
    }
}

/// A request, an outcome, or time passing.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    /// A producer takes the transactional id.
    Init(Init),
    /// Partitions join the transaction, which begins if there is none.
    Add(Producer, Protocol, BTreeSet<PartitionKey>),
    /// Whether a partition is part of the transaction.
    Verify(Producer, PartitionKey),
    /// The producer commits or aborts.
    End(Producer, Protocol, Verdict),
    /// All markers of the decided transaction are written.
    MarkersWritten,
    /// Time has passed.
    Tick,
}

/// A producer that takes a transactional id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Init {
    /// Time after which its transactions are aborted.
    pub(crate) timeout: Duration,
    /// The producer it believes to be, when it goes on after an error.
    pub(crate) expected: Option<Producer>,
}

/// What the shell has to do.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Effect {
    /// Write down, before anything else is done; without a value the id is forgotten.
    Append(Option<TransactionLogValue>),
    /// Answer the request: with the producer that holds the transactional id from now on.
    Reply(Result<Producer, TransactionError>),
    /// Write the marker to all of these, then say [`Event::MarkersWritten`].
    WriteMarkers(Marker, BTreeSet<PartitionKey>),
}
