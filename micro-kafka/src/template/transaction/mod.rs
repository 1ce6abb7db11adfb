//! Transactions: sends that readers of committed records see all together or not at all.

mod error;
mod handle;
mod nesting;
mod open;
mod pool;
mod producer;
mod recorded;
mod send;
mod settings;
mod transacting;

pub use error::TransactionError;
pub use handle::Transaction;
use nesting::Nesting;
use recorded::recorded;
pub use send::{TransactionSend, TransactionSendFuture};
pub use settings::TransactionConfig;
pub(super) use transacting::Transactions;
