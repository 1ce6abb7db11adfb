//! What all connections of a broker share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::clients::Clients;
use super::dispatch::ServedApi;
use super::endpoint::Node;
use super::limits::RequestMemory;
use super::remains::Remains;
use super::start_error::StartError;
use super::surroundings::Surroundings;
use crate::clock::Clock;
use crate::compat::{Release, apis_of};
use crate::coord::group::{GroupCoordinator, GroupLimits};
use crate::coord::transaction::{MarkerWriter, TransactionCoordinator, TransactionLimits};
use crate::coord::{Journal, ProducerIds};
use crate::fault::{Faults, Journal as RequestJournal};
use crate::log::disk::DataDir;
use crate::loggers::Loggers;
use crate::meta::acl::AccessList;
use crate::meta::users::ScramUsers;
use crate::meta::{BrokerConfig, Catalog, Features, StateTopic, TopicStore};
use crate::observe::Meters;
use crate::partition::{Flusher, PartitionTable};
use crate::session::FetchSessions;

/// Time between two looks for what is to be flushed.
const FLUSHER_EVERY: Duration = Duration::from_secs(1);

/// One broker: its configuration, its data and its view of the cluster.
#[derive(Debug)]
pub(crate) struct BrokerState {
    node_id: i32,
    listeners: Vec<String>,
    nodes: Vec<Node>,
    clock: Clock,
    features: Features,
    groups: Arc<GroupCoordinator>,
    transactions: Arc<TransactionCoordinator>,
    fetch_sessions: FetchSessions,
    clients: Clients,
    request_memory: Arc<RequestMemory>,
    flusher: Flusher,
    meters: Meters,
    loggers: Option<Loggers>,
    release: Release,
    apis: Vec<ServedApi>,
    faults: Faults,
    journal: RequestJournal,
    connections: Arc<AtomicU64>,
    remains: Remains,
}

/// What a broker is made of.
#[derive(Debug)]
pub(super) struct Plan {
    /// Its configuration.
    pub(super) config: BrokerConfig,
    /// Its id.
    pub(super) node_id: i32,
    /// Its listeners, by name.
    pub(super) listeners: Vec<String>,
    /// The brokers of its cluster.
    pub(super) nodes: Vec<Node>,
    /// Where it keeps everything; `None` for memory.
    pub(super) data: Option<Arc<DataDir>>,
    /// What an earlier start has left in memory.
    pub(super) remains: Option<Remains>,
    /// The release of Apache Kafka that it passes for.
    pub(super) release: Release,
    /// What outlives a crash.
    pub(super) surroundings: Surroundings,
}

impl BrokerState {
    /// A broker.
    ///
    /// # Errors
    /// [`StartError`] if what its directory keeps cannot be read.
    pub(super) fn new(mut plan: Plan) -> Result<Self, StartError> {
        let mut remains = match plan.remains.take() {
            Some(remains) => {
                // Its coordinators have ended with it.
                remains.catalog.forget_observers();
                remains
                    .catalog
                    .observe(Arc::<PartitionTable>::clone(&remains.partitions));
                remains
            }
            None => Remains::new(&mut plan)?,
        };
        let Surroundings {
            clock,
            faults,
            journal: requests,
            clients,
            connections,
            loggers,
        } = plan.surroundings;
        let clock = clock.clock();
        let (catalog, partitions) = (&remains.catalog, &remains.partitions);
        let limits = GroupLimits::from_config(catalog.config());
        let journal = |which| {
            let (catalog, partitions) = (Arc::clone(catalog), Arc::clone(partitions));
            Journal::new(which, clock.clone(), catalog, partitions)
        };
        let groups = GroupCoordinator::new(clock.clone(), limits, journal(StateTopic::Offsets));
        let groups = Arc::new(groups);
        catalog.observe(Arc::<GroupCoordinator>::clone(&groups));
        if let Some(data) = &plan.data {
            let store = TopicStore::load(data, catalog)?;
            catalog.observe(store);
            let seen = partitions.largest_producer_id();
            remains.producer_ids = Arc::new(ProducerIds::on_disk(Arc::clone(data), seen)?);
        }
        let markers = MarkerWriter::new(
            clock.clone(),
            Arc::clone(catalog),
            Arc::clone(partitions),
            Arc::clone(&groups),
        );
        let transactions = TransactionCoordinator::new(
            clock.clone(),
            TransactionLimits::from_config(catalog.config()),
            Arc::clone(&remains.producer_ids),
            markers.held_by(faults.switches().clone()),
            journal(StateTopic::Transactions),
        );
        let transactions = Arc::new(transactions);
        catalog.observe(Arc::<TransactionCoordinator>::clone(&transactions));
        let number = |name| catalog.config().number(name);
        let slots = number("max.incremental.fetch.session.cache.slots");
        let request_memory = RequestMemory::new(number("queued.max.request.bytes"));
        Ok(Self {
            node_id: plan.node_id,
            meters: Meters::new(&plan.listeners),
            release: plan.release,
            apis: apis_of(plan.release),
            listeners: plan.listeners,
            nodes: plan.nodes,
            clock,
            features: Features::new(plan.node_id),
            groups,
            transactions,
            fetch_sessions: FetchSessions::new(usize::try_from(slots).unwrap_or(0)),
            clients,
            request_memory,
            flusher: Flusher::default(),
            faults,
            journal: requests,
            connections,
            loggers,
            remains,
        })
    }

