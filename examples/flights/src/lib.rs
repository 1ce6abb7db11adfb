//! A month of real departures from New York, handled by annotated listeners.

pub mod airlines;
pub mod csv;
pub mod flight;
pub mod summary;
