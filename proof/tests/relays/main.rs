//! Orders go through an outbox and through deduplicating listeners while their processes and the
//! broker are killed: nothing is lost, each key keeps its order, and nothing happens twice but what
//! the guide says. Services that make a mistake are found out.
//!
//! `MICRO_KAFKA_PROOF_ROWS` and `MICRO_KAFKA_PROOF_KILLS` say how many; `MICRO_KAFKA_PROOF_SEED`
//! chooses who is killed, and for how long. With `MICRO_KAFKA_TEST` the Kafka is that one, and stays
//! alive.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helper functions too"
)]

mod broker;
mod check;
#[allow(dead_code, reason = "tests of the framework use the rest")]
#[path = "../../../micro-kafka-test/tests/outbox/database.rs"]
mod database;
mod figures;
mod process;
mod reading;
mod trial;

use micro_kafka_proof::database::ProofDatabase;
use sqlx::{Postgres, Sqlite};
use trial::{Size, Trial};

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(format!("MICRO_KAFKA_PROOF_{name}")).ok()?;
    Some(text.parse().unwrap())
}

/// Each is killed once, and the embedded broker, unless more is asked for.
fn size() -> Size {
    Size {
        rows: usize::try_from(number("ROWS").unwrap_or(1_000)).unwrap(),
        kills: usize::try_from(number("KILLS").unwrap_or(6)).unwrap(),
        seed: number("SEED").unwrap_or(1),
        bug: None,
    }
}

/// A small trial of services that make a mistake: what the proof says of it.
async fn found<DB: ProofDatabase>(
    name: &'static str,
    address: String,
    bug: &'static str,
) -> String {
    let size = Size {
        rows: 200,
        kills: 0,
        seed: 1,
        bug: Some(bug),
    };
    let trial = Trial::of(name, address, size).await;
    let folder = trial.folder().to_owned();
    let panic = tokio::spawn(trial.run::<DB>()).await.unwrap_err();
    let said = *panic.into_panic().downcast::<String>().unwrap();
    eprintln!("found: {said}");
    let _ = std::fs::remove_dir_all(folder);
    said
}

async fn sqlite() -> String {
    let pool = database::sqlite().await;
    let file = pool.connect_options().get_filename().to_owned();
    file.to_string_lossy().into_owned()
}

async fn postgres() -> String {
    let pool = database::postgres().await;
    let options = pool.connect_options();
    let (port, name) = (options.get_port(), options.get_database().unwrap());
    format!("postgres://postgres@127.0.0.1:{port}/{name}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_and_nothing_happens_twice_in_sqlite() {
    let trial = Trial::of("SQLite", sqlite().await, size()).await;
    eprintln!("{}", trial.run::<Sqlite>().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_and_nothing_happens_twice_in_postgres() {
    let trial = Trial::of("PostgreSQL", postgres().await, size()).await;
    eprintln!("{}", trial.run::<Postgres>().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_apart_from_its_order_is_found_to_be_lost() {
    let said = found::<Sqlite>("SQLite", sqlite().await, "record-apart").await;
    assert!(said.contains("orders that were sent"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_effect_apart_from_its_mark_is_found_to_happen_twice() {
    let said = found::<Postgres>("PostgreSQL", postgres().await, "effect-apart").await;
    assert!(said.contains("effects in SQL: lost, twice"), "{said}");
}
