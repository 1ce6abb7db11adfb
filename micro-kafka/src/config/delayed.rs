//! `[kafka.delayed]`: records that are sent later.

use super::names::{check_group, check_topic};
use super::section::Section;
use super::values::{checked, integer, size};

const PARTITIONS: u32 = 6;
const MEMORY: u64 = 16 << 20;

/// The table `[kafka.delayed]`. Its `topic` turns delayed sends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DelayedSendSettings {
    /// `topic`: where records wait; of this service alone. It is created, compacted, if it is
    /// missing. Without one, delayed sends are refused.
    pub topic: Option<String>,
    /// `group-id`: the group of the schedulers in all instances; by default named as the topic.
    pub group_id: Option<String>,
    /// `partitions`: of a topic that is created. Default 6; as many instances share the work.
    pub partitions: u32,
    /// `replication-factor`: of a topic that is created; by default the broker's.
    pub replication_factor: Option<u16>,
    /// `memory`: for the bytes of records that are due next; others are read again when they are
    /// due. Default 16 MiB.
    pub memory: u64,
}

impl Default for DelayedSendSettings {
    fn default() -> Self {
        Self {
            topic: None,
            group_id: None,
            partitions: PARTITIONS,
            replication_factor: None,
            memory: MEMORY,
        }
    }
}

impl DelayedSendSettings {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let default = Self::default();
        let settings = Self {
            topic: section.read("topic", checked(check_topic)),
            group_id: section.read("group-id", checked(check_group)),
            partitions: section
                .read("partitions", integer(1..=10_000))
                .unwrap_or(default.partitions),
            replication_factor: section.read("replication-factor", integer(1..=1_000)),
            memory: section.read("memory", size).unwrap_or(default.memory),
        };
        section.refuse_unknown();
        settings
    }
}
