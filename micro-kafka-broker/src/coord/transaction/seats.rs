//! The transactional ids with their locks and timers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard, RwLock};

use super::record::TransactionLogValue;
use super::{
    Effect, Event, MarkerWriter, Moment, Producer, Transaction, TransactionError, TransactionLimits,
};
use crate::batch::Marker;
use crate::clock::Clock;
use crate::coord::group::PartitionKey;
use crate::coord::{Alarm, Journal, ProducerIds, Unavailable, Unread};

/// Time between two tries to write markers.
const RETRY_MARKERS: Duration = Duration::from_millis(500);

#[derive(Debug)]
pub(super) struct Seat {
    pub(super) transaction: Transaction,
    /// Taken out of the table: whoever still holds it must look the id up again.
    removed: bool,
    /// It is ahead of what is written down and must be read again.
    unwritten: bool,
    /// A marker, and where it could not be written yet.
    owed: Option<(Marker, BTreeSet<PartitionKey>)>,
}

impl Seat {
    fn new(transaction: Transaction) -> Self {
        Self {
            transaction,
            removed: false,
            unwritten: false,
            owed: None,
        }
    }
}

/// All transactional ids of a broker.
///
/// Locks are taken in the order table, seat, group, partition. Topics are never created while one
/// of them is held: the catalog's observers take some of them too.
#[derive(Debug)]
pub(super) struct Seats {
    clock: Clock,
    limits: TransactionLimits,
    ids: Arc<ProducerIds>,
    markers: MarkerWriter,
    journal: Journal,
    transactions: RwLock<BTreeMap<String, Arc<Mutex<Seat>>>>,
    pub(super) unread: Unread,
    alarm: Alarm,
}

impl Seats {
    pub(super) fn new(
        clock: Clock,
        limits: TransactionLimits,
        ids: Arc<ProducerIds>,
        markers: MarkerWriter,
        journal: Journal,
    ) -> Self {
        Self {
            clock,
            limits,
            ids,
            markers,
            journal,
            transactions: RwLock::default(),
            unread: Unread::default(),
            alarm: Alarm::default(),
        }
    }

    pub(super) fn journal(&self) -> &Journal {
        &self.journal
    }

    pub(super) fn markers(&self) -> &MarkerWriter {
        &self.markers
    }

    pub(super) fn limits(&self) -> TransactionLimits {
        self.limits
    }

    pub(super) fn ids(&self) -> &Arc<ProducerIds> {
        &self.ids
    }

    pub(super) fn now(&self) -> Moment {
        Moment::now(&self.clock)
    }

    /// All ids with what `look` says of them.
    pub(super) fn list<T>(&self, look: impl Fn(&Transaction) -> T) -> Vec<(String, T)> {
        let transactions = self.transactions.read().clone();
        let all = transactions
            .into_iter()
            .map(|(id, seat)| (id, look(&seat.lock().transaction)));
        all.collect()
    }

    /// Looks at a transactional id.
    pub(super) fn look<T>(&self, id: &str, look: impl FnOnce(&Transaction) -> T) -> Option<T> {
        let seat = self.find(id).ok()?;
        let seat = seat.lock();
        (!seat.removed).then(|| look(&seat.transaction))
    }

    /// Steps a transactional id, which with `make` need not be known, and while it is locked does
    /// what `then` says.
    pub(super) fn submit<T>(
        &self,
        id: &str,
        event: Event,
        make: bool,
        then: impl FnOnce(Producer) -> T,
    ) -> Result<T, TransactionError> {
        if id.is_empty() {
            return Err(TransactionError::EmptyId);
        }
        loop {
            let seat = match make {
                true => self.find_or_make(id),
                false => self.find(id)?,
            };
            let mut seat = seat.lock();
            if seat.removed {
                continue;
            }
            let outcome = self
                .check_loaded(Some(id))
                .map_err(TransactionError::from)
                .and_then(|()| self.step(id, &mut seat, event))
                .map(then);
            self.settle(id, seat);
            return outcome;
        }
    }

    fn find(&self, id: &str) -> Result<Arc<Mutex<Seat>>, TransactionError> {
        if let Some(seat) = self.transactions.read().get(id) {
            return Ok(Arc::clone(seat));
        }
        self.check_loaded(Some(id))?;
        Err(TransactionError::InvalidProducerIdMapping)
    }

    fn find_or_make(&self, id: &str) -> Arc<Mutex<Seat>> {
        if let Ok(seat) = self.find(id) {
            return seat;
        }
        let now = self.now();
        let mut transactions = self.transactions.write();
        let seat = transactions.entry(id.to_owned()).or_insert_with(|| {
            let transaction = Transaction::new(self.limits, Arc::clone(&self.ids), now);
            Arc::new(Mutex::new(Seat::new(transaction)))
        });
        Arc::clone(seat)
    }

