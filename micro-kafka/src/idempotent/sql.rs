//! Keys in the tables of the user's own database.

use std::any::TypeId;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use sqlx::{Pool, Transaction};

use super::{Claim, ClaimRequest, Claimed, Given, IdempotencyStore, StoreError, StoreFuture};
use crate::sql::Dialect;

/// How often keys are forgotten whose windows have passed.
const SWEEPING: Duration = Duration::from_secs(60);

/// Remembers keys in the table `kafka_inbox` of a database, in the very transaction in which the
/// handler does its own work: it takes that transaction as [`SqlTx`](crate::extract::SqlTx), and
/// what it does there and the mark are committed together, or not at all. Features `sqlx-postgres`
/// and `sqlx-sqlite`.
///
/// Each record at work holds a connection of the pool, which therefore has to have more of them than
/// handlers may be at work. In PostgreSQL a duplicate of a record at work waits for the end of its
/// transaction; in SQLite every record waits for all others, as there is one writer at a time.
pub struct SqlStore<DB: Dialect> {
    pool: Pool<DB>,
    swept: Arc<Mutex<Duration>>,
}

impl<DB: Dialect> SqlStore<DB> {
    /// A store in that database.
    #[must_use]
    pub fn new(pool: &Pool<DB>) -> Self {
        Self {
            pool: pool.clone(),
            swept: Arc::default(),
        }
    }

    /// Creates its table if it is missing; several instances may do so at once.
    ///
    /// # Errors
    /// If the database refuses.
    pub async fn migrate(pool: &Pool<DB>) -> sqlx::Result<()> {
        DB::run(pool, DB::INBOX).await
    }

    /// The statements of [`SqlStore::migrate`].
    #[must_use]
    pub fn migrations() -> &'static [&'static str] {
        DB::INBOX
    }

    /// Forgets what is over, now and then, beside the record.
    fn sweep(&self, now: Duration) {
        let mut swept = self.swept.lock();
        if now.saturating_sub(*swept) < SWEEPING {
            return;
        }
        *swept = now;
        let pool = self.pool.clone();
        tokio::spawn(async move {
            if let Err(error) = DB::forget(&pool, now).await {
                tracing::warn!(%error, "old keys were not forgotten");
            }
        });
    }

    async fn begin(&self, request: ClaimRequest<'_>) -> sqlx::Result<Claim> {
        let mut tx = DB::begin(&self.pool).await?;
        let until = request.now.saturating_add(request.window);
        if !DB::mark(&mut tx, request.scope, request.key, request.now, until).await? {
            tx.rollback().await?;
            return Ok(Claim::Seen);
        }
        self.sweep(request.now);
        let slot = TxSlot(Mutex::new(Some(tx)));
        Ok(Claim::Fresh(Box::new(InTransaction(Arc::new(slot)))))
    }
}

impl<DB: Dialect> Clone for SqlStore<DB> {
    fn clone(&self) -> Self {
        Self {
            pool: self.pool.clone(),
            swept: Arc::clone(&self.swept),
        }
    }
}

impl<DB: Dialect> fmt::Debug for SqlStore<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SqlStore").field(&DB::NAME).finish()
    }
}

impl<DB: Dialect> IdempotencyStore for SqlStore<DB> {
    fn claim<'a>(
        &'a self,
        request: ClaimRequest<'a>,
    ) -> StoreFuture<'a, Result<Claim, StoreError>> {
        Box::pin(async move {
            let claim = self.begin(request).await;
            claim.map_err(|error| StoreError::new("claim a key", error))
        })
    }

    fn gives(&self) -> Option<TypeId> {
        Some(TypeId::of::<TxSlot<DB>>())
    }
}

/// Where the transaction is while the handler does not hold it.
pub(crate) struct TxSlot<DB: Dialect>(pub(crate) Mutex<Option<Transaction<'static, DB>>>);

/// A key that is marked in a transaction which is not committed: whoever drops it, rolls it back.
struct InTransaction<DB: Dialect>(Arc<TxSlot<DB>>);

impl<DB: Dialect> fmt::Debug for InTransaction<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InTransaction")
    }
}

impl<DB: Dialect> Claimed for InTransaction<DB> {
    fn given(&self) -> Option<Given> {
        let slot: Given = Arc::<TxSlot<DB>>::clone(&self.0);
        Some(slot)
    }

    fn complete(self: Box<Self>) -> StoreFuture<'static, Result<(), StoreError>> {
        Box::pin(async move {
            let tx = self.0.0.lock().take();
            let tx = tx.ok_or_else(|| {
                let held = "something the handler began still holds its `SqlTx`: end it before the \
                            handler returns";
                StoreError::new("commit", held)
            })?;
            let committed = tx.commit().await;
            committed.map_err(|error| StoreError::new("commit", error))
        })
    }

    fn release(self: Box<Self>) -> StoreFuture<'static, ()> {
        Box::pin(async move {
            let tx = self.0.0.lock().take();
            if let Some(tx) = tx
                && let Err(error) = tx.rollback().await
            {
                tracing::warn!(%error, "a transaction was not rolled back, but dropped");
            }
        })
    }
}
