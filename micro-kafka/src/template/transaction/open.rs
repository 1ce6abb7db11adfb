//! A transaction that was begun: it ends by commit or abort, whatever happens.

use std::sync::Arc;
use std::thread;

use super::super::blocking::blocking;
use super::TransactionError;
use super::handle::{Scope, Sender, Transaction};
use super::pool::Lease;
use super::producer::TransactionalProducer;

/// The right to end a transaction; a drop aborts it in the background.
#[derive(Debug)]
pub(in crate::template) struct OpenTransaction {
    begun: Option<Begun>,
}

#[derive(Debug)]
struct Begun {
    lease: Lease,
    producer: Arc<TransactionalProducer>,
    scope: Arc<Scope>,
}

impl OpenTransaction {
    pub(super) fn new(lease: Lease, producer: Arc<TransactionalProducer>) -> Self {
        let scope = Scope::open(Sender::Producer(Arc::clone(&producer)));
        Self {
            begun: Some(Begun {
                lease,
                producer,
                scope,
            }),
        }
    }

    /// What sends in it.
    pub(in crate::template) fn handle(&self, namespace: &Arc<str>) -> Option<Transaction> {
        let begun = self.begun.as_ref()?;
        Some(Transaction::new(Arc::clone(&begun.scope), namespace))
    }

    /// Delivers what was sent and commits. Once begun, it goes on if the future is dropped.
    pub(in crate::template) async fn commit(mut self) -> Result<(), TransactionError> {
        match self.begun.take() {
            Some(begun) => blocking(move || begun.commit()).await,
            None => Ok(()),
        }
    }

    /// Gives up what was sent. Once begun, it goes on if the future is dropped.
    pub(in crate::template) async fn abort(mut self) {
        if let Some(begun) = self.begun.take() {
            blocking(move || begun.abort()).await;
        }
    }
}

impl Begun {
    fn commit(mut self) -> Result<(), TransactionError> {
        self.scope.close();
        let ended = match self.producer.commit() {
            Ok(()) => {
                self.lease.committed();
                return Ok(());
            }
            Err(ended) => ended,
        };
        if ended.broken {
            self.lease.discard();
        }
        match ended.error {
            TransactionError::Fenced { id, .. } => {
                let again = self.lease.fenced();
                tracing::error!(id = &*id, again, "a transaction was fenced");
                Err(TransactionError::Fenced { id, again })
            }
            error => Err(error),
        }
    }

    fn abort(mut self) {
        self.scope.close();
        if self.producer.abort().is_err() {
            self.lease.discard();
        }
    }
}

impl Drop for OpenTransaction {
    fn drop(&mut self) {
        let Some(begun) = self.begun.take() else {
            return;
        };
        begun.scope.close();
        let aborter = thread::Builder::new().name("mk-producer-abort".into());
        if let Err(error) = aborter.spawn(move || begun.abort()) {
            tracing::error!(%error, "no thread to abort a transaction: it ends at its timeout");
        }
    }
}
