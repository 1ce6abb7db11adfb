//! Why a quarantined record is a dead letter.

/// A record that was at work, by itself, when its process died once too often: the evidence of the
/// mark that the process left.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "crashed consumer: {deaths} processes in a row died at this place, the last one ({process}) \
     while it handled this record alone"
)]
pub(crate) struct CrashedConsumer {
    /// The record.
    pub(crate) offset: i64,
    /// Processes that died in a row without any progress between them.
    pub(crate) deaths: u32,
    /// The last of them: its number, and a random part.
    pub(crate) process: String,
    /// When that one began this record, in milliseconds since 1970 by its machine's clock.
    pub(crate) began: i64,
}
