//! What coordinators under test stand on: topics and partitions in memory, which outlive them.

use std::sync::Arc;

use super::group::{GroupCoordinator, GroupLimits};
use super::transaction::{MarkerWriter, TransactionCoordinator, TransactionLimits};
use super::{Journal, ProducerIds};
use crate::clock::Clock;
use crate::meta::{BrokerConfig, Catalog, NewTopic, StateTopic, Topic};
use crate::partition::PartitionTable;

pub(crate) struct Ground {
    pub(crate) clock: Clock,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) partitions: Arc<PartitionTable>,
}

impl Ground {
    pub(crate) fn new(clock: Clock, config: &[(&str, &str)]) -> Self {
        Self::over(PartitionTable::new(), clock, config)
    }

    pub(crate) fn over(partitions: PartitionTable, clock: Clock, config: &[(&str, &str)]) -> Self {
        let config = BrokerConfig::new(config.iter().copied()).unwrap();
        let catalog = Arc::new(Catalog::new(config, vec![1]));
        let partitions = Arc::new(partitions);
        catalog.observe(Arc::<PartitionTable>::clone(&partitions));
        Self {
            clock,
            catalog,
            partitions,
        }
    }

    pub(crate) fn topic(&self, name: &str, partitions: i32) -> Arc<Topic> {
        let new = NewTopic {
            name: name.to_owned(),
            partitions,
            replication_factor: 1,
            ..NewTopic::default()
        };
        self.catalog.create_topic(&new, false).unwrap()
    }

    pub(crate) fn journal(&self, which: StateTopic) -> Journal {
        let (catalog, partitions) = (Arc::clone(&self.catalog), Arc::clone(&self.partitions));
        Journal::new(which, self.clock.clone(), catalog, partitions)
    }

    /// Coordinators as after a start: they know what is written down.
    pub(crate) fn start(&self, limits: TransactionLimits) -> Coordinators {
        let clock = self.clock.clone();
        let group_limits = GroupLimits::from_config(self.catalog.config());
        let journal = self.journal(StateTopic::Offsets);
        let groups = Arc::new(GroupCoordinator::new(clock.clone(), group_limits, journal));
        let markers = MarkerWriter::new(
            clock.clone(),
            Arc::clone(&self.catalog),
            Arc::clone(&self.partitions),
            Arc::clone(&groups),
        );
        let ids = Arc::new(ProducerIds::default());
        let journal = self.journal(StateTopic::Transactions);
        let transactions = TransactionCoordinator::new(clock, limits, ids, markers, journal);
        groups.begin_loading();
        transactions.begin_loading();
        groups.load();
        transactions.load();
        Coordinators {
            groups,
            transactions,
        }
    }
}

pub(crate) struct Coordinators {
    pub(crate) groups: Arc<GroupCoordinator>,
    pub(crate) transactions: TransactionCoordinator,
}
