//! Repository chores.
//!
//! [`kafka`] runs Apache Kafka from its published jars: the integration tests, the benchmarks and
//! whoever wants to compare use it. [`ci`] holds the steps of continuous integration.

pub mod ci;
pub mod kafka;
pub mod process;
pub mod workspace;
