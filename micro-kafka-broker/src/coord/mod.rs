//! Coordinators: state machines that decide, and thin shells that drive them.

pub(crate) mod group;
mod producer_ids;
pub(crate) mod transaction;

pub(crate) use producer_ids::ProducerIds;
