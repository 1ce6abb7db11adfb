//! Quarantine: a record that kills its process is found, and kept from killing the next one.
//!
//! No handler can tell its own abort. What is left behind is the group's offset: each commit says in
//! its metadata which process is at work (`Marker`). Whoever takes a partition over and finds the
//! note of another process there, in place of none, counts a death at that offset (`Watch`). After
//! some deaths without any progress between them the records of the whole process run one at a time
//! (`Warden`), each named in the metadata before it begins; the record that is named there when the
//! process dies once more is the one.

mod crashed;
mod marker;
mod process;
mod spec;
mod warden;
mod watch;

#[cfg(test)]
mod tests;

pub(crate) use crashed::CrashedConsumer;
pub(in crate::listener) use process::{Process, now};
pub use spec::QuarantineSpec;
pub(in crate::listener) use warden::Seat;
pub(crate) use warden::Warden;
pub(in crate::listener) use watch::{Opened, Watch};
