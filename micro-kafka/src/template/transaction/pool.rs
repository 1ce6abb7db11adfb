//! The producers of a template's transactions.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::super::TemplateConfig;
use super::super::blocking::blocking;
use super::TransactionError;
use super::open::OpenTransaction;
use super::producer::TransactionalProducer;

/// A bounded number of transactional producers, each made when it is first needed.
#[derive(Debug)]
pub(in crate::template) struct TransactionPool {
    config: TemplateConfig,
    count: usize,
    free: Arc<Semaphore>,
    idle: Mutex<Vec<Seat>>,
}

/// A transactional id with its producer, if there is one.
#[derive(Debug)]
pub(super) struct Seat {
    id: Arc<str>,
    pub(super) producer: Option<Arc<TransactionalProducer>>,
    /// Fenced since its last commit.
    pub(super) was_fenced: bool,
}

/// A seat that is taken; given back on drop.
#[derive(Debug)]
pub(super) struct Lease {
    pool: Arc<TransactionPool>,
    seat: Option<Seat>,
    // Given back after the seat.
    _permit: OwnedSemaphorePermit,
}

impl TransactionPool {
    pub(in crate::template) fn new(config: &TemplateConfig) -> Arc<Self> {
        let prefix = config.transactions.full_prefix(&config.namespace);
        let count = config.transactions.producers.max(1);
        // The last one is taken first, so that low numbers are used again and again.
        let seats = (0..count).rev().map(|number| Seat {
            id: format!("{prefix}{number}").into(),
            producer: None,
            was_fenced: false,
        });
        Arc::new(Self {
            idle: Mutex::new(seats.collect()),
            free: Arc::new(Semaphore::new(count)),
            config: config.clone(),
            count,
        })
    }

    /// What tells this pool from others.
    pub(in crate::template) fn identity(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// Begins a transaction, as soon as a producer is free.
    pub(in crate::template) async fn begin(
        self: &Arc<Self>,
    ) -> Result<OpenTransaction, TransactionError> {
        let permit = Arc::clone(&self.free).acquire_owned().await;
        let permit = permit.map_err(|_closed| TransactionError::Closed)?;
        let seat = self.idle.lock().pop().ok_or(TransactionError::Closed)?;
        let lease = Lease {
            pool: Arc::clone(self),
            seat: Some(seat),
            _permit: permit,
        };
        // Whoever waits may go away: the lease stays with the call.
        blocking(move || lease.begin()).await
    }

    /// Waits for the transactions under way, and lets no further one begin.
    pub(in crate::template) async fn close(&self, deadline: Duration) {
        let all = u32::try_from(self.count).unwrap_or(u32::MAX);
        let ended = tokio::time::timeout(deadline, self.free.acquire_many(all)).await;
        if ended.is_err() {
            tracing::error!(
                ?deadline,
                "transactions are under way at the template's end"
            );
        }
        self.free.close();
        let idle = std::mem::take(&mut *self.idle.lock());
        blocking(move || drop(idle)).await;
    }
}

impl Lease {
    /// Begins by the producer that is there, or by a new one if it is broken.
    fn begin(mut self) -> Result<OpenTransaction, TransactionError> {
        let Some(seat) = &mut self.seat else {
            return Err(TransactionError::Closed);
        };
        if let Some(producer) = seat.producer.take() {
            match producer.begin() {
                Ok(()) => {
                    seat.producer = Some(Arc::clone(&producer));
                    return Ok(OpenTransaction::new(self, producer));
                }
                Err(refusal) => {
                    tracing::info!(id = &*seat.id, code = %refusal.code, "the transactional producer is replaced");
                }
            }
        }
        let producer = TransactionalProducer::start(&self.pool.config, Arc::clone(&seat.id))?;
        let producer = Arc::new(producer);
        producer
            .begin()
            .map_err(|refusal| TransactionError::not_begun(&seat.id, refusal))?;
        seat.producer = Some(Arc::clone(&producer));
        Ok(OpenTransaction::new(self, producer))
    }

    /// The transaction was committed.
    pub(super) fn committed(mut self) {
        if let Some(seat) = &mut self.seat {
            seat.was_fenced = false;
        }
    }

    /// The producer is of no use any more.
    pub(super) fn discard(&mut self) {
        if let Some(seat) = &mut self.seat {
            seat.producer = None;
        }
    }

    /// Notes that the producer was fenced; says whether its predecessor was, too.
    pub(super) fn fenced(&mut self) -> bool {
        let seat = self.seat.as_mut();
        seat.is_some_and(|seat| std::mem::replace(&mut seat.was_fenced, true))
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(seat) = self.seat.take()
            && !self.pool.free.is_closed()
        {
            self.pool.idle.lock().push(seat);
        }
    }
}
