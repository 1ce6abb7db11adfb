//! A handler that sees the payloads which its records refer to.

use futures_util::StreamExt as _;
use futures_util::stream;
use tower_service::Service as _;

use super::{AttemptFailed, Handled, HandlerService};
use crate::claim_check::{ClaimError, ClaimReader};
use crate::codec::LookupError;
use crate::error::{BoxError, ListenerError};
use crate::listener::Delivery;
use crate::listener::batch::Companions;

/// How many payloads of a batch are fetched at once.
const AT_ONCE: usize = 8;

/// Calls the handler with the payloads. Whoever has the other half of a shared delivery keeps the
/// references, so that these are what is passed on. The records of a batch whose payloads cannot be
/// had are not seen by the handler.
pub(super) async fn redeemed(
    reader: ClaimReader,
    mut service: HandlerService,
    mut delivery: Delivery,
) -> Result<Handled, BoxError> {
    let Some(companions) = delivery.companions.take() else {
        let delivery = redeem(&reader, delivery)
            .await
            .map_err(AttemptFailed::new)?;
        return service.call(delivery).await;
    };
    let rest = match *companions {
        Companions::Batch { rest, .. } => rest,
        Companions::Left(_) => Vec::new(),
    };
    let all = stream::iter(std::iter::once(delivery).chain(rest));
    let redeeming = all.map(|delivery| redeem(&reader, delivery));
    let redeemed: Vec<_> = redeeming.buffered(AT_ONCE).collect().await;
    let unseen: Vec<_> = redeemed
        .iter()
        .map(|one| one.as_ref().err().cloned())
        .collect();
    let seen = redeemed.into_iter().filter_map(Result::ok).collect();
    let outcome = match Delivery::of_batch(seen) {
        Some(batch) => service.call(batch).await,
        None => Ok(Handled::done()),
    };
    if unseen.iter().all(Option::is_none) {
        return outcome;
    }
    Ok(Handled::with_unseen(unseen, outcome))
}

async fn redeem(reader: &ClaimReader, mut delivery: Delivery) -> Result<Delivery, ListenerError> {
    match reader.redeem(&delivery.record).await {
        Ok(None) => Ok(delivery),
        Ok(Some(record)) => {
            delivery.record = record;
            Ok(delivery)
        }
        Err(error) => Err(failure(error)),
    }
}

/// What can be had later is tried until then; all else will never be had.
fn failure(error: ClaimError) -> ListenerError {
    match error.is_retriable() {
        true => ListenerError::lookup_failed(LookupError::Unavailable(Box::new(error))),
        false => ListenerError::decode(error),
    }
}
