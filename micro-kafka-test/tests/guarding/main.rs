//! What stands around the attempts of a listener: time limits, layers, rates, breakers.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod breaker;
mod budget;
mod budget_processes;
mod layers;
mod rates;
mod time_limits;
