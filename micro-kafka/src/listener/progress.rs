//! How far a listener has come.

use std::sync::Arc;
use std::time::Instant;

/// One partition that is assigned to a consumer of a listener.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AssignedPartition {
    /// The topic as the broker knows it.
    pub topic: Arc<str>,
    /// The partition's number.
    pub partition: i32,
    /// Which of the listener's consumers has it, from 0.
    pub consumer: u32,
}

/// How far an assigned partition has come.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PartitionProgress {
    /// Which one.
    pub partition: AssignedPartition,
    /// The offset after the last record that was given to the handler; `None` until the start of
    /// the partition is known.
    pub position: Option<i64>,
    /// The position that the next commit would tell; `None` while nothing is finished.
    pub to_commit: Option<i64>,
    /// The last position that the broker took.
    pub committed: Option<i64>,
    /// Whether a handler or the recoverer is at work.
    pub in_flight: bool,
    /// The moment on the framework's clock that the record in front waits for.
    pub waits_until: Option<Instant>,
    /// Records that were begun from the lowest unfinished one on; where a rate limit or a breaker
    /// holds all others back, those as well.
    pub unfinished: usize,
    /// Records between the next commit and the partition's end as the last fetch told it.
    pub lag: Option<i64>,
}
