//! How many connections are let in, how fast, and how much their requests may take.

mod connections;
mod memory;
mod overrides;
mod rate;

pub(super) use connections::{Admitted, ConnectionLimits, Slot};
pub(super) use memory::{Grant, RequestMemory};
