//! What became of a record, handed from the poll thread to whoever awaits it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;

use super::{ErrorCode, KeyHash};
use crate::record::Timestamp;

/// Where the broker stored a record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stored {
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) timestamp: Timestamp,
}

/// A record that the broker did not acknowledge.
#[derive(Debug)]
pub(crate) struct Undelivered {
    pub(crate) topic: Arc<str>,
    pub(crate) code: ErrorCode,
    pub(crate) partition: i32,
    pub(crate) key_hash: Option<KeyHash>,
    /// The broker may have it all the same.
    pub(crate) maybe_stored: bool,
    /// More words than the code has, where librdkafka has any.
    pub(crate) reason: Option<Box<str>>,
}

/// The report of one record, without its topic.
#[derive(Debug, Clone)]
pub(super) struct Refused {
    pub(super) code: ErrorCode,
    pub(super) partition: i32,
    pub(super) key_hash: Option<KeyHash>,
    pub(super) maybe_stored: bool,
    pub(super) reason: Option<Box<str>>,
}

impl Refused {
    pub(super) fn of(self, topic: Arc<str>) -> Undelivered {
        Undelivered {
            topic,
            code: self.code,
            partition: self.partition,
            key_hash: self.key_hash,
            maybe_stored: self.maybe_stored,
            reason: self.reason,
        }
    }
}

/// Is told of every failure that nobody awaits; called on the poll thread or by whoever drops.
#[derive(Clone)]
pub(crate) struct FailureHook(Arc<dyn Fn(Undelivered) + Send + Sync>);

impl FailureHook {
    pub(crate) fn new(hook: impl Fn(Undelivered) + Send + Sync + 'static) -> Self {
        Self(Arc::new(hook))
    }

    /// Calls the hook; its panics end here, since the poll thread must go on.
    pub(crate) fn call(&self, failure: Undelivered) {
        let call = AssertUnwindSafe(|| (self.0)(failure));
        if catch_unwind(call).is_err() {
            tracing::error!("the error hook of a template panicked");
        }
    }
}

impl std::fmt::Debug for FailureHook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FailureHook")
    }
}

/// Is told of every delivery; called on the poll thread.
#[derive(Clone)]
pub(crate) struct DeliveryHook(Arc<OnDelivery>);

type OnDelivery = dyn Fn(Arc<str>, Result<Stored, Undelivered>) + Send + Sync;

impl DeliveryHook {
    pub(crate) fn new(
        hook: impl Fn(Arc<str>, Result<Stored, Undelivered>) + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(hook))
    }

    /// Calls the hook; its panics end here, since the poll thread must go on.
    pub(super) fn call(&self, topic: Arc<str>, report: &Result<Stored, Refused>) {
        let report = match report {
            Ok(stored) => Ok(*stored),
            Err(refused) => Err(refused.clone().of(Arc::clone(&topic))),
        };
        self.catching(topic, report);
    }

    /// The same for a record that was not queued.
    pub(super) fn tell(&self, refused: Undelivered) {
        self.catching(Arc::clone(&refused.topic), Err(refused));
    }

    fn catching(&self, topic: Arc<str>, report: Result<Stored, Undelivered>) {
        let call = AssertUnwindSafe(|| (self.0)(topic, report));
        if catch_unwind(call).is_err() {
            tracing::error!("the producer listener of a template panicked");
        }
    }
}

/// What all sends to one topic share.
#[derive(Debug)]
pub(super) struct Origin {
    pub(super) topic: Arc<str>,
    pub(super) hook: FailureHook,
}

/// The one allocation of an awaited send: librdkafka holds one reference, the future the other.
#[derive(Debug)]
pub(super) struct Slot {
    origin: Arc<Origin>,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    Pending(Option<Waker>),
    /// A failure is boxed: it is rare, and a slot is read from memory that is long out of the
    /// caches.
    Done(Result<Stored, Box<Refused>>),
    /// Nobody waits any more: a failure goes to the hook.
    Abandoned,
}

impl Slot {
    pub(super) fn new(origin: Arc<Origin>) -> Arc<Self> {
        Arc::new(Self {
            origin,
            state: Mutex::new(State::Pending(None)),
        })
    }

    pub(super) fn complete(&self, report: Result<Stored, Refused>) {
        let mut state = self.state.lock();
        match &mut *state {
            State::Pending(waker) => {
                let waker = waker.take();
                *state = State::Done(report.map_err(Box::new));
                drop(state);
                if let Some(waker) = waker {
                    waker.wake();
                }
            }
            State::Abandoned => {
                drop(state);
                if let Err(refused) = report {
                    self.abandoned(refused);
                }
            }
            State::Done(_) => {}
        }
    }

    fn abandoned(&self, refused: Refused) {
        self.origin
            .hook
            .call(refused.of(Arc::clone(&self.origin.topic)));
    }
}

/// The broker's answer about one record.
#[derive(Debug)]
#[must_use = "a delivery is only known once it is awaited"]
pub(crate) struct Receipt {
    slot: Arc<Slot>,
    /// Whether the answer was given to whoever awaits it.
    taken: bool,
}

impl Receipt {
    pub(super) fn new(slot: Arc<Slot>) -> Self {
        Self { slot, taken: false }
    }

    pub(crate) fn topic(&self) -> &Arc<str> {
        &self.slot.origin.topic
    }
}

impl Future for Receipt {
    type Output = Result<Stored, Undelivered>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let mut state = this.slot.state.lock();
        match &mut *state {
            State::Pending(waker) => {
                match waker {
                    Some(waker) => waker.clone_from(context.waker()),
                    None => *waker = Some(context.waker().clone()),
                }
                Poll::Pending
            }
            State::Done(_) => {
                let State::Done(report) = std::mem::replace(&mut *state, State::Abandoned) else {
                    return Poll::Pending;
                };
                drop(state);
                this.taken = true;
                let topic = &this.slot.origin.topic;
                Poll::Ready(report.map_err(|refused| refused.of(Arc::clone(topic))))
            }
            // Polled after it was ready.
            State::Abandoned => Poll::Pending,
        }
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        if self.taken {
            return;
        }
        let mut state = self.slot.state.lock();
        if let State::Done(Err(refused)) = std::mem::replace(&mut *state, State::Abandoned) {
            drop(state);
            self.slot.abandoned(*refused);
        }
    }
}
