//! One record on its way into the table.

use std::future::IntoFuture;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use sqlx::Transaction;
use tokio::sync::watch;

use super::Dialect;
use super::lane::lane;
use crate::codec::ToPayload;
use crate::error::BoxError;
use crate::record::OwnedHeader;
use crate::sql::{NewRow, write_headers};

/// The text in the [`OUTBOX_ID`](super::OUTBOX_ID) header of a record, another one for each.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OutboxId(pub(super) String);

impl std::fmt::Display for OutboxId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A record that could not be written into the outbox; the transaction should be rolled back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutboxError {
    /// The payload cannot be written.
    #[error("the payload for topic `{topic}` cannot be written")]
    Serialization {
        /// Where it was to go.
        topic: String,
        /// Why.
        #[source]
        source: BoxError,
    },
    /// The database refuses the row.
    #[error("the record for topic `{topic}` was not written into the outbox")]
    Database {
        /// Where it was to go.
        topic: String,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
}

/// A record as it is put together; `.await` writes it.
#[derive(Debug)]
#[must_use = "nothing is written unless it is awaited"]
pub struct OutboxSend<'t, DB: Dialect> {
    connection: &'t mut DB::Connection,
    written: Arc<watch::Sender<()>>,
    topic: String,
    payload: Result<Option<Vec<u8>>, BoxError>,
    key: Option<Vec<u8>>,
    partition: Option<i32>,
    timestamp: Option<i64>,
    headers: Vec<OwnedHeader>,
}

impl<'t, DB: Dialect> OutboxSend<'t, DB> {
    pub(super) fn new(
        tx: &'t mut Transaction<'_, DB>,
        written: Arc<watch::Sender<()>>,
        topic: &str,
        payload: &impl ToPayload,
    ) -> Self {
        let mut bytes = Vec::new();
        let written_payload = payload.to_payload(&mut bytes);
        Self {
            connection: tx,
            written,
            topic: topic.to_owned(),
            payload: match written_payload {
                Ok(some) => Ok(some.then_some(bytes)),
                Err(error) => Err(error.into()),
            },
            key: None,
            partition: None,
            timestamp: None,
            headers: Vec::new(),
        }
    }

    /// The key, which chooses the partition, and keeps its records in order.
    pub fn key(mut self, key: impl AsRef<[u8]>) -> Self {
        self.key = Some(key.as_ref().to_vec());
        self
    }

    /// The partition, whatever the key.
    pub fn partition(mut self, partition: i32) -> Self {
        self.partition = Some(partition);
        self
    }

    /// The record's timestamp in milliseconds since the Unix epoch; by default the present time.
    pub fn timestamp(mut self, millis: i64) -> Self {
        self.timestamp = Some(millis);
        self
    }

    /// Adds a header; names may repeat.
    pub fn header(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        let (name, value) = (name.as_ref().to_vec(), value.as_ref().to_vec());
        self.headers.push(OwnedHeader::new(name, value));
        self
    }

    async fn write(self) -> Result<OutboxId, OutboxError> {
        let topic = self.topic;
        let payload = match self.payload {
            Ok(payload) => payload,
            Err(source) => return Err(OutboxError::Serialization { topic, source }),
        };
        let (lane, ordered) = lane(&topic, self.key.as_deref(), self.partition);
        let row = NewRow {
            lane,
            ordered,
            topic: topic.clone(),
            partition: self.partition,
            key: self.key,
            payload,
            headers: write_headers(&self.headers),
            timestamp: self.timestamp.unwrap_or_else(now),
        };
        let id = DB::append(self.connection, row).await;
        // The commit comes later: whoever hears it looks several times.
        self.written.send_replace(());
        id.map(OutboxId)
            .map_err(|source| OutboxError::Database { topic, source })
    }
}

impl<'t, DB: Dialect> IntoFuture for OutboxSend<'t, DB> {
    type Output = Result<OutboxId, OutboxError>;
    type IntoFuture = std::pin::Pin<Box<dyn Future<Output = Self::Output> + Send + 't>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.write())
    }
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    i64::try_from(since.unwrap_or_default().as_millis()).unwrap_or(i64::MAX)
}
