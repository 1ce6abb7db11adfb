//! Records that are written in SQL transactions, and effects that are committed with their marks.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod database;
mod effects;
mod redis;
mod relaying;

use std::time::Duration;

use micro_kafka::outbox::{Dialect, Outbox, RelaySettings};
use sqlx::Pool;

/// An outbox whose relay soon takes over from one that died, and soon tries again.
async fn outbox<DB: Dialect>(pool: &Pool<DB>) -> Outbox<DB> {
    Outbox::migrate(pool).await.unwrap();
    // Several instances migrate at once.
    Outbox::migrate(pool).await.unwrap();
    let settings = RelaySettings::default()
        .lease(Duration::from_secs(1))
        .poll(Duration::from_millis(50));
    Outbox::new(pool).relay(settings.max_back_off(Duration::from_millis(500)))
}

/// Writes a record in a transaction of its own.
async fn write<DB: Dialect>(pool: &Pool<DB>, outbox: &Outbox<DB>, key: &str, value: &str) {
    let mut tx = pool.begin().await.unwrap();
    let send = outbox.send(&mut tx, "orders", value).key(key);
    send.await.unwrap();
    tx.commit().await.unwrap();
}
