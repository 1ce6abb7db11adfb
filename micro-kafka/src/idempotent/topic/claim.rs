//! One key at work.

use std::sync::Arc;
use std::time::Duration;

use super::{Seen, TopicStore};
use crate::error::BoxError;
use crate::idempotent::{ClaimRequest, Claimed, StoreError, StoreFuture};
use crate::template::{DeliveryFuture, SendError, Transaction};

/// Waits before a mark is written again that the broker did not take.
const WAIT: Duration = Duration::from_millis(100);
const MAX_WAIT: Duration = Duration::from_secs(5);
/// How often one is written again that seems to be refused for good: a topic that has just grown is
/// not known everywhere yet.
const TRIES: u32 = 5;

/// A key that is claimed: dropped, it is claimed no more.
#[derive(Debug)]
pub(super) struct InTopic {
    store: TopicStore,
    seen: Arc<Seen>,
    key: Arc<str>,
    claim: u64,
    until: Duration,
    offset: i64,
    transaction: Option<Transaction>,
    pub(super) forgetting: Forgetting,
    /// Whether its mark may be in the topic already.
    written: bool,
}

impl InTopic {
    pub(super) fn new(
        store: &TopicStore,
        seen: &Arc<Seen>,
        key: Arc<str>,
        claim: u64,
        request: &ClaimRequest<'_>,
    ) -> Self {
        Self {
            store: store.clone(),
            seen: Arc::clone(seen),
            key,
            claim,
            until: request.now.saturating_add(request.window),
            offset: request.offset,
            transaction: request.transaction.cloned(),
            forgetting: Forgetting::new(seen, Vec::new()),
            written: false,
        }
    }

    /// Writes the mark, or stages it in the record's transaction.
    async fn write(&mut self) -> Result<(), BoxError> {
        let topic = &self.store.0.topic;
        let (name, until) = (
            self.seen.name(&self.key),
            self.until.as_millis().to_string(),
        );
        let partition = self.seen.partition;
        if let Some(transaction) = &self.transaction {
            let transaction = transaction.with_wire_names();
            let mark = transaction.send(topic, until.as_bytes());
            return Ok(mark.key(name).partition(partition).await?);
        }
        let (mut wait, mut tries) = (WAIT, 0);
        loop {
            let mark = self
                .store
                .0
                .template
                .send_bytes(topic, Some(until.as_bytes()));
            self.written = true;
            match mark.key(&name).partition(partition).await {
                Ok(_) => return Ok(()),
                Err(error) if !error.is_retriable() && tries >= TRIES => return Err(error.into()),
                Err(error) => {
                    tries += 1;
                    tracing::warn!(%error, ?wait, "a seen key was not written yet");
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(MAX_WAIT);
                }
            }
        }
    }
}

impl Claimed for InTopic {
    fn complete(mut self: Box<Self>) -> StoreFuture<'static, Result<(), StoreError>> {
        Box::pin(async move {
            let written = self.write().await;
            self.forgetting.wait().await;
            written.map_err(|error| StoreError::new("mark a key", error))?;
            let staged_by = self.transaction.is_some().then_some(self.offset);
            let mut marks = self.seen.marks.lock();
            marks.done(&self.key, self.claim, self.until, staged_by);
            self.seen.count(&marks);
            drop(marks);
            self.written = false;
            Ok(())
        })
    }

    fn release(mut self: Box<Self>) -> StoreFuture<'static, ()> {
        Box::pin(async move { self.forgetting.wait().await })
    }
}

impl Drop for InTopic {
    fn drop(&mut self) {
        let mut marks = self.seen.marks.lock();
        if self.written {
            marks.doubt();
        }
        marks.release(&self.key, self.claim);
    }
}

/// Tombstones on their way. Whoever has claimed the key that they came with waits for them, so that
/// none is left behind when the partition is given up.
#[derive(Debug)]
pub(super) struct Forgetting {
    seen: Arc<Seen>,
    keys: Vec<Arc<str>>,
    deliveries: Vec<DeliveryFuture>,
}

impl Forgetting {
    pub(super) fn new(seen: &Arc<Seen>, keys: Vec<Arc<str>>) -> Self {
        Self {
            seen: Arc::clone(seen),
            keys,
            deliveries: Vec::new(),
        }
    }

    pub(super) fn keys(&self) -> Vec<Arc<str>> {
        self.keys.clone()
    }

    pub(super) fn add(&mut self, queued: Result<DeliveryFuture, SendError>) {
        match queued {
            Ok(delivery) => self.deliveries.push(delivery),
            Err(error) => tracing::warn!(%error, "a seen key stays in its topic"),
        }
    }

    async fn wait(&mut self) {
        for delivery in self.deliveries.drain(..) {
            // What stays is forgotten after the next restart.
            if let Err(error) = delivery.await {
                tracing::warn!(%error, "a seen key stays in its topic");
            }
        }
        self.end();
    }

    fn end(&mut self) {
        let keys = std::mem::take(&mut self.keys);
        if !keys.is_empty() {
            self.seen.marks.lock().forgotten(&keys);
        }
    }
}

impl Drop for Forgetting {
    fn drop(&mut self) {
        self.end();
    }
}
