//! A Kafka broker for development and tests.

pub(crate) mod batch;
pub(crate) mod clock;
pub(crate) mod log;
pub(crate) mod meta;
pub(crate) mod partition;
pub(crate) mod wire;
