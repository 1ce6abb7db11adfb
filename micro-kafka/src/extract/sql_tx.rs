//! The SQL transaction of a record.

use std::any::TypeId;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use sqlx::Transaction;

use super::FromRecord;
use crate::error::ListenerError;
use crate::idempotent::TxSlot;
use crate::listener::{BootCheck, Delivery};
use crate::sql::Dialect;

/// The transaction in which an `#[idempotent]` listener with a
/// [`SqlStore`](crate::idempotent::SqlStore) does its work: committed together with the mark of the
/// record's key when the handler succeeds, rolled back when it fails.
///
/// ```no_run
/// # #[cfg(feature = "sqlx-sqlite")]
/// # mod shown {
/// use micro_kafka::extract::SqlTx;
/// use micro_kafka::prelude::*;
/// use sqlx::Sqlite;
///
/// #[kafka_listener(topics = "payments", group_id = "ledger")]
/// #[idempotent(key = header("mk-outbox-id"), store = "ledger")]
/// async fn post(cents: &str, mut tx: SqlTx<Sqlite>) -> Result<(), sqlx::Error> {
///     sqlx::query("INSERT INTO entries (cents) VALUES (?)").bind(cents).execute(&mut **tx).await?;
///     Ok(())
/// }
/// # }
/// ```
pub struct SqlTx<DB: Dialect> {
    /// There until it is dropped.
    tx: Option<Transaction<'static, DB>>,
    slot: Arc<TxSlot<DB>>,
}

/// A handler that takes a transaction which nobody has begun, or which it holds already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "there is no SQL transaction: the listener's idempotency store is none of that database, or \
     another argument has it"
)]
pub struct NoSqlTransaction;

impl<DB: Dialect> FromRecord<'_> for SqlTx<DB> {
    fn from_record(delivery: &Delivery) -> Result<Self, ListenerError> {
        let missing = || ListenerError::decode(NoSqlTransaction);
        let slot = delivery.given::<TxSlot<DB>>().ok_or_else(missing)?;
        let tx = slot.0.lock().take();
        match tx {
            None => Err(missing()),
            tx => Ok(Self { tx, slot }),
        }
    }

    fn check(boot: &mut BootCheck<'_>) {
        if boot.gives() != Some(TypeId::of::<TxSlot<DB>>()) {
            boot.problem(format!(
                "a `SqlTx` of {} needs `#[idempotent(…, store = \"…\")]` with the name of a \
                 `SqlStore` of that database",
                DB::NAME
            ));
        }
    }
}

impl<DB: Dialect> Deref for SqlTx<DB> {
    type Target = Transaction<'static, DB>;

    #[allow(clippy::expect_used, reason = "it is there until it is dropped")]
    fn deref(&self) -> &Self::Target {
        self.tx.as_ref().expect("the transaction is there")
    }
}

impl<DB: Dialect> DerefMut for SqlTx<DB> {
    #[allow(clippy::expect_used, reason = "it is there until it is dropped")]
    fn deref_mut(&mut self) -> &mut Self::Target {
        self.tx.as_mut().expect("the transaction is there")
    }
}

/// Gives it back, to be committed or rolled back.
impl<DB: Dialect> Drop for SqlTx<DB> {
    fn drop(&mut self) {
        *self.slot.0.lock() = self.tx.take();
    }
}

impl<DB: Dialect> fmt::Debug for SqlTx<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SqlTx").field(&DB::NAME).finish()
    }
}
