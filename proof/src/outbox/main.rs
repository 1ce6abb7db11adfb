//! The services of the proof of outbox and deduplication, each in processes of its own that are
//! killed: one writes orders and their records, two relay them, two handle them, each order once
//! with each store.

mod handle;
mod write;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use micro_kafka::config::{Config, ConfigBuilder};
use micro_kafka::outbox::{Outbox, RelaySettings};
use micro_kafka_proof::database::ProofDatabase;
use sqlx::{Pool, Postgres, Sqlite};

/// A service whose processes are killed by the proof of the outbox
#[derive(Debug, Parser)]
struct Args {
    /// What it does
    #[arg(value_enum)]
    role: Role,
    /// Where the Kafka is
    #[arg(long)]
    bootstrap_servers: String,
    /// Before all names of topics and groups
    #[arg(long)]
    namespace: String,
    /// A URL of PostgreSQL, or a file for SQLite
    #[arg(long)]
    database: String,
    /// Where the Redis is
    #[arg(long)]
    redis: String,
    /// The file for what it brings about; it must not exist
    #[arg(long)]
    effects: PathBuf,
    /// How many orders are written
    #[arg(long)]
    rows: i64,
    /// How many of their records may wait
    #[arg(long)]
    ahead: u64,
    /// A mistake that it makes
    #[arg(long, value_enum)]
    bug: Option<Bug>,
}

/// Mistakes that a service may make, so that the proof is seen to find them. The process is gone at
/// the worst moment, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Bug {
    /// The record is written in a transaction after that of its order.
    RecordApart,
    /// The effect is written outside the transaction of its mark.
    EffectApart,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Role {
    Write,
    Relay,
    Handle,
}

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("the database does not answer")]
    Database(#[from] sqlx::Error),
    #[error("the effects cannot be written")]
    Effects(#[from] std::io::Error),
    #[error("the Redis cannot be used")]
    Redis(#[from] micro_kafka::idempotent::StoreError),
    #[error("a record was not written")]
    Outbox(#[from] micro_kafka::outbox::OutboxError),
    #[error(transparent)]
    App(#[from] micro_kafka::Error),
}

/// Short, so that what a killed process had is soon taken over; and nothing is given up.
const SETTINGS: &str = r#"
[kafka.consumer.properties]
"session.timeout.ms" = 6000
"heartbeat.interval.ms" = 500

[kafka.listener.retry]
attempts = 100000
backoff = "50ms"
"#;
/// So long a relay's shard waits for the next one.
const LEASE: Duration = Duration::from_secs(2);

#[tokio::main(worker_threads = 2)]
async fn main() -> ExitCode {
    let args = Args::parse();
    micro_kafka::app::log_to_stderr("warn");
    let ended = match args.database.starts_with("postgres:") {
        true => run::<Postgres>(&args).await,
        false => run::<Sqlite>(&args).await,
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("proof of the outbox: {error:?}");
            ExitCode::FAILURE
        }
    }
}

async fn run<DB: handle::Handles>(args: &Args) -> Result<(), Error> {
    let pool = DB::connect(&args.database).await?;
    match args.role {
        Role::Write => write::run(&pool, args).await,
        Role::Relay => relay(&pool, args).await,
        Role::Handle => handle::run(&pool, args).await,
    }
}

fn settings(args: &Args) -> ConfigBuilder {
    Config::builder()
        .toml_str("settings of the proof", SETTINGS)
        .set("kafka.bootstrap-servers", &args.bootstrap_servers)
        .set("kafka.namespace", &args.namespace)
}

/// Its listener is never given a record.
async fn relay<DB: ProofDatabase>(pool: &Pool<DB>, args: &Args) -> Result<(), Error> {
    let outbox = Outbox::new(pool).relay(RelaySettings::default().lease(LEASE));
    let app = micro_kafka::KafkaApp::builder().config_from(settings(args));
    let app = app.listener(handle::idle).outbox(outbox);
    Ok(app.build()?.run().await?)
}
