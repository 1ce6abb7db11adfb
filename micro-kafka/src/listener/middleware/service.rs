//! A handler as a `tower` service.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tower_service::Service;

use super::layers::Layered;
use super::once::Once;
use super::{AttemptFailed, Handled, TimeLimit};
use crate::clock::Clock;
use crate::error::BoxError;
use crate::listener::{Delivery, Handler};

/// An attempt under way.
pub type AttemptFuture = Pin<Box<dyn Future<Output = Result<Handled, BoxError>> + Send>>;

/// A handler as the service that `tower` layers are put around: its request is a [`Delivery`], of
/// one record or of the first one of a [batch](Delivery::batch).
///
/// A failure of the handler is an [`AttemptFailed`]; every other error fails the attempt as an error
/// of the handler would, without a policy of its own. It is always ready; a clone is the same
/// service, layers and their limits included.
#[derive(Debug, Clone)]
pub struct HandlerService(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Handler(Arc<Limited>),
    Layered(Arc<Layered>),
    Once(Arc<Once>, Box<HandlerService>),
}

/// The handler itself, with the listener's time limit.
struct Limited {
    handler: Handler,
    clock: Clock,
    limit: Option<Duration>,
}

impl HandlerService {
    pub(super) fn new(handler: Handler, clock: Clock, limit: Option<Duration>) -> Self {
        Self(Kind::Handler(Arc::new(Limited {
            handler,
            clock,
            limit,
        })))
    }

    pub(super) fn layered(layered: Layered) -> Self {
        Self(Kind::Layered(Arc::new(layered)))
    }

    /// The same, once for each key.
    pub(super) fn once(self, once: Arc<Once>) -> Self {
        Self(Kind::Once(once, Box::new(self)))
    }
}

impl Service<Delivery> for HandlerService {
    type Response = Handled;
    type Error = BoxError;
    type Future = AttemptFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, delivery: Delivery) -> AttemptFuture {
        match &self.0 {
            Kind::Handler(handler) => handler.call(delivery),
            Kind::Layered(layered) => Arc::clone(layered).call(delivery),
            Kind::Once(once, inner) => Arc::clone(once).call((**inner).clone(), delivery),
        }
    }
}

impl Limited {
    fn call(&self, mut delivery: Delivery) -> AttemptFuture {
        let limit = self.limit.map(|limit| TimeLimit::begin(&self.clock, limit));
        delivery.limit.clone_from(&limit);
        let handler = self.handler.unpolled(delivery);
        Box::pin(async move {
            let finished = match limit {
                None => handler.await,
                Some(limit) => limit.hold(handler).await.map_err(AttemptFailed::new)?,
            };
            Ok(Handled::of(finished)?)
        })
    }
}

impl fmt::Debug for Limited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limited")
            .field("handler", &self.handler)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}
