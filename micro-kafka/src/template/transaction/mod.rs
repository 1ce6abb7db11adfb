//! Transactions: sends that readers of committed records see all together or not at all.

mod error;
mod handle;
mod nesting;
mod open;
mod outbox;
mod pool;
mod producer;
mod recorded;
mod send;
mod settings;
mod staged;
mod transacting;

pub use error::TransactionError;
pub(in crate::template) use handle::Scope;
pub use handle::Transaction;
use nesting::Nesting;
pub(crate) use outbox::{Outbox, Postage, Staged};
use recorded::recorded;
pub use send::{TransactionSend, TransactionSendFuture};
pub use settings::TransactionConfig;
pub(crate) use settings::random_prefix;
pub(crate) use staged::{StagedCommitter, StagedTransaction};
pub(super) use transacting::Transactions;
