//! Repository chores.
//!
//! [`kafka`] runs Apache Kafka from its published jars: the integration tests, the benchmarks and
//! whoever wants to compare use it; [`java`] compiles Java programs of ours. [`ci`] holds the steps of
//! continuous integration. [`suite`] runs other clients' own tests against the broker, [`proof`] tests
//! at a size that takes long, and [`spring`] has a Spring service talk with ours.

pub mod ci;
pub mod java;
pub mod kafka;
pub mod process;
pub mod proof;
pub mod spring;
pub mod suite;
pub mod workspace;
