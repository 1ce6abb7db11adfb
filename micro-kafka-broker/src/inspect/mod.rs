//! What a broker holds, for tests: without a client, and without changing it.

mod groups;
mod records;
mod transactions;

pub use groups::{CommittedOffset, GroupView, MemberView, NoSuchMember};
pub use records::{NoSuchPartition, PartitionView, StoredRecord};
pub use transactions::{AbortedTransaction, ProducerView, TransactionView};
