//! Transactional listeners: what a record brings about and the record's own offset become visible
//! together, or not at all.
//!
//! Handlers do not send: their records are staged in memory ([`Outboxes`]) until their input is
//! finished and everything before it, too ([`Staging`]). Then a thread beside the consumer
//! ([`TransactionLine`]) sends them, with the offsets, in one Kafka transaction. A handler that
//! fails therefore costs no transaction; one that is aborted takes everything with it that is
//! younger, and its partitions are read again from where the broker has them committed.

mod line;
mod outboxes;
mod spec;
mod staging;

pub(in crate::listener) use line::{Answer, Failed, Job, TransactionLine};
pub(crate) use outboxes::Outboxes;
pub use spec::{TransactionDef, TransactionSpec};
pub(in crate::listener) use staging::Staging;
