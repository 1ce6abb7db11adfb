//! The program with a data directory: killed, started again, nothing acknowledged is lost.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helper functions too"
)]

mod broker;
mod coordinators;
mod kill;
mod producers;
mod topics;
