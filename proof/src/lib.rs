//! Proves that nothing is lost when the processes of a service are killed, stopped and restarted.
//!
//! `src/main.rs` is the service: four listeners that note in a file what they do with each record.
//! `tests/processes` runs several of it, does them harm by a seeded schedule, and hands the files
//! to [`check`], which names every anomaly. `cargo xtask proof processes` does it at full size.
//!
//! `src/outbox` are the services of the proof of outbox and deduplication, `tests/relays` those who
//! kill them, and their broker: `cargo xtask proof outbox`.

pub mod check;
#[cfg(feature = "all")]
pub mod database;
pub mod history;
pub mod isolated;
pub mod moment;
