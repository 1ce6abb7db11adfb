//! The shell: owns the transactional ids, gives them the time, and has markers written.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::task::JoinHandle;

use super::seats::{Seats, run_timers};
use super::{
    Event, Init, MarkerWriter, Producer, Protocol, Transaction, TransactionDescription,
    TransactionError,
};
use crate::batch::Verdict;
use crate::clock::Clock;
use crate::coord::group::PartitionKey;
use crate::coord::{Journal, ProducerIds, Unavailable};
use crate::meta::{BrokerConfig, CatalogError, CatalogObserver, Topic};

/// The broker's bounds for transactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TransactionLimits {
    /// `transaction.max.timeout.ms`.
    pub(crate) max_timeout: Duration,
    /// `transactional.id.expiration.ms`.
    pub(crate) expiration: Duration,
}

impl TransactionLimits {
    /// The bounds that the broker is configured with.
    pub(crate) fn from_config(config: &BrokerConfig) -> Self {
        let millis = |name| Duration::from_millis(u64::try_from(config.number(name)).unwrap_or(0));
        Self {
            max_timeout: millis("transaction.max.timeout.ms"),
            expiration: millis("transactional.id.expiration.ms"),
        }
    }
}

/// The transactional ids of one broker.
///
/// An id is driven from the callers' tasks, under a lock of its own that is held while its
/// records are appended and its markers written: so a record is either in the transaction or
/// refused, and never comes after the marker. One task runs the timers.
#[derive(Debug)]
pub(crate) struct TransactionCoordinator {
    seats: Arc<Seats>,
    /// Started by the first producer, so that a coordinator can be made outside of a runtime.
    timers: OnceLock<JoinHandle<()>>,
}

impl TransactionCoordinator {
    /// A coordinator without transactional ids, which keeps its state in `journal`.
    pub(crate) fn new(
        clock: Clock,
        limits: TransactionLimits,
        ids: Arc<ProducerIds>,
        markers: MarkerWriter,
        journal: Journal,
    ) -> Self {
        Self {
            seats: Arc::new(Seats::new(clock, limits, ids, markers, journal)),
            timers: OnceLock::new(),
        }
    }

    /// Gives a transactional id to a producer.
    ///
    /// # Errors
    /// [`TransactionError::Concurrent`] while the last producer's transaction is being ended.
    pub(crate) fn init(&self, id: &str, init: Init) -> Result<Producer, TransactionError> {
        if id.is_empty() {
            return Err(TransactionError::EmptyId);
        }
        if let Err(error) = self.ensure_topic() {
            let topic = self.seats.journal().name();
            tracing::error!(topic, %error, "transactions cannot be coordinated");
            return Err(Unavailable::NotWritten.into());
        }
        self.start_timers();
        self.seats
            .submit(id, Event::Init(init), true, |producer| producer)
    }

    /// Adds partitions to a producer's transaction, which begins if there is none.
    ///
    /// # Errors
    /// [`TransactionError`] when the producer may not write.
    pub(crate) fn add(
        &self,
        id: &str,
        producer: Producer,
        protocol: Protocol,
        partitions: BTreeSet<PartitionKey>,
    ) -> Result<(), TransactionError> {
        let event = Event::Add(producer, protocol, partitions);
        self.seats.submit(id, event, false, drop)
    }

    /// Whether a partition is part of a producer's transaction.
    ///
    /// # Errors
    /// [`TransactionError::NotIncluded`] when it is not, or why the producer may not write.
    pub(crate) fn verify(
        &self,
        id: &str,
        producer: Producer,
        partition: PartitionKey,
    ) -> Result<(), TransactionError> {
        let event = Event::Verify(producer, partition);
        self.seats.submit(id, event, false, drop)
    }

