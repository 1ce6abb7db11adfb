//! What becomes of a failed record.

use std::time::Duration;

/// What the container does with a failed record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Deliver it again after the delay; its lane waits, the consumer does not.
    RetryAfter(Duration),
    /// Hand it to the recoverer: the listener's retry topics first if it has some, else its
    /// dead-letter topic. The offset may be committed once that succeeded.
    Recover,
    /// The same, straight to the dead-letter topic whatever retry topics there are.
    DeadLetter,
    /// To the listener's retry topic, to be delivered again from there after the delay; where it has
    /// none, in place.
    RetryTopic(Duration),
    /// Count it as done.
    Skip,
    /// Leave it where it is: its lane waits, uncommitted, until somebody asks the container to
    /// `unpark`, or until a rebalance or a restart delivers it anew. In a batch, the records that
    /// are to be tried again wait with it.
    Park,
    /// Stop the container and leave the record uncommitted.
    Stop,
}

/// The way out that an error handler chose for a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Way {
    /// Whatever the recoverer has: [`Action::Recover`].
    #[default]
    Any,
    /// The dead-letter topic: [`Action::DeadLetter`].
    DeadLetter,
    /// A retry topic, due after the delay: [`Action::RetryTopic`]. Only for recoverers that have
    /// one.
    RetryTopic(Duration),
    /// No error handler chooses it: the record waits behind another of its key, which is in retry.
    Behind,
    /// Nor this: the record, a copy from a retry topic, is finished, and that has to be told.
    Lift,
}

/// Where a record went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Recovered {
    /// To a dead-letter topic, or whatever else keeps it for good.
    DeadLettered,
    /// To a retry topic.
    SentToRetryTopic,
    /// Nowhere: it was given up, with a line in the log.
    GivenUp,
    /// Behind another record of its key, to wait until that one is finished.
    Parked,
    /// Nowhere: it was finished before.
    Lifted,
    /// Nowhere: a copy from a retry topic that keeps the order of keys is tried again in its place.
    Waits,
}