    /// Steps a transactional id, does what follows, and returns the answer.
    fn step(&self, id: &str, seat: &mut Seat, event: Event) -> Result<Producer, TransactionError> {
        let effects = seat.transaction.step(self.now(), event);
        let answer = self.carry_out(id, seat, effects);
        if let Some(deadline) = seat.transaction.deadline() {
            self.alarm.set(deadline);
        }
        answer
    }

    fn carry_out(
        &self,
        id: &str,
        seat: &mut Seat,
        effects: Vec<Effect>,
    ) -> Result<Producer, TransactionError> {
        let mut answer = Err(TransactionError::InvalidProducerIdMapping);
        for effect in effects {
            match effect {
                Effect::Reply(reply) => answer = reply,
                Effect::Append(value) => {
                    if let Err(error) = self.write_down(id, value.as_ref()) {
                        seat.unwritten = true;
                        return Err(error.into());
                    }
                }
                Effect::WriteMarkers(marker, partitions) => {
                    seat.owed = Some((marker, partitions));
                    self.write_markers(id, seat);
                }
            }
        }
        answer
    }

    /// Writes the markers of a decided transaction; it ends with the last of them. Until then
    /// clients are told to ask again.
    fn write_markers(&self, id: &str, seat: &mut Seat) {
        let Some((marker, partitions)) = seat.owed.take() else {
            return;
        };
        let left = self.markers.write_all(&marker, partitions);
        if left.is_empty() {
            let ended = seat.transaction.step(self.now(), Event::MarkersWritten);
            // Nobody asked for it, so there is no answer.
            let _ = self.carry_out(id, seat, ended);
        } else {
            if !self.markers.switches().are_markers_held() {
                tracing::warn!(
                    transactional_id = id,
                    partitions = left.len(),
                    "markers cannot be written; they are tried again"
                );
            }
            seat.owed = Some((marker, left));
            self.alarm.set(self.clock.now() + RETRY_MARKERS);
        }
    }

    fn write_down(&self, id: &str, value: Option<&TransactionLogValue>) -> Result<(), Unavailable> {
        let partition = self.journal.partition_of(id);
        let unwritten = |error: &dyn std::fmt::Display| {
            tracing::error!(
                topic = self.journal.name(), partition, transactional_id = id, %error,
                "a transactional id's state cannot be written"
            );
            Unavailable::NotWritten
        };
        let record = TransactionLogValue::record(id, value).map_err(|error| unwritten(&error))?;
        let written = self.journal.append(partition, &[record], None);
        written.map_err(|error| unwritten(&error))
    }

    /// Does what is to be done with an id once its lock is free.
    fn settle(&self, id: &str, seat: MutexGuard<'_, Seat>) {
        let (dead, unwritten) = (seat.transaction.is_dead(), seat.unwritten);
        drop(seat);
        if unwritten {
            self.reload(self.journal.partition_of(id));
        } else if dead {
            self.remove(id);
        }
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

    /// Whether a timer is set.
    pub(super) fn has_timer(&self) -> bool {
        self.alarm.is_set()
    }

    /// Runs the timers that are due and plans the next look.
    fn tick(&self) {
        let transactions = self.transactions.read().clone();
        for (id, seat) in transactions {
            let mut seat = seat.lock();
            if seat.removed {
                continue;
            }
            self.write_markers(&id, &mut seat);
            match seat.transaction.deadline() {
                Some(deadline) if deadline <= self.clock.now() => {
                    // Nobody waits for an answer.
                    let _ = self.step(&id, &mut seat, Event::Tick);
                }
                Some(deadline) => self.alarm.set(deadline),
                None => {}
            }
            self.settle(&id, seat);
        }
    }

    /// Takes ids out, by partition.
    pub(super) fn unload(&self, which: impl Fn(i32) -> bool) {
        self.transactions.write().retain(|id, seat| {
            let leaves = which(self.journal.partition_of(id));
            if leaves {
                seat.lock().removed = true;
            }
            !leaves
        });
    }

    /// Puts an id in that was read from its partition, and finishes what it was at.
    pub(super) fn seat_loaded(&self, id: String, transaction: Transaction) {
        let mut seat = Seat::new(transaction);
        let unfinished = seat.transaction.resume();
        // Nobody waits for an answer.
        let _ = self.carry_out(&id, &mut seat, unfinished.into_iter().collect());
        if let Some(deadline) = seat.transaction.deadline() {
            self.alarm.set(deadline);
        }
        let seat = Arc::new(Mutex::new(seat));
        if let Some(early) = self.transactions.write().insert(id, seat) {
            early.lock().removed = true;
        }
    }
}

/// Runs the timers until the task is aborted.
pub(super) async fn run_timers(seats: Arc<Seats>) {
    let mut held = seats.markers.switches().markers();
    tokio::join!(seats.alarm.run(&seats.clock, || seats.tick()), async {
        // Those that were held go at once, not at the next try.
        while held.changed().await.is_ok() {
            seats.alarm.set(seats.clock.now());
        }
    });
}