    /// Writes to a partition as part of a producer's transaction.
    ///
    /// With an epoch per transaction the partition joins it now, otherwise it must have been
    /// added. The transaction cannot end before `write` returns.
    ///
    /// # Errors
    /// [`TransactionError`]; nothing was written then.
    pub(crate) fn write<T>(
        &self,
        id: &str,
        producer: Producer,
        protocol: Protocol,
        partition: PartitionKey,
        write: impl FnOnce() -> T,
    ) -> Result<T, TransactionError> {
        let event = match protocol {
            Protocol::Classic => Event::Verify(producer, partition),
            Protocol::EpochPerTransaction => {
                Event::Add(producer, protocol, BTreeSet::from([partition]))
            }
        };
        self.seats.submit(id, event, false, |_| write())
    }

    /// Commits or aborts a producer's transaction; returns the producer that goes on.
    ///
    /// # Errors
    /// [`TransactionError`] when there is nothing that the producer may end so.
    pub(crate) fn end(
        &self,
        id: &str,
        producer: Producer,
        protocol: Protocol,
        verdict: Verdict,
    ) -> Result<Producer, TransactionError> {
        let event = Event::End(producer, protocol, verdict);
        self.seats.submit(id, event, false, |next| next)
    }

    /// A transactional id's state.
    pub(crate) fn describe(&self, id: &str) -> Option<TransactionDescription> {
        self.seats.look(id, Transaction::describe)
    }

    /// All transactional ids.
    pub(crate) fn list(&self) -> Vec<(String, TransactionDescription)> {
        self.seats.list(Transaction::describe)
    }

    /// Creates the transactions' topic if it is missing.
    ///
    /// # Errors
    /// [`CatalogError`] when the configuration does not allow it.
    pub(crate) fn ensure_topic(&self) -> Result<(), CatalogError> {
        self.seats.journal().ensure()
    }

    /// Whether what the coordinator says of an id, or without one of all ids, is true.
    ///
    /// # Errors
    /// [`Unavailable::Loading`] before the state has been read.
    pub(crate) fn check_loaded(&self, id: Option<&str>) -> Result<(), Unavailable> {
        self.seats.check_loaded(id)
    }

    /// Announces that [`TransactionCoordinator::load`] will follow: until then nobody is answered.
    /// False when there is nothing to load.
    pub(crate) fn begin_loading(&self) -> bool {
        self.seats.begin_loading()
    }

    /// Reads all ids from the transactions' topic and finishes what was decided; the groups must
    /// have been loaded. May take long, and blocks.
    pub(crate) fn load(&self) {
        self.seats.load();
        if self.seats.has_timer() {
            self.start_timers();
        }
    }

    /// Reads again what is written down of an id, and of all others in its partition; whoever waits is
    /// told to ask again. This blocks.
    pub(crate) fn reload(&self, id: &str) {
        let partition = self.seats.journal().partition_of(id);
        self.seats.reload(partition);
    }

    /// The topic where an id is kept, and the partition.
    pub(crate) fn place_of(&self, id: &str) -> (&'static str, i32) {
        let journal = self.seats.journal();
        (journal.name(), journal.partition_of(id))
    }

    fn start_timers(&self) {
        self.timers
            .get_or_init(|| tokio::spawn(run_timers(Arc::clone(&self.seats))));
    }

    /// Writes markers that another coordinator, or an administrator, has decided on.
    pub(crate) fn markers(&self) -> &MarkerWriter {
        self.seats.markers()
    }
}

impl Drop for TransactionCoordinator {
    fn drop(&mut self) {
        if let Some(timers) = self.timers.get() {
            timers.abort();
        }
    }
}

impl CatalogObserver for TransactionCoordinator {
    fn topic_changed(&self, _: &Arc<Topic>) {}

    /// As in Kafka whoever leads a partition now reads what its transactions were.
    fn leaders_changed(&self, topic: &Arc<Topic>, partitions: &[i32]) {
        if *topic.name == *self.seats.journal().name() {
            partitions
                .iter()
                .for_each(|index| self.seats.reload(*index));
        }
    }

    fn topic_deleted(&self, topic: &Arc<Topic>) {
        if *topic.name == *self.seats.journal().name() {
            self.seats.unload(|_| true);
        }
    }
}
