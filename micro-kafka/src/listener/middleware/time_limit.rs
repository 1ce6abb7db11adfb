//! How long an attempt may take.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use crate::clock::Clock;
use crate::error::{ErrorKind, ListenerError, Policy};
use crate::listener::{Finished, HandlerFuture};

/// An attempt that took longer than its listener's `timeout`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the handler has not ended within {} ms, the listener's timeout", limit.as_millis())]
pub struct AttemptTimeout {
    /// The limit.
    pub limit: Duration,
}

/// The limit of one attempt, by the framework's clock.
#[derive(Debug, Clone)]
pub(crate) struct TimeLimit(Arc<Limit>);

#[derive(Debug)]
struct Limit {
    clock: Clock,
    limit: Duration,
    due: Instant,
}

impl TimeLimit {
    pub(super) fn begin(clock: &Clock, limit: Duration) -> Self {
        Self(Arc::new(Limit {
            clock: clock.clone(),
            limit,
            due: clock.now() + limit,
        }))
    }

    /// Whether it is over.
    pub(crate) fn is_over(&self) -> bool {
        self.0.clock.now() >= self.0.due
    }

    /// Waits until it is over.
    pub(crate) fn over(&self) -> impl Future<Output = ()> + use<> {
        self.0.clock.sleep_until(self.0.due)
    }

    /// Lets go of a handler that takes longer. What it returns in time counts, also if nobody could
    /// look before.
    pub(super) async fn hold(&self, mut handler: HandlerFuture) -> Result<Finished, ListenerError> {
        let mut over = pin!(self.over());
        poll_fn(|context| match handler.as_mut().poll(context) {
            Poll::Ready(finished) => Poll::Ready(Ok(finished)),
            Poll::Pending => over.as_mut().poll(context).map(|()| Err(self.error())),
        })
        .await
    }

    fn error(&self) -> ListenerError {
        let timeout = AttemptTimeout {
            limit: self.0.limit,
        };
        ListenerError::new(
            ErrorKind::Timeout,
            Box::new(timeout),
            std::any::type_name::<AttemptTimeout>(),
            None,
            Policy::Inherit,
        )
    }
}
