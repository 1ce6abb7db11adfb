//! One partition's replica on this broker: what is appended, read and waited for.
//!
//! A [`Partition`] assigns offsets, keeps the idempotent producers' state and the leader epochs,
//! and wakes fetches that wait for records. Its lock is held for microseconds and never across an
//! await.

mod compaction;
mod core;
mod epochs;
mod error;
mod flusher;
mod glance;
mod marker;
mod offsets;
mod producer;
mod reading;
mod replica;
mod retention;
mod stored;
mod table;
mod transactions;
mod unverified;
mod waiter;

pub(crate) use compaction::{Compacted, CompactionError, CompactionRun};
pub(crate) use epochs::{EpochEnd, LeaderEpochs};
pub(crate) use error::{AppendError, EpochError, ReadError};
pub(crate) use flusher::Flusher;
pub(crate) use glance::Glance;
pub(crate) use marker::MarkerError;
pub(crate) use offsets::OffsetSpec;
pub(crate) use producer::{ActiveProducer, ProducerError, Producers, Sequenced};
pub(crate) use reading::{Isolation, ReadRequest};
pub(crate) use replica::{Admission, Appended, Partition};
pub(crate) use retention::DeleteError;
pub(crate) use table::PartitionTable;
pub(crate) use transactions::Aborted;
pub(crate) use waiter::{FetchWait, FetchWaiter};
