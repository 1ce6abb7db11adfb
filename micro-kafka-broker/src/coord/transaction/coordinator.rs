//! The shell: owns the transactional ids, gives them the time, and has markers written.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use parking_lot::{Mutex, RwLock};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::{
    Effect, Event, Init, MarkerWriter, Moment, Producer, Protocol, Transaction,
    TransactionDescription, TransactionError,
};
use crate::batch::Verdict;
use crate::clock::Clock;
use crate::coord::ProducerIds;
use crate::coord::group::PartitionKey;
use crate::meta::BrokerConfig;

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

#[derive(Debug)]
struct Seat {
    transaction: Transaction,
    /// Taken out of the table: whoever still holds it must look the id up again.
    removed: bool,
}

#[derive(Debug)]
struct Shared {
    clock: Clock,
    limits: TransactionLimits,
    ids: Arc<ProducerIds>,
    markers: MarkerWriter,
    transactions: RwLock<BTreeMap<String, Arc<Mutex<Seat>>>>,
    /// Tells the timer task that a deadline has come nearer.
    nearer: Notify,
    /// The next moment at which the timer task looks.
    wakes: Mutex<Option<Instant>>,
}

/// The transactional ids of one broker.
///
/// An id is driven from the callers' tasks, under a lock of its own that is held while its
/// records are appended and its markers written: so a record is either in the transaction or
/// refused, and never comes after the marker. One task runs the timers.
#[derive(Debug)]
pub(crate) struct TransactionCoordinator {
    shared: Arc<Shared>,
    /// Started by the first producer, so that a coordinator can be made outside of a runtime.
    timers: OnceLock<JoinHandle<()>>,
}

impl TransactionCoordinator {
    /// A coordinator without transactional ids.
    pub(crate) fn new(
        clock: Clock,
        limits: TransactionLimits,
        ids: Arc<ProducerIds>,
        markers: MarkerWriter,
    ) -> Self {
        let shared = Arc::new(Shared {
            clock,
            limits,
            ids,
            markers,
            transactions: RwLock::default(),
            nearer: Notify::new(),
            wakes: Mutex::new(None),
        });
        Self {
            shared,
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
        self.timers
            .get_or_init(|| tokio::spawn(run_timers(Arc::clone(&self.shared))));
        self.shared.submit(id, Event::Init(init), true)
    }

    /// Adds partitions to a producer's transaction, which begins if there is none.
    ///
    /// # Errors
    /// [`TransactionError`] when the producer may not write.
    pub(crate) fn add(
        &self,
        id: &str,
        producer: Producer,
        partitions: BTreeSet<PartitionKey>,
    ) -> Result<(), TransactionError> {
        let event = Event::Add(producer, partitions);
        self.shared.submit(id, event, false).map(drop)
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
        self.shared.submit(id, event, false).map(drop)
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
            Protocol::EpochPerTransaction => Event::Add(producer, BTreeSet::from([partition])),
        };
        let seat = self.shared.find(id)?;
        let mut seat = seat.lock();
        self.shared.step(&mut seat, event)?;
        Ok(write())
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
        self.shared.submit(id, event, false)
    }

    /// A transactional id's state.
    pub(crate) fn describe(&self, id: &str) -> Option<TransactionDescription> {
        let seat = self.shared.find(id).ok()?;
        let seat = seat.lock();
        (!seat.removed).then(|| seat.transaction.describe())
    }

    /// All transactional ids.
    pub(crate) fn list(&self) -> Vec<(String, TransactionDescription)> {
        let transactions = self.shared.transactions.read().clone();
        let described = transactions
            .into_iter()
            .map(|(id, seat)| (id, seat.lock().transaction.describe()));
        described.collect()
    }

    /// Writes markers that another coordinator, or an administrator, has decided on.
    pub(crate) fn markers(&self) -> &MarkerWriter {
        &self.shared.markers
    }
}

