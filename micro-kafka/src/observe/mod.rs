//! What an operator sees: metrics, and spans of records in their traces.

mod attempt_trace;
pub(crate) mod catalog;
mod propagation;
mod tags;
mod trace_context;

mod deliveries;

pub(crate) use attempt_trace::{AttemptTrace, Traced};
pub use catalog::{METRICS, Metric, MetricKind, describe_metrics};
pub(crate) use deliveries::DeliveryMeters;
pub use propagation::Propagation;
pub use tags::MetricTags;
pub use trace_context::TraceContext;
