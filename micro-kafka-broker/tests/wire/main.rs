//! The broker over sockets: order, hostile bytes, start and stop.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking, in its helper functions too"
)]

mod admin;
#[allow(dead_code, reason = "other tests use more of it")]
#[path = "../semantics/batch.rs"]
mod batch;
mod broker_ends;
mod brokers;
mod changes;
mod client;
mod cluster;
mod configs;
mod guide;
mod hostile;
mod lifecycle;
mod limits;
mod listeners;
mod order;
mod produce;
mod topics;
mod upkeep;
mod upkeep_of_transactions;
mod wake;
