//! Handlers and recoverers that were not ready at their first poll.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

use super::pulse::Pulse;
use super::{AckToken, Delivery, Dispatch, Finished, Handler, HandlerFuture, HandlerSlot};
use crate::error::{BoxError, ListenerError, RecoverFuture, Recovered};
use crate::listener::lane::Try;

/// Something at work on one record.
#[derive(Debug)]
pub(super) struct InFlight {
    pub(super) token: AckToken,
    pub(super) started: Instant,
    pub(super) pulse: Arc<Pulse>,
    pub(super) work: Work,
}

/// What is at work.
pub(super) enum Work {
    Handler(HandlerFuture),
    /// A handler on other threads.
    Task(JoinHandle<Finished>),
    Recover {
        future: RecoverFuture,
        this: Try,
    },
}

/// What came of it.
#[derive(Debug)]
pub(super) enum Outcome {
    Finished(Finished),
    Recovered {
        delivery: Delivery,
        error: ListenerError,
        result: Result<Recovered, BoxError>,
        this: Try,
    },
    /// It panicked and took the delivery with it.
    Panicked(String),
}

/// An outcome and whose it is.
#[derive(Debug)]
pub(super) struct Landed {
    pub(super) token: AckToken,
    pub(super) elapsed: Duration,
    pub(super) outcome: Outcome,
    /// Whether it was at work on a thread of its own.
    pub(super) was_task: bool,
}

impl Work {
    /// Starts a handler, polling it once: one that is ready never leaves the loop.
    pub(super) fn handle(
        handler: &Handler,
        delivery: Delivery,
        slot: &mut HandlerSlot,
    ) -> Result<Outcome, Self> {
        let started = catch_unwind(AssertUnwindSafe(|| {
            let started = handler.start(delivery, slot);
            started.map(Outcome::Finished).map_err(Self::Handler)
        }));
        started.unwrap_or_else(|panic| Ok(Outcome::Panicked(panic_text(&*panic))))
    }

    /// Starts a handler on the threads of the runtime.
    pub(super) fn spawn(
        handler: &Handler,
        delivery: Delivery,
        runtime: &tokio::runtime::Handle,
        dispatch: Dispatch,
    ) -> Result<Outcome, Self> {
        let started = catch_unwind(AssertUnwindSafe(|| {
            let future = handler.unpolled(delivery);
            Err(Self::Task(match dispatch {
                Dispatch::Blocking => {
                    let on = runtime.clone();
                    runtime.spawn_blocking(move || on.block_on(future))
                }
                Dispatch::Inline | Dispatch::Spawn => runtime.spawn(future),
            }))
        }));
        started.unwrap_or_else(|panic| Ok(Outcome::Panicked(panic_text(&*panic))))
    }

    /// The same for a recovery that `start` begins.
    pub(super) fn recover(
        start: impl FnOnce() -> RecoverFuture,
        this: Try,
    ) -> Result<Outcome, Self> {
        let started = catch_unwind(AssertUnwindSafe(|| {
            let future = start();
            let mut work = Self::Recover { future, this };
            match work.poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(outcome) => Ok(outcome),
                Poll::Pending => Err(work),
            }
        }));
        started.unwrap_or_else(|panic| Ok(Outcome::Panicked(panic_text(&*panic))))
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Outcome> {
        match self {
            Self::Handler(future) => future.as_mut().poll(context).map(Outcome::Finished),
            Self::Task(task) => Pin::new(task).poll(context).map(|ended| match ended {
                Ok(finished) => Outcome::Finished(finished),
                Err(error) => Outcome::Panicked(match error.try_into_panic() {
                    Ok(panic) => panic_text(&*panic),
                    Err(cancelled) => cancelled.to_string(),
                }),
            }),
            Self::Recover { future, this } => {
                let ready = future.as_mut().poll(context);
                ready.map(|(delivery, error, result)| Outcome::Recovered {
                    delivery,
                    error,
                    result,
                    this: *this,
                })
            }
        }
    }
}

impl Future for InFlight {
    type Output = Landed;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Landed> {
        self.pulse
            .begin(self.token.slot, self.token.offset, Instant::now());
        let work = &mut self.work;
        let polled = catch_unwind(AssertUnwindSafe(|| work.poll(context)));
        self.pulse.end();
        let outcome = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(outcome)) => outcome,
            Err(panic) => Outcome::Panicked(panic_text(&*panic)),
        };
        Poll::Ready(Landed {
            token: self.token,
            elapsed: self.started.elapsed(),
            outcome,
            was_task: matches!(self.work, Work::Task(_)),
        })
    }
}

impl std::fmt::Debug for Work {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Handler(_) => "Handler",
            Self::Task(_) => "Task",
            Self::Recover { .. } => "Recover",
        })
    }
}

/// What a panic said.
pub(super) fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "a panic without a text".to_owned())
}
