//! What all connections of a broker share.

use std::sync::Arc;
use std::time::Duration;

use super::clients::Clients;
use super::endpoint::Node;
use crate::clock::Clock;
use crate::coord::ProducerIds;
use crate::coord::group::{GroupCoordinator, GroupLimits};
use crate::coord::transaction::{MarkerWriter, TransactionCoordinator, TransactionLimits};
use crate::meta::acl::AccessList;
use crate::meta::users::ScramUsers;
use crate::meta::{BrokerConfig, Catalog, Features};
use crate::partition::PartitionTable;
use crate::wire::Uuid;

/// One broker: its configuration, its data and its view of the cluster.
#[derive(Debug)]
pub(crate) struct BrokerState {
    cluster_id: String,
    node_id: i32,
    listeners: Vec<String>,
    nodes: Vec<Node>,
    clock: Clock,
    catalog: Arc<Catalog>,
    features: Features,
    partitions: Arc<PartitionTable>,
    groups: Arc<GroupCoordinator>,
    producer_ids: Arc<ProducerIds>,
    transactions: TransactionCoordinator,
    access: Option<AccessList>,
    users: ScramUsers,
    clients: Clients,
}

impl BrokerState {
    /// A broker `node_id` with these listeners, by name, in a cluster of these nodes.
    pub(super) fn new(
        config: BrokerConfig,
        node_id: i32,
        listeners: Vec<String>,
        nodes: Vec<Node>,
    ) -> Self {
        let ids = nodes.iter().map(|node| node.id).collect();
        let catalog = Arc::new(Catalog::new(config, ids));
        let partitions = Arc::new(PartitionTable::new());
        catalog.observe(Arc::<PartitionTable>::clone(&partitions));
        let clock = Clock::system();
        let limits = GroupLimits::from_config(catalog.config());
        let groups = Arc::new(GroupCoordinator::new(clock.clone(), limits));
        catalog.observe(Arc::<GroupCoordinator>::clone(&groups));
        let producer_ids = Arc::new(ProducerIds::default());
        let transactions = TransactionCoordinator::new(
            clock.clone(),
            TransactionLimits::from_config(catalog.config()),
            Arc::clone(&producer_ids),
            MarkerWriter::new(
                clock.clone(),
                Arc::clone(&catalog),
                Arc::clone(&partitions),
                Arc::clone(&groups),
            ),
        );
        let access = AccessList::from_config(catalog.config());
        Self {
            cluster_id: Uuid::random().to_string(),
            node_id,
            listeners,
            nodes,
            clock,
            catalog,
            features: Features::new(node_id),
            partitions,
            groups,
            producer_ids,
            transactions,
            access,
            users: ScramUsers::default(),
            clients: Clients::none(),
        }
    }

    /// The configuration it was started with.
    pub(crate) fn config(&self) -> &BrokerConfig {
        self.catalog.config()
    }

    /// This broker's id.
    pub(crate) fn node_id(&self) -> i32 {
        self.node_id
    }

    /// The cluster's id, random for each start.
    pub(crate) fn cluster_id(&self) -> &str {
        &self.cluster_id
    }

    /// The brokers of the cluster, by id.
    pub(crate) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Time.
    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The topics.
    pub(crate) fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    /// What the cluster has agreed on.
    pub(crate) fn features(&self) -> &Features {
        &self.features
    }

    /// Where the replicas lie: a directory, or `memory`.
    pub(crate) fn log_dir(&self) -> String {
        let config = self.config();
        let set = config.get("log.dirs").or_else(|| config.get("log.dir"));
        set.unwrap_or_else(|| "memory".to_owned())
    }

    /// The replicas that this broker holds.
    pub(crate) fn partitions(&self) -> &Arc<PartitionTable> {
        &self.partitions
    }

    /// The consumer groups that this broker coordinates.
    pub(crate) fn groups(&self) -> &GroupCoordinator {
        &self.groups
    }

    /// Ids for idempotent producers.
    pub(crate) fn producer_ids(&self) -> &ProducerIds {
        &self.producer_ids
    }

    /// The transactional ids that this broker coordinates.
    pub(crate) fn transactions(&self) -> &TransactionCoordinator {
        &self.transactions
    }

    /// Who may do what; `None` without an authorizer: everybody everything.
    pub(crate) fn access(&self) -> Option<&AccessList> {
        self.access.as_ref()
    }

    /// The users with SCRAM credentials.
    pub(crate) fn users(&self) -> &ScramUsers {
        &self.users
    }

    /// The clients that are connected.
    pub(super) fn clients(&self) -> &Clients {
        &self.clients
    }

    /// The name of a listener.
    pub(super) fn listener_name(&self, listener: usize) -> &str {
        self.listeners.get(listener).map_or("?", String::as_str)
    }

    /// Most bytes of a request (`socket.request.max.bytes`).
    pub(super) fn max_request_bytes(&self) -> usize {
        usize::try_from(self.config().number("socket.request.max.bytes")).unwrap_or(usize::MAX)
    }

    /// How long a connection may be silent (`connections.max.idle.ms`); `None` without a limit.
    pub(super) fn max_idle(&self) -> Option<Duration> {
        let millis = u64::try_from(self.config().number("connections.max.idle.ms")).ok()?;
        Some(Duration::from_millis(millis))
    }
}
