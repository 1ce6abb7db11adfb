//! Handles each order once with each store.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::sync::Arc;

use micro_kafka::app::KafkaAppBuilder;
use micro_kafka::extract::SqlTx;
use micro_kafka::idempotent::{RedisStore, SqlStore};
use micro_kafka::prelude::*;
use micro_kafka_proof::database::ProofDatabase;
use sqlx::{Pool, Postgres, Sqlite};

use super::{Args, Bug, Error, settings};

/// What handlers without a transaction bring about: lines of a file, each written by one call, so
/// that it is there whole, whenever the process ends.
#[derive(Debug, Clone)]
struct Effects(Arc<File>);

impl Effects {
    fn note(&self, store: &str, partition: i32, number: &str) -> io::Result<()> {
        (&*self.0).write_all(format!("{store} {partition} {number}\n").as_bytes())
    }
}

#[kafka_listener(topics = "orders", group_id = "sql")]
#[idempotent(key = header("mk-outbox-id"), store = "sql")]
async fn in_postgres(Parsed(number): Parsed<i64>, mut tx: SqlTx<Postgres>) -> sqlx::Result<()> {
    Postgres::effect(&mut tx, number).await
}

#[kafka_listener(topics = "orders", group_id = "sql")]
#[idempotent(key = header("mk-outbox-id"), store = "sql")]
async fn in_sqlite(Parsed(number): Parsed<i64>, mut tx: SqlTx<Sqlite>) -> sqlx::Result<()> {
    Sqlite::effect(&mut tx, number).await
}

/// The mistake: its transaction has the mark, and not the effect.
#[kafka_listener(topics = "orders", group_id = "sql")]
#[idempotent(key = header("mk-outbox-id"), store = "sql")]
async fn apart(
    Parsed(number): Parsed<i64>,
    State(pool): State<Pool<Postgres>>,
    State(Worst(worst)): State<Worst>,
) -> sqlx::Result<()> {
    let mut tx = Postgres::begin_to_write(&pool).await?;
    Postgres::effect(&mut tx, number).await?;
    tx.commit().await?;
    let effects = Postgres::effects(&pool).await?.into_iter();
    if number == worst && effects.filter(|of| *of == number).count() == 1 {
        std::process::abort();
    }
    Ok(())
}

/// The order at which a process is gone that makes a mistake.
#[derive(Debug, Clone)]
struct Worst(i64);

#[kafka_listener(topics = "orders", group_id = "redis")]
#[idempotent(key = header("mk-outbox-id"), store = "redis")]
async fn in_redis(number: &str, meta: Meta, State(effects): State<Effects>) -> io::Result<()> {
    effects.note("redis", meta.partition(), number)
}

#[kafka_listener(topics = "orders", group_id = "topic")]
#[idempotent(key = header("mk-outbox-id"), store = "topic", window = "24h")]
async fn in_topic(number: &str, meta: Meta, State(effects): State<Effects>) -> io::Result<()> {
    effects.note("topic", meta.partition(), number)
}

#[kafka_listener(
    topics = "orders",
    group_id = "booked",
    transactional(max = 200),
    send_to = "entries"
)]
#[idempotent(key = header("mk-outbox-id"), store = "topic", window = "24h")]
async fn in_transaction(number: &str) -> String {
    number.to_owned()
}

/// An application has a listener; this one's topic stays empty.
#[kafka_listener(topics = "idle", group_id = "idle")]
pub(super) async fn idle(_: &[u8]) {}

/// A database with a listener whose effects are in it.
pub(super) trait Handles: ProofDatabase {
    fn handle(app: KafkaAppBuilder, pool: &Pool<Self>, args: &Args) -> KafkaAppBuilder;
}

impl Handles for Postgres {
    fn handle(app: KafkaAppBuilder, pool: &Pool<Self>, args: &Args) -> KafkaAppBuilder {
        match args.bug {
            Some(Bug::EffectApart) => {
                let app = app.state(pool.clone()).state(Worst(args.rows / 2));
                app.listener(apart)
            }
            _ => app.listener(in_postgres),
        }
    }
}

impl Handles for Sqlite {
    fn handle(app: KafkaAppBuilder, _: &Pool<Self>, _: &Args) -> KafkaAppBuilder {
        app.listener(in_sqlite)
    }
}

pub(super) async fn run<DB: Handles>(pool: &Pool<DB>, args: &Args) -> Result<(), Error> {
    let mut options = OpenOptions::new();
    let file = options.append(true).create_new(true).open(&args.effects)?;
    let lease = Duration::from_secs(2);
    let redis = RedisStore::new(&args.redis)?.lease(lease);
    let app = KafkaApp::builder().config_from(settings(args));
    let app = DB::handle(app.state(Effects(Arc::new(file))), pool, args);
    let app = app
        .listener(in_redis)
        .listener(in_topic)
        .listener(in_transaction)
        .idempotency_store("sql", SqlStore::new(pool))
        .idempotency_store("redis", redis);
    Ok(app.build()?.run().await?)
}