impl Drop for TransactionCoordinator {
    fn drop(&mut self) {
        if let Some(timers) = self.timers.get() {
            timers.abort();
        }
    }
}

impl Shared {
    fn now(&self) -> Moment {
        Moment {
            instant: self.clock.now(),
            unix_millis: self.clock.unix_millis(),
        }
    }

    fn find(&self, id: &str) -> Result<Arc<Mutex<Seat>>, TransactionError> {
        if id.is_empty() {
            return Err(TransactionError::EmptyId);
        }
        let transactions = self.transactions.read();
        let seat = transactions.get(id).cloned();
        seat.ok_or(TransactionError::InvalidProducerIdMapping)
    }

    fn find_or_make(&self, id: &str) -> Arc<Mutex<Seat>> {
        if let Ok(seat) = self.find(id) {
            return seat;
        }
        let now = self.now();
        let mut transactions = self.transactions.write();
        let seat = transactions.entry(id.to_owned()).or_insert_with(|| {
            Arc::new(Mutex::new(Seat {
                transaction: Transaction::new(self.limits, Arc::clone(&self.ids), now),
                removed: false,
            }))
        });
        Arc::clone(seat)
    }

    fn submit(&self, id: &str, event: Event, make: bool) -> Result<Producer, TransactionError> {
        loop {
            let seat = match make {
                true => self.find_or_make(id),
                false => self.find(id)?,
            };
            let mut seat = seat.lock();
            if seat.removed {
                continue;
            }
            let outcome = self.step(&mut seat, event);
            let dead = seat.transaction.is_dead();
            drop(seat);
            if dead {
                self.remove(id);
            }
            return outcome;
        }
    }

    /// Steps a transactional id, has its markers written, and returns the answer.
    fn step(&self, seat: &mut Seat, event: Event) -> Result<Producer, TransactionError> {
        let mut answer = Err(TransactionError::InvalidProducerIdMapping);
        let mut events = vec![event];
        while let Some(event) = events.pop() {
            for effect in seat.transaction.step(self.now(), event) {
                match effect {
                    Effect::Reply(reply) => answer = reply,
                    Effect::WriteMarkers(marker, partitions) => {
                        self.markers.write_all(&marker, &partitions);
                        events.push(Event::MarkersWritten);
                    }
                }
            }
        }
        if let Some(deadline) = seat.transaction.deadline() {
            self.wake_by(deadline);
        }
        answer
    }

    fn remove(&self, id: &str) {
        let mut transactions = self.transactions.write();
        let Some(seat) = transactions.get(id).cloned() else {
            return;
        };
        let mut seat = seat.lock();
        if seat.transaction.is_dead() {
            seat.removed = true;
            transactions.remove(id);
        }
    }

    fn wake_by(&self, deadline: Instant) {
        let mut wakes = self.wakes.lock();
        if wakes.is_none_or(|at| deadline < at) {
            *wakes = Some(deadline);
            self.nearer.notify_one();
        }
    }

    /// Runs the timers that are due and plans the next look.
    fn tick(&self) {
        *self.wakes.lock() = None;
        let transactions = self.transactions.read().clone();
        for (id, seat) in transactions {
            let mut seat = seat.lock();
            match seat.transaction.deadline() {
                Some(deadline) if deadline <= self.clock.now() => {
                    // Nobody waits for an answer.
                    let _ = self.step(&mut seat, Event::Tick);
                }
                Some(deadline) => self.wake_by(deadline),
                None => {}
            }
            let dead = seat.transaction.is_dead();
            drop(seat);
            if dead {
                self.remove(&id);
            }
        }
    }
}

async fn run_timers(shared: Arc<Shared>) {
    loop {
        let at = *shared.wakes.lock();
        match at {
            Some(at) => tokio::select! {
                () = shared.clock.sleep_until(at) => shared.tick(),
                () = shared.nearer.notified() => {}
            },
            None => shared.nearer.notified().await,
        }
    }
}
