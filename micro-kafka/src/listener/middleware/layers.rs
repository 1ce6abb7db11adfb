//! `tower` layers of a listener.

use std::fmt;
use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::sync::Mutex;
use tower_layer::Layer;
use tower_service::Service;

use super::{AttemptFuture, Handled, HandlerService};
use crate::error::BoxError;
use crate::listener::Delivery;

type Wrap = Arc<dyn Fn(HandlerService) -> HandlerService + Send + Sync>;

/// `tower` layers, the outermost first. Each listener gets a service of its own.
#[derive(Clone, Default)]
pub struct Layers(Vec<Wrap>);

impl Layers {
    /// Adds a layer inside of all others.
    pub fn push<L>(&mut self, layer: L)
    where
        L: Layer<HandlerService> + Send + Sync + 'static,
        L::Service: Service<Delivery, Response = Handled> + Send + 'static,
        <L::Service as Service<Delivery>>::Error: Into<BoxError>,
        <L::Service as Service<Delivery>>::Future: Send + 'static,
    {
        self.0.push(Arc::new(move |inner| {
            HandlerService::layered(Layered(Mutex::new(Box::new(layer.layer(inner)))))
        }));
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// These around those of `inner`.
    pub(crate) fn around(&self, inner: &Self) -> Self {
        Self(self.0.iter().chain(&inner.0).map(Arc::clone).collect())
    }

    pub(super) fn wrap(&self, service: HandlerService) -> HandlerService {
        let inner_first = self.0.iter().rev();
        inner_first.fold(service, |inner, wrap| wrap(inner))
    }
}

impl fmt::Debug for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Layers({})", self.0.len())
    }
}

/// A service around a handler. Who waits until it is ready waits in line, first come, first served.
pub(super) struct Layered(Mutex<Box<dyn AnyService>>);

impl Layered {
    pub(super) fn call(self: Arc<Self>, delivery: Delivery) -> AttemptFuture {
        Box::pin(async move {
            let attempt = {
                let mut service = self.0.lock().await;
                poll_fn(|context| service.poll_any_ready(context)).await?;
                service.call_any(delivery)
            };
            attempt.await
        })
    }
}

impl fmt::Debug for Layered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Layered")
    }
}

/// A service whose type is forgotten.
trait AnyService: Send {
    fn poll_any_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>>;
    fn call_any(&mut self, delivery: Delivery) -> AttemptFuture;
}

impl<S> AnyService for S
where
    S: Service<Delivery, Response = Handled> + Send,
    S::Error: Into<BoxError>,
    S::Future: Future + Send + 'static,
{
    fn poll_any_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.poll_ready(context).map_err(Into::into)
    }

    fn call_any(&mut self, delivery: Delivery) -> AttemptFuture {
        let attempt = self.call(delivery);
        Box::pin(async move { attempt.await.map_err(Into::into) })
    }
}
