//! What is sent twice is handled once: with keys in memory, in a compacted topic that outlives a
//! restart, and in the SQL transaction of the handler's own work.
//!
//! Run with `cargo run -p idempotent-consumer --features all`. It brings its own broker and a SQLite
//! database in memory.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};

use micro_kafka::app::RunningApp;
use micro_kafka::config::Config;
use micro_kafka::extract::SqlTx;
use micro_kafka::idempotent::SqlStore;
use micro_kafka::prelude::*;
use micro_kafka_broker::Broker;
use sqlx::sqlite::SqlitePoolOptions;
use sqlx::{Sqlite, SqlitePool};

/// What listeners that run side by side have done.
#[derive(Debug, Clone, Default)]
struct Done(Arc<Mutex<Vec<String>>>);

impl Done {
    fn note(&self, line: String) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(line);
    }

    fn print(&self) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.sort();
        lines.drain(..).for_each(|line| println!("{line}"));
    }
}

/// The store of all that do not name one: this process.
#[kafka_listener(topics = "payments", group_id = "mail")]
#[idempotent(key = header("event-id"), window = "1h")]
async fn mail(payment: &str, State(done): State<Done>) {
    done.note(format!("mail: {payment}"));
}

/// Marks in the topic `audit-seen`, which the application creates.
#[kafka_listener(topics = "payments", group_id = "audit")]
#[idempotent(key = header("event-id"), store = "topic")]
async fn audit(payment: &str, State(done): State<Done>) {
    done.note(format!("audit: {payment}"));
}

/// The entry and its mark are committed together, or not at all.
#[kafka_listener(topics = "payments", group_id = "ledger")]
#[idempotent(key = header("event-id"), store = "ledger")]
async fn book(payment: &str, mut tx: SqlTx<Sqlite>) -> Result<(), sqlx::Error> {
    let insert = sqlx::query("INSERT INTO entries (payment) VALUES (?)");
    insert.bind(payment).execute(&mut **tx).await?;
    Ok(())
}

async fn start(
    broker: &Broker,
    pool: &SqlitePool,
    done: &Done,
) -> Result<RunningApp, Box<dyn Error>> {
    let settings = Config::builder().set("kafka.bootstrap-servers", broker.bootstrap_servers());
    let app = KafkaApp::builder().config_from(settings);
    let app = app
        .idempotency_store("ledger", SqlStore::new(pool))
        .state(done.clone());
    Ok(app.build()?.start().await?)
}

/// Sends, and waits until all have handled or skipped it.
async fn pay(app: &RunningApp, payment: &str, id: &str) -> Result<(), KafkaError> {
    let sent = app.template().send("payments", payment);
    sent.header("event-id", id).await?;
    for listener in app.containers() {
        listener.assigned(1).await;
        listener.quiet().await;
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let broker = Broker::builder().topic("payments", 1).start().await?;
    let pool = SqlitePoolOptions::new().max_connections(1);
    let pool = pool.connect("sqlite::memory:").await?;
    sqlx::query("CREATE TABLE entries (payment TEXT NOT NULL)")
        .execute(&pool)
        .await?;
    SqlStore::migrate(&pool).await?;
    let done = Done::default();

    let app = start(&broker, &pool, &done).await?;
    pay(&app, "ada pays 5", "1").await?;
    pay(&app, "ada pays 5, sent again", "1").await?;
    app.stop().await;
    done.print();

    println!("a restart: what is in memory is forgotten");
    let app = start(&broker, &pool, &done).await?;
    pay(&app, "ada pays 5, sent once more", "1").await?;
    pay(&app, "ben pays 7", "2").await?;
    app.stop().await;
    done.print();

    let entries = "SELECT payment FROM entries";
    let entries: Vec<String> = sqlx::query_scalar(entries).fetch_all(&pool).await?;
    println!("entries: {}", entries.join(", "));
    broker.stop().await;
    Ok(())
}
