//! What happens to a transactional id, and what follows.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::TransactionError;
use crate::batch::{Marker, Verdict};
use crate::coord::group::PartitionKey;

/// A moment by both of the broker's clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    /// For timers.
    pub(crate) instant: Instant,
    /// For what is told: milliseconds since 1970.
    pub(crate) unix_millis: i64,
}

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

/// A request, an outcome, or time passing.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    /// A producer takes the transactional id.
    Init(Init),
    /// Partitions join the transaction, which begins if there is none.
    Add(Producer, BTreeSet<PartitionKey>),
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Answer the request: with the producer that holds the transactional id from now on.
    Reply(Result<Producer, TransactionError>),
    /// Write the marker to all of these, then say [`Event::MarkersWritten`].
    WriteMarkers(Marker, BTreeSet<PartitionKey>),
}
