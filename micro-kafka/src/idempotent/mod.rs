//! Idempotent consumers: a record that was handled once is not handled again.
//!
//! `#[idempotent]` beside `#[kafka_listener]` gives each record a key, claims it in an
//! [`IdempotencyStore`] before the handler runs, and marks it as done when the handler has
//! succeeded. A record whose key is done is acknowledged without its handler, counted, and told as
//! [`DuplicateSkipped`](crate::listener::ContainerEvent::DuplicateSkipped). A handler that fails,
//! panics or is cancelled releases its key, so that retries of every kind run it again; a record
//! whose key is being handled elsewhere waits until that is decided.
//!
//! | store | marks | what a crash between effect and mark does |
//! |---|---|---|
//! | [`MemoryStore`] | in this process | the effect happens again, and so do those of all marks of the process |
//! | [`TOPIC`] | in a compacted topic, shared by all instances; with a transactional listener in the record's transaction | the effect happens again; in the transaction: nothing |
//! | `RedisStore` (feature `redis`) | in Redis, shared by all instances | the effect happens again, after the lease |
//! | `SqlStore` (features `sqlx-…`) | in the SQL transaction of the handler's own work | nothing: both are rolled back |
//!
//! The key counts within the listener: two listeners that handle the same record do not meet.

mod def;
mod key;
mod memory;
#[cfg(feature = "redis")]
mod redis;
mod spec;
#[cfg(feature = "sqlx")]
mod sql;
mod store;
mod topic;

#[cfg(feature = "redis")]
pub use self::redis::RedisStore;
pub use def::{IdempotentDef, KeyDef};
pub use key::KeyRejection;
pub use memory::MemoryStore;
pub use spec::Idempotent;
pub(crate) use spec::StoreAway;
#[cfg(feature = "sqlx")]
pub use sql::SqlStore;
#[cfg(feature = "sqlx")]
pub(crate) use sql::TxSlot;
pub use store::{
    Assignment, Busy, Claim, ClaimRequest, Claimed, Given, IdempotencyStore, StoreError,
    StoreFuture,
};
pub(crate) use topic::{TopicSettings, TopicStore};

/// How long a key is remembered if the attribute does not say.
pub const DEFAULT_WINDOW: std::time::Duration = std::time::Duration::from_secs(24 * 60 * 60);

/// How many keys are remembered if nothing is said: in memory all together, in a topic of each
/// partition.
pub const DEFAULT_CAPACITY: usize = 100_000;

/// The name of the store in a compacted topic, which every listener may name.
pub const TOPIC: &str = "topic";

/// The name of the store that every application has: a [`MemoryStore`] of its own.
pub const MEMORY: &str = "memory";