    /// What a crash leaves of it in memory.
    pub(super) fn remains(&self) -> Remains {
        self.remains.clone()
    }

    /// Flushes what is due of the partitions on disk, now and then; never ends.
    pub(super) async fn run_flusher(self: Arc<Self>) {
        loop {
            let next = self.clock.now() + FLUSHER_EVERY;
            self.clock.sleep_until(next).await;
            let state = Arc::clone(&self);
            // It ends with the runtime at the latest.
            let _ = tokio::task::spawn_blocking(move || {
                state
                    .flusher
                    .run(state.partitions(), state.clock.unix_millis());
            })
            .await;
        }
    }

    /// Ends the partitions on disk, so that the next start needs no recovery; this blocks.
    pub(super) fn close(&self) {
        self.flusher.close(self.partitions());
    }

    /// Takes up what an earlier start has left: true when the coordinators are still to be loaded
    /// by [`BrokerState::load_coordinators`], and answer nobody before.
    pub(super) fn take_up(&self) -> bool {
        let groups = self.groups.begin_loading();
        self.transactions.begin_loading() || groups
    }

    /// Loads the coordinators from their topics. May take long, and blocks.
    pub(super) fn load_coordinators(&self) {
        self.groups.load();
        self.transactions.load();
    }

    /// The configuration it was started with.
    pub(crate) fn config(&self) -> &BrokerConfig {
        self.catalog().config()
    }

    /// This broker's id.
    pub(crate) fn node_id(&self) -> i32 {
        self.node_id
    }

    /// The cluster's id: that of the data directory, or a random one for each start.
    pub(crate) fn cluster_id(&self) -> &str {
        &self.remains.cluster_id
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
        &self.remains.catalog
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
        &self.remains.partitions
    }

    /// The consumer groups that this broker coordinates.
    pub(crate) fn groups(&self) -> &GroupCoordinator {
        &self.groups
    }

    /// Ids for idempotent producers.
    pub(crate) fn producer_ids(&self) -> &ProducerIds {
        &self.remains.producer_ids
    }

    /// The transactional ids that this broker coordinates.
    pub(crate) fn transactions(&self) -> &TransactionCoordinator {
        &self.transactions
    }

    /// The sessions of clients that fetch.
    pub(crate) fn fetch_sessions(&self) -> &FetchSessions {
        &self.fetch_sessions
    }

    /// Who may do what; `None` without an authorizer: everybody everything.
    pub(crate) fn access(&self) -> Option<&AccessList> {
        self.remains.access.as_deref()
    }

    /// The levels of the log; `None` where the program keeps them to itself.
    pub(crate) fn loggers(&self) -> Option<&Loggers> {
        self.loggers.as_ref()
    }

    /// The users with SCRAM credentials.
    pub(crate) fn users(&self) -> &ScramUsers {
        &self.remains.users
    }

    /// The release of Apache Kafka that it passes for.
    pub(crate) fn release(&self) -> Release {
        self.release
    }

    /// The APIs that it tells and serves, by key.
    pub(crate) fn apis(&self) -> &[ServedApi] {
        &self.apis
    }

    /// What is counted beside the partitions.
    pub(crate) fn meters(&self) -> &Meters {
        &self.meters
    }

    /// What goes wrong on command.
    pub(crate) fn faults(&self) -> &Faults {
        &self.faults
    }

    /// What was asked and answered.
    pub(crate) fn journal(&self) -> &RequestJournal {
        &self.journal
    }

    /// Whether a request is to be looked at, because of a rule or for the journal.
    pub(super) fn is_watched(&self) -> bool {
        !self.faults.is_empty() || self.journal.is_kept()
    }

    /// A number for a connection.
    pub(super) fn next_connection(&self) -> u64 {
        self.connections.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// The clients that are connected.
    pub(super) fn clients(&self) -> &Clients {
        &self.clients
    }

    /// Memory for the requests of all clients.
    pub(super) fn request_memory(&self) -> &Arc<RequestMemory> {
        &self.request_memory
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
