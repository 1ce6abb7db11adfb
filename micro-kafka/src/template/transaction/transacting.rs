//! A template's transactions.

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::{Arc, OnceLock};

use futures_util::FutureExt;

use super::pool::TransactionPool;
use super::{Nesting, Transaction, TransactionError, recorded};
use crate::template::{KafkaError, KafkaTemplate, TemplateConfig};

/// The transactional producers, once there was a transaction.
pub(in crate::template) struct Transactions {
    config: TemplateConfig,
    pool: OnceLock<Arc<TransactionPool>>,
}

impl Transactions {
    pub(in crate::template) fn new(config: TemplateConfig) -> Self {
        Self {
            config,
            pool: OnceLock::new(),
        }
    }

    /// What the template was made from.
    pub(in crate::template) fn config(&self) -> &TemplateConfig {
        &self.config
    }

    /// Where there was a transaction.
    pub(in crate::template) fn if_begun(&self) -> Option<&Arc<TransactionPool>> {
        self.pool.get()
    }

    fn pool(&self) -> &Arc<TransactionPool> {
        self.pool.get_or_init(|| TransactionPool::new(&self.config))
    }
}

impl KafkaTemplate {
    /// Sends all of `work`'s records, or none of them, for readers of committed records.
    ///
    /// `work` gets a [`Transaction`] to send by; what it returns as `Ok` is returned once the
    /// broker has committed. On `Err`, on a panic, and if the future is dropped, the transaction is
    /// aborted. Its producer is one of [`producers`](super::TransactionConfig::producers); while
    /// all of them are in a transaction, further ones wait.
    ///
    /// ```no_run
    /// # use micro_kafka::prelude::*;
    /// # async fn book(kafka: &KafkaTemplate) -> Result<(), KafkaError> {
    /// kafka
    ///     .transaction(async |tx| {
    ///         tx.send("debits", "a").await?;
    ///         tx.send("credits", "b").await
    ///     })
    ///     .await
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of `work`, and as [`KafkaError::Transaction`] what hinders the transaction: all failed
    /// deliveries, a refused commit, a producer that was fenced, a transaction in a transaction.
    ///
    /// # Cancel safety
    /// Dropped before the commit, the transaction is aborted in the background. Dropped during the
    /// commit, it goes on.
    pub async fn transaction<T, E: From<KafkaError>>(
        &self,
        work: impl AsyncFnOnce(Transaction) -> Result<T, E>,
    ) -> Result<T, E> {
        let error = |error: TransactionError| E::from(error.into());
        if let Some(recorder) = &self.shared().recorder {
            return recorded(recorder, work).await;
        }
        let pool = self.shared().transactions.pool();
        let nesting = Nesting::check(pool.identity()).map_err(error)?;
        let open = pool.begin().await.map_err(error)?;
        let handle = open
            .handle(self.shared().topics.namespace())
            .ok_or(TransactionError::Closed)
            .map_err(error)?;
        let work = AssertUnwindSafe(work(handle)).catch_unwind();
        match nesting.scope(work).await {
            Ok(Ok(done)) => open.commit().await.map(|()| done).map_err(error),
            Ok(Err(error)) => {
                open.abort().await;
                Err(error)
            }
            Err(panic) => {
                open.abort().await;
                resume_unwind(panic)
            }
        }
    }

    /// A transaction that gives each record to the recorder at once; `None` without a recorder.
    pub(crate) fn recorded_transaction(&self) -> Option<Transaction> {
        let recorder = self.shared().recorder.as_ref()?;
        Some(Transaction::recorded_at_once(recorder))
    }
}
