//! What a listener does about duplicates, resolved.

use std::sync::Arc;
use std::time::Duration;

use super::{Assignment, Claim, ClaimRequest, Claimed, IdempotencyStore, KeyDef, StoreError};
use crate::clock::Clock;
use crate::error::ListenerError;
use crate::listener::Delivery;

/// The first wait for a store that does not answer; it doubles from there.
const WAIT: Duration = Duration::from_millis(50);
const MAX_WAIT: Duration = Duration::from_secs(5);

/// How a listener tells duplicates, with everything resolved.
#[derive(Debug, Clone)]
pub struct Idempotent {
    /// Whose keys they are: group and listener.
    pub scope: Arc<str>,
    /// Where the key of a record comes from.
    pub key: KeyDef,
    /// How long a key is remembered.
    pub window: Duration,
    /// Where.
    pub store: Arc<dyn IdempotencyStore>,
}

/// A mark that failed: its handler had succeeded, and the record is delivered again.
#[derive(Debug, thiserror::Error)]
#[error("the record was handled, but not marked as done: it is delivered again")]
pub(crate) struct StoreAway(#[source] pub(crate) StoreError);

impl Idempotent {
    /// The key of that record; `None` if it is handled without.
    pub(crate) fn key(&self, delivery: &Delivery) -> Result<Option<String>, ListenerError> {
        self.key.of(delivery)
    }

    /// Claims the key, however long that takes; `None` if it is done already.
    pub(crate) async fn claim(
        &self,
        delivery: &Delivery,
        key: &str,
        clock: &Clock,
    ) -> Option<Box<dyn Claimed>> {
        let listener = delivery.listener();
        let transaction = delivery.transaction();
        let mut wait = WAIT;
        loop {
            let request = ClaimRequest {
                scope: &self.scope,
                key,
                window: self.window,
                now: clock.since_epoch(),
                assignment: Assignment {
                    group: &listener.group_id,
                    topic: delivery.record().topic(),
                    partition: delivery.record().partition(),
                    epoch: delivery.assignment_epoch(),
                },
                offset: delivery.record().offset(),
                transaction: transaction.as_ref(),
            };
            match self.store.claim(request).await {
                Ok(Claim::Fresh(claimed)) => return Some(claimed),
                Ok(Claim::Seen) => return None,
                Ok(Claim::Busy(busy)) => busy.wait().await,
                Err(error) => {
                    let reason = std::error::Error::source(&error).map(ToString::to_string);
                    tracing::error!(
                        listener = &*listener.id,
                        %error,
                        reason,
                        ?wait,
                        "records wait for the idempotency store"
                    );
                    // Real time: the store is not of the application's clock.
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(MAX_WAIT);
                }
            }
        }
    }
}
