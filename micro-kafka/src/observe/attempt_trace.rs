//! The span of an attempt, and what is sent within it.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tracing::Span;
use tracing::field::Empty;

use super::trace_context::{TRACEPARENT, TRACESTATE};
use super::{Propagation, TraceContext};
use crate::error::RecoverFuture;
use crate::listener::{BatchOutcome, Delivery};
use crate::record::Record;

thread_local! {
    /// The attempt whose handler, or recoverer, this thread is polling.
    static CURRENT: RefCell<Option<Arc<AttemptTrace>>> = const { RefCell::new(None) };
}

/// One attempt of a record, or a batch, in a trace: from the handler to the retry or the dead
/// letter that it ends with.
#[derive(Debug)]
pub(crate) struct AttemptTrace {
    span: Span,
    /// What sends within it say.
    own: TraceContext,
    /// What the record said.
    came_with: Option<Box<[u8]>>,
    state: Option<Box<[u8]>>,
}

impl AttemptTrace {
    /// Opens the span of an attempt.
    pub(crate) fn begin(delivery: &Delivery, propagation: Option<&dyn Propagation>) -> Arc<Self> {
        let record = delivery.record();
        let came_with = header(record, TRACEPARENT);
        let parent = came_with.as_deref().and_then(TraceContext::parse);
        let listener = delivery.listener();
        let span = tracing::info_span!(
            target: "micro_kafka::record",
            "record",
            listener = &*listener.id,
            group = &*listener.group_id,
            topic = record.topic(),
            partition = record.partition(),
            offset = record.offset(),
            attempt = delivery.attempt(),
            records = Empty,
            parent = Empty,
            trace_id = Empty,
            span_id = Empty,
            outcome = Empty,
            error = Empty,
            otel.name = format_args!("{} process", record.topic()),
            otel.kind = "consumer",
        );
        let own = propagation.and_then(|it| it.begin(&span, parent));
        let own =
            own.unwrap_or_else(|| parent.map_or_else(TraceContext::root, TraceContext::child));
        span.record("trace_id", format_args!("{:032x}", own.trace_id()));
        span.record("span_id", format_args!("{:016x}", own.span_id()));
        if let Some(parent) = parent {
            span.record("parent", format_args!("{parent}"));
        }
        let records = delivery.batch().count();
        if records > 1 {
            span.record("records", records);
        }
        Arc::new(Self {
            span,
            own,
            came_with,
            state: header(record, TRACESTATE),
        })
    }

    /// The same attempt for another record of its batch, which may be of another trace.
    pub(crate) fn of(self: &Arc<Self>, record: &Record) -> Arc<Self> {
        let came_with = header(record, TRACEPARENT);
        if came_with == self.came_with {
            return Arc::clone(self);
        }
        let parent = came_with.as_deref().and_then(TraceContext::parse);
        Arc::new(Self {
            span: self.span.clone(),
            own: parent.map_or(self.own, TraceContext::child),
            came_with,
            state: header(record, TRACESTATE),
        })
    }

    /// Notes what is decided about the record, or where it went.
    pub(crate) fn decided(&self, outcome: &str, error: &str) {
        self.span.record("outcome", outcome);
        self.span.record("error", error);
    }

    /// The handler has ended; what becomes of failed records is part of the attempt.
    pub(crate) fn ended(self: &Arc<Self>, outcome: &BatchOutcome, delivery: &mut Delivery) {
        match outcome {
            BatchOutcome::Done => {
                self.span.record("outcome", "done");
            }
            BatchOutcome::Failed(_) | BatchOutcome::Each(_) => delivery.set_trace(self),
        }
    }

    /// Starts a recovery within the attempt that it ends.
    pub(crate) fn of_recovery(
        trace: Option<Arc<Self>>,
        start: impl FnOnce() -> RecoverFuture,
    ) -> RecoverFuture {
        match trace {
            Some(trace) => {
                let recovery = trace.within(start);
                Box::pin(Traced::new(Some(trace), recovery))
            }
            None => start(),
        }
    }

    /// The attempt that is at work on this thread.
    pub(crate) fn with_current<T>(look: impl FnOnce(&Self) -> T) -> Option<T> {
        CURRENT.with_borrow(|current| current.as_deref().map(look))
    }

    /// Says in a record that is sent now where it comes from. `set` is given a header's name, what
    /// is replaced as a copy of the handled record's, and the value; `false` if the program has set
    /// the header itself, which stays.
    pub(crate) fn stamp(&self, mut set: impl FnMut(&[u8], Option<&[u8]>, &[u8]) -> bool) {
        let own = self.own.to_string();
        let set_own = set(TRACEPARENT, self.came_with.as_deref(), own.as_bytes());
        if let Some(state) = self.state.as_deref().filter(|_| set_own) {
            set(TRACESTATE, Some(state), state);
        }
    }

    /// Does something within the attempt.
    pub(crate) fn within<T>(self: &Arc<Self>, work: impl FnOnce() -> T) -> T {
        let _span = self.span.enter();
        let outer = CURRENT.replace(Some(Arc::clone(self)));
        let _restore = Restore(outer);
        work()
    }
}

/// Puts the outer attempt back, a panic included.
struct Restore(Option<Arc<AttemptTrace>>);

impl Drop for Restore {
    fn drop(&mut self) {
        CURRENT.set(self.0.take());
    }
}

fn header(record: &Record, name: &[u8]) -> Option<Box<[u8]>> {
    let name = std::str::from_utf8(name).ok()?;
    let header = record.headers().get(name)?;
    Some(header.value?.into())
}

/// A future that is polled within an attempt, if there is one.
pub(crate) struct Traced<F> {
    trace: Option<Arc<AttemptTrace>>,
    future: F,
}

impl<F: Future + Unpin> Traced<F> {
    pub(crate) fn new(trace: Option<Arc<AttemptTrace>>, future: F) -> Self {
        Self { trace, future }
    }
}

impl<F: Future + Unpin> Future for Traced<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = &mut *self;
        let future = Pin::new(&mut this.future);
        match &this.trace {
            Some(trace) => trace.within(|| future.poll(context)),
            None => future.poll(context),
        }
    }
}
