//! The transactional outbox: records are written into a table within the user's own SQL
//! transaction, and a relay sends them to Kafka once that has committed.
//!
//! Nothing is sent of what is rolled back, and nothing is lost of what is committed, whatever
//! crashes. Features `sqlx-postgres` and `sqlx-sqlite`.
//!
//! - **Order.** Records with the same topic and key, or without a key the same topic and partition,
//!   are sent in the order in which their transactions committed, one after the other. A record
//!   that cannot be sent holds back those behind it, and no others.
//! - **Duplicates.** A relay that dies between the broker's acknowledgement and the deletion of its
//!   rows leaves them to the next one, which sends them again: at most those that it had read, with
//!   the same [`OUTBOX_ID`] header. `#[idempotent(key = header("mk-outbox-id"))]` tells them.
//! - **Leader.** Each instance of a service may have a relay: a lease in the table
//!   `kafka_outbox_lease` makes one of them the sender. A lease that is not renewed passes to
//!   another instance; a token keeps the former holder from deleting rows.
//!
//! In PostgreSQL a send takes an advisory lock of its key until the transaction ends: ids of a
//! sequence do not appear in their order otherwise. Two transactions that send to the same two keys
//! in opposite order may therefore deadlock, of which PostgreSQL ends one: send in the order of the
//! keys where that may happen.

mod lane;
mod relay;
mod running;
mod send;
mod sender;
mod settings;
mod table;

pub(crate) use running::{RelayHandle, Relayed};
pub use send::{OutboxError, OutboxId, OutboxSend};
pub use settings::RelaySettings;
pub use table::Outbox;

pub use crate::sql::{Backlog, Dialect};

/// The header that each record from an outbox carries: another text for each.
pub const OUTBOX_ID: &str = "mk-outbox-id";
