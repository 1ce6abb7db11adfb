//! An outbox in a database.

use std::fmt;
use std::sync::Arc;

use sqlx::{Pool, Transaction};
use tokio::sync::watch;

use super::send::OutboxSend;
use super::{Backlog, Dialect, RelaySettings};
use crate::codec::ToPayload;
use crate::template::KafkaTemplate;

/// Records that are sent once the SQL transaction commits in which they were written.
///
/// It is a clone of a pool and a name for its tables `kafka_outbox` and `kafka_outbox_lease`, which
/// [`Outbox::migrate`] creates. Cheap to clone. Given to
/// [`KafkaAppBuilder::outbox`](crate::app::KafkaAppBuilder::outbox), the application relays its
/// records.
pub struct Outbox<DB: Dialect> {
    pub(super) pool: Pool<DB>,
    pub(super) written: Arc<watch::Sender<()>>,
    pub(super) settings: RelaySettings,
    pub(super) template: Option<KafkaTemplate>,
}

impl<DB: Dialect> Outbox<DB> {
    /// The outbox of that database.
    #[must_use]
    pub fn new(pool: &Pool<DB>) -> Self {
        Self {
            pool: pool.clone(),
            written: Arc::new(watch::Sender::new(())),
            settings: RelaySettings::default(),
            template: None,
        }
    }

    /// How its relay works.
    #[must_use]
    pub fn relay(mut self, settings: RelaySettings) -> Self {
        self.settings = settings;
        self
    }

    /// Sends by that template instead of the application's own.
    #[must_use]
    pub fn template(mut self, template: KafkaTemplate) -> Self {
        self.template = Some(template);
        self
    }

    /// Creates its tables if they are missing; several instances may do so at once. The statements
    /// are those of the guide, for teams that migrate by their own means.
    ///
    /// # Errors
    /// If the database refuses.
    pub async fn migrate(pool: &Pool<DB>) -> sqlx::Result<()> {
        DB::run(pool, DB::OUTBOX).await
    }

    /// The statements of [`Outbox::migrate`].
    #[must_use]
    pub fn migrations() -> &'static [&'static str] {
        DB::OUTBOX
    }

    /// Begins a send within a transaction: `.key(…)` and `.header(…)` may follow, `.await` writes the
    /// record. It is sent after the commit, and never after a rollback.
    ///
    /// ```no_run
    /// # #[cfg(feature = "sqlx-sqlite")]
    /// # mod shown {
    /// use micro_kafka::outbox::Outbox;
    /// use micro_kafka::prelude::*;
    /// use sqlx::{Sqlite, SqlitePool};
    ///
    /// async fn place(pool: &SqlitePool, outbox: &Outbox<Sqlite>, customer: &str)
    ///     -> Result<(), Box<dyn std::error::Error>>
    /// {
    ///     let mut tx = pool.begin().await?;
    ///     sqlx::query("INSERT INTO orders (customer) VALUES (?)").bind(customer).execute(&mut *tx).await?;
    ///     outbox.send(&mut tx, "orders", Json(customer)).key(customer).await?;
    ///     tx.commit().await?;
    ///     Ok(())
    /// }
    /// # }
    /// ```
    pub fn send<'t>(
        &self,
        tx: &'t mut Transaction<'_, DB>,
        topic: &str,
        payload: impl ToPayload,
    ) -> OutboxSend<'t, DB> {
        OutboxSend::new(tx, Arc::clone(&self.written), topic, &payload)
    }

    /// What was written and is not yet sent.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn backlog(&self) -> sqlx::Result<Backlog> {
        DB::backlog(&self.pool).await
    }
}

impl<DB: Dialect> Clone for Outbox<DB> {
    fn clone(&self) -> Self {
        Self {
            pool: self.pool.clone(),
            written: Arc::clone(&self.written),
            settings: self.settings,
            template: self.template.clone(),
        }
    }
}

impl<DB: Dialect> fmt::Debug for Outbox<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox")
            .field("database", &DB::NAME)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
