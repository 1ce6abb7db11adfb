//! Containers on a broker: librdkafka's mock, or the one that `MICRO_KAFKA_TEST` names.

mod consuming;
mod failing;
mod lifecycle;
mod rebalancing;
mod sharing;
pub(super) mod support;
