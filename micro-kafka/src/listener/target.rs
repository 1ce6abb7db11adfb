//! Which partitions of a listener something is meant for.

use super::AssignedPartition;

/// All of a listener, one of its topics, or one partition.
///
/// Topics are named as the settings name them; the namespace, if there is one, may be left out.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Target {
    /// Everything that the listener reads.
    All,
    /// All partitions of this topic.
    Topic(String),
    /// One partition of this topic.
    Partition(String, i32),
}

impl Target {
    /// Whether a partition is meant.
    pub(super) fn covers(&self, namespace: &str, topic: &str, partition: i32) -> bool {
        let named = |name: &str| name == topic || topic.strip_prefix(namespace) == Some(name);
        match self {
            Self::All => true,
            Self::Topic(name) => named(name),
            Self::Partition(name, number) => *number == partition && named(name),
        }
    }
}

impl From<&AssignedPartition> for Target {
    fn from(partition: &AssignedPartition) -> Self {
        Self::Partition(partition.topic.to_string(), partition.partition)
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::All => f.write_str("everything"),
            Self::Topic(topic) => f.write_str(topic),
            Self::Partition(topic, partition) => write!(f, "{topic}-{partition}"),
        }
    }
}
