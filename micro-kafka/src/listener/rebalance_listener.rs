//! Hooks into rebalances: Spring's `ConsumerAwareRebalanceListener`.

use super::AssignedPartition;

/// Is told of partitions that come and go.
///
/// Runs on the consumer's own thread, and the whole group waits for it meanwhile: it must not
/// block for long. A panic is logged and changes nothing.
pub trait RebalanceListener: Send + Sync + std::fmt::Debug {
    /// Partitions were assigned; none of their records has been handled yet.
    fn assigned(&self, listener: &str, partitions: &[AssignedPartition]) {
        let _ = (listener, partitions);
    }

    /// Partitions are being given up, in a rebalance or by a stop: their handlers have ended, the
    /// last commit is still to come.
    fn revoked_before_commit(&self, listener: &str, partitions: &[AssignedPartition]) {
        let _ = (listener, partitions);
    }

    /// Partitions are being given up, and what was handled is committed.
    fn revoked_after_commit(&self, listener: &str, partitions: &[AssignedPartition]) {
        let _ = (listener, partitions);
    }

    /// Partitions are gone: somebody else may have them already, and nothing can be committed.
    fn lost(&self, listener: &str, partitions: &[AssignedPartition]) {
        let _ = (listener, partitions);
    }
}
