//! Compaction: of the records with one key only the last is kept.
//!
//! Everything here decides and changes bytes; it neither locks nor waits. A run over a log goes
//! from its [`DirtyRange`] over the [`LastOffsets`] of the keys in it to the [`Filter`] that every
//! batch from the log's begin to the end of the range goes through, segment [group](grouped) by
//! group. Semantics are those of Kafka's log cleaner, offsets and delete horizons included.

mod filter;
mod groups;
mod keys;
mod markers;
mod range;

pub(crate) use filter::{Filter, FilterRules, Kept, LastOfProducer};
pub(crate) use groups::{GroupLimit, grouped};
pub(crate) use keys::LastOffsets;
pub(crate) use range::{DirtyRange, LogSpan};
