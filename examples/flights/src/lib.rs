//! What the service works with: the flights, and what became of them.

pub mod airlines;
pub mod csv;
pub mod flight;
pub mod journal;
pub mod summary;
pub mod tally;
