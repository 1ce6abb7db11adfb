//! Logs on disk, in the formats of Apache Kafka: one file here for each of them.
//!
//! A partition has a directory with, for each segment, its batches (`.log`), what is derived from
//! them (`.index`, `.timeindex`, `.txnindex`), and the producers' state at its beginning
//! (`.snapshot`). What is derived can always be made again from the batches.

mod checkpoint;
mod data_dir;
mod entries;
mod epochs;
mod file;
mod lock;
mod meta_properties;
mod names;
mod partition_dir;
mod partition_metadata;
mod scan;
mod snapshot;
mod swap;
#[cfg(test)]
pub(crate) mod temporary;
pub(crate) mod text;
mod txn_index;

pub(crate) use data_dir::{Checkpoint, DataDir, DataDirError, FoundPartition, Offsets};
pub(super) use entries::IndexFiles;
pub(crate) use file::Faults;
pub(super) use file::{LogFile, failed};
pub(super) use names::{Kind, Suffix};
pub(crate) use partition_dir::PartitionDir;
pub(super) use scan::scan;
pub(crate) use snapshot::ProducerEntry;
pub(super) use swap::settle;
pub(super) use text::sync_dir;
pub(crate) use txn_index::AbortedEntry;
