//! How spans get into a tracing system.

use std::fmt;

use tracing::Span;

use super::TraceContext;

/// Ties the span of an attempt to a tracing system, OpenTelemetry's for example; given to
/// `KafkaApp::builder().propagation(…)`.
///
/// Without one, what a handler sends is in the trace of its record, below a place that is made for
/// the attempt; the span's fields `trace_id` and `span_id` say which.
///
/// ```
/// use micro_kafka::observe::{Propagation, TraceContext};
///
/// #[derive(Debug)]
/// struct ToOpenTelemetry;
///
/// impl Propagation for ToOpenTelemetry {
///     fn begin(&self, span: &tracing::Span, parent: Option<TraceContext>) -> Option<TraceContext> {
///         // With tracing-opentelemetry: `span.set_parent(…)` of the parent's ids, then the ids of
///         // `span.context().span().span_context()`.
///         let _ = (span, parent);
///         None
///     }
/// }
/// ```
pub trait Propagation: Send + Sync + fmt::Debug {
    /// An attempt begins in that span; `parent` is what the record's `traceparent` says. Returns
    /// the place that sends of the handler name as theirs; `None` leaves it to the framework.
    fn begin(&self, span: &Span, parent: Option<TraceContext>) -> Option<TraceContext>;
}
