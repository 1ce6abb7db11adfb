//! A handler with what stands around it.

use std::future::ready;
use std::sync::Arc;

use tower_service::Service as _;

use super::claims::redeemed;
use super::{Handled, HandlerService, Layers, Once};
use crate::__private::v1::guarded_value;
use crate::claim_check::{ClaimCheck, ClaimReader};
use crate::clock::Clock;
use crate::listener::duplicates::Duplicates;
use crate::listener::throttle::Throttle;
use crate::listener::{BatchOutcome, Delivery, Finished, Handler, HandlerFuture, ListenerEndpoint};
use crate::observe::{AttemptTrace, Propagation, Traced};

/// What a handler may have around it beside what its endpoint says.
#[derive(Debug, Default)]
pub(in crate::listener) struct Around<'a> {
    pub(in crate::listener) throttle: Option<&'a Arc<Throttle>>,
    pub(in crate::listener) duplicates: Option<Duplicates>,
    pub(in crate::listener) propagation: Option<Arc<dyn Propagation>>,
    /// Where large payloads are.
    pub(in crate::listener) claims: Option<&'a ClaimCheck>,
}

/// The same without a consumer, whose records begin one by one.
pub(crate) fn unthrottled(
    endpoint: &ListenerEndpoint,
    clock: &Clock,
    outer: &Layers,
    claims: Option<&ClaimCheck>,
) -> Handler {
    let around = Around {
        claims,
        ..Around::default()
    };
    wrapped(endpoint, clock, outer, around)
}

/// An endpoint's handler with its time limit and layers around it, all of it in a span, and its
/// throttle told of each attempt; without any of them, the handler as it is.
pub(in crate::listener) fn wrapped(
    endpoint: &ListenerEndpoint,
    clock: &Clock,
    outer: &Layers,
    around: Around<'_>,
) -> Handler {
    let Around {
        throttle,
        duplicates,
        propagation,
        claims,
    } = around;
    let max_bytes = endpoint.payload_limits.max_bytes;
    let claims = claims.map(|check| ClaimReader::new(check, max_bytes));
    let handler = endpoint.handler.clone();
    let layers = outer.around(&endpoint.layers);
    let once = endpoint.idempotent.clone().map(|spec| Once {
        spec,
        clock: clock.clone(),
        duplicates,
    });
    let bare = endpoint.timeout.is_none() && layers.is_empty() && throttle.is_none();
    if bare && once.is_none() && claims.is_none() && !endpoint.spans {
        return handler;
    }
    let mut service = HandlerService::new(handler, clock.clone(), endpoint.timeout);
    if let Some(once) = once {
        service = service.once(Arc::new(once));
    }
    let service = layers.wrap(service);
    let (throttle, spans) = (throttle.cloned(), endpoint.spans);
    Handler::Closure(Arc::new(move |delivery: Delivery| -> HandlerFuture {
        let begun = throttle.as_ref().map(|throttle| throttle.begin(&delivery));
        let begun = match begun.transpose() {
            Ok(begun) => begun,
            Err(held) => {
                let outcome = BatchOutcome::Failed(held);
                return Box::pin(ready(Finished::from_outcome(delivery, outcome)));
            }
        };
        let mut service = service.clone();
        let claims = claims.clone();
        let begin = || AttemptTrace::begin(&delivery, propagation.as_deref());
        let trace = spans.then(begin);
        let inner = trace.clone();
        Box::pin(async move {
            // Whoever lets go of the handler drops what it was given.
            let (delivery, mut kept) = delivery.share();
            let attempt = guarded_value(async move {
                match claims {
                    None => service.call(delivery).await,
                    Some(reader) => redeemed(reader, service, delivery).await,
                }
            });
            let result = Traced::new(inner, std::pin::pin!(attempt)).await;
            let outcome = Handled::outcome(result);
            if let Some(trace) = trace {
                trace.ended(&outcome, &mut kept);
            }
            if let Some(begun) = begun {
                begun.ended(&outcome, kept.batch().count());
            }
            Finished::from_outcome(kept, outcome)
        })
    }))
}
