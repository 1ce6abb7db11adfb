//! The databases that hold an outbox, or the keys of an idempotent consumer.
//!
//! Both are tables of the user's own database, made by `migrate` of
//! [`Outbox`](crate::outbox::Outbox) and [`SqlStore`](crate::idempotent::SqlStore).

mod dialect;
mod headers;
#[cfg(feature = "sqlx-postgres")]
mod postgres;
#[cfg(feature = "sqlx-sqlite")]
mod sqlite;

pub use dialect::{Backlog, Dialect};
pub(crate) use dialect::{Lease, NewRow, OutboxRow, Reading, SqlFuture, Wake};
pub(crate) use headers::{read_headers, write_headers};
