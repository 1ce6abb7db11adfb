//! Coordinators: state machines that decide, and thin shells that drive them.

pub(crate) mod group;
