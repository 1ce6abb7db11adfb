//! The broker's own topics, as Kafka names and configures them.

use super::{BrokerConfig, NewTopic};

/// A topic in which coordinators keep their state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StateTopic {
    /// Groups and their offsets.
    Offsets,
    /// Transactional ids.
    Transactions,
}

impl StateTopic {
    /// The topic of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let all = [Self::Offsets, Self::Transactions];
        all.into_iter().find(|topic| topic.name() == name)
    }

    /// The topic's name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Offsets => "__consumer_offsets",
            Self::Transactions => "__transaction_state",
        }
    }

    /// The broker's configuration of its number of partitions.
    pub(crate) fn count_config(self) -> &'static str {
        match self {
            Self::Offsets => "offsets.topic.num.partitions",
            Self::Transactions => "transaction.state.log.num.partitions",
        }
    }

    /// The topic to create.
    pub(crate) fn new_topic(self, config: &BrokerConfig) -> NewTopic {
        let factor = match self {
            Self::Offsets => "offsets.topic.replication.factor",
            Self::Transactions => "transaction.state.log.replication.factor",
        };
        let own = |(name, value): (&str, String)| (name.to_owned(), Some(value));
        NewTopic {
            name: self.name().to_owned(),
            partitions: i32::try_from(config.number(self.count_config())).unwrap_or(i32::MAX),
            replication_factor: i16::try_from(config.number(factor)).unwrap_or(i16::MAX),
            configs: self.configs(config).into_iter().map(own).collect(),
            ..NewTopic::default()
        }
    }

    /// The topic's own configurations.
    pub(super) fn configs(self, config: &BrokerConfig) -> Vec<(&'static str, String)> {
        let given = |name: &str| config.get(name).unwrap_or_default();
        match self {
            Self::Offsets => vec![
                ("cleanup.policy", "compact".to_owned()),
                ("compression.type", "producer".to_owned()),
                ("segment.bytes", given("offsets.topic.segment.bytes")),
            ],
            Self::Transactions => vec![
                ("unclean.leader.election.enable", "false".to_owned()),
                ("compression.type", "uncompressed".to_owned()),
                ("cleanup.policy", "compact".to_owned()),
                (
                    "min.insync.replicas",
                    given("transaction.state.log.min.isr"),
                ),
                (
                    "segment.bytes",
                    given("transaction.state.log.segment.bytes"),
                ),
            ],
        }
    }
}
