//! A handler that runs once for each key.

use std::sync::Arc;

use tower_service::Service as _;

use super::{AttemptFailed, AttemptFuture, Handled, HandlerService};
use crate::clock::Clock;
use crate::idempotent::{Idempotent, StoreAway};
use crate::listener::Delivery;
use crate::listener::duplicates::Duplicates;

/// What claims the key of a record before its handler runs.
#[derive(Debug)]
pub(in crate::listener) struct Once {
    pub(in crate::listener) spec: Idempotent,
    pub(in crate::listener) clock: Clock,
    /// Who hears of duplicates; nobody without a container.
    pub(in crate::listener) duplicates: Option<Duplicates>,
}

impl Once {
    pub(super) fn call(
        self: Arc<Self>,
        mut inner: HandlerService,
        mut delivery: Delivery,
    ) -> AttemptFuture {
        Box::pin(async move {
            let Some(key) = self.spec.key(&delivery).map_err(AttemptFailed::new)? else {
                return inner.call(delivery).await;
            };
            let Some(claimed) = self.spec.claim(&delivery, &key, &self.clock).await else {
                if let Some(duplicates) = &self.duplicates {
                    duplicates.tell(&delivery);
                }
                return Ok(Handled::done());
            };
            delivery.given = claimed.given().map(Box::new);
            match inner.call(delivery).await {
                Ok(handled) => {
                    claimed.complete().await.map_err(StoreAway)?;
                    Ok(handled)
                }
                Err(failure) => {
                    claimed.release().await;
                    Err(failure)
                }
            }
        })
    }
}
