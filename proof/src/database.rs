//! The database of the proof of the outbox: what is ordered, and what came of it.

use std::future::Future;
use std::time::Duration;

use micro_kafka::outbox::Dialect;
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Pool, Postgres, Sqlite, Transaction};

const CREATE: [&str; 2] = [
    "CREATE TABLE IF NOT EXISTS orders (number BIGINT PRIMARY KEY)",
    // Nothing but the store keeps an effect from happening twice.
    "CREATE TABLE IF NOT EXISTS effects (number BIGINT NOT NULL)",
];
const CONNECTIONS: u32 = 8;

/// A database that the services of the proof work with.
pub trait ProofDatabase: Dialect {
    /// The pool of that address: a URL, or a file.
    fn connect(address: &str) -> impl Future<Output = sqlx::Result<Pool<Self>>> + Send;

    /// Creates the tables of the proof.
    fn create(pool: &Pool<Self>) -> impl Future<Output = sqlx::Result<()>> + Send;

    /// How many orders there are: their numbers begin with 0.
    fn orders(pool: &Pool<Self>) -> impl Future<Output = sqlx::Result<i64>> + Send;

    /// A transaction that will write.
    fn begin_to_write(
        pool: &Pool<Self>,
    ) -> impl Future<Output = sqlx::Result<Transaction<'static, Self>>> + Send;

    /// Writes an order.
    fn order(
        tx: &mut Transaction<'static, Self>,
        number: i64,
    ) -> impl Future<Output = sqlx::Result<()>> + Send;

    /// Writes what a handler brings about.
    fn effect(
        tx: &mut Transaction<'static, Self>,
        number: i64,
    ) -> impl Future<Output = sqlx::Result<()>> + Send;

    /// How often a relay has taken over from another one.
    fn takeovers(pool: &Pool<Self>) -> impl Future<Output = sqlx::Result<i64>> + Send;

    /// The numbers of all effects.
    fn effects(pool: &Pool<Self>) -> impl Future<Output = sqlx::Result<Vec<i64>>> + Send;
}

/// The same statements, which both databases understand.
macro_rules! statements {
    () => {
        async fn create(pool: &Pool<Self>) -> sqlx::Result<()> {
            for statement in CREATE {
                sqlx::query(statement).execute(pool).await?;
            }
            Ok(())
        }

        async fn orders(pool: &Pool<Self>) -> sqlx::Result<i64> {
            let count = sqlx::query_scalar("SELECT count(*) FROM orders");
            count.fetch_one(pool).await
        }

        async fn order(tx: &mut Transaction<'static, Self>, number: i64) -> sqlx::Result<()> {
            let insert = sqlx::query("INSERT INTO orders VALUES ($1)").bind(number);
            insert.execute(&mut **tx).await.map(drop)
        }

        async fn effect(tx: &mut Transaction<'static, Self>, number: i64) -> sqlx::Result<()> {
            let insert = sqlx::query("INSERT INTO effects VALUES ($1)").bind(number);
            insert.execute(&mut **tx).await.map(drop)
        }

        async fn takeovers(pool: &Pool<Self>) -> sqlx::Result<i64> {
            let token = sqlx::query_scalar("SELECT token - 1 FROM kafka_outbox_lease");
            token.fetch_one(pool).await
        }

        async fn effects(pool: &Pool<Self>) -> sqlx::Result<Vec<i64>> {
            let all = sqlx::query_scalar("SELECT number FROM effects");
            all.fetch_all(pool).await
        }
    };
}

impl ProofDatabase for Postgres {
    async fn connect(address: &str) -> sqlx::Result<Pool<Self>> {
        let pool = PgPoolOptions::new().max_connections(CONNECTIONS);
        pool.connect(address).await
    }

    async fn begin_to_write(pool: &Pool<Self>) -> sqlx::Result<Transaction<'static, Self>> {
        pool.begin().await
    }

    statements!();
}

impl ProofDatabase for Sqlite {
    async fn connect(address: &str) -> sqlx::Result<Pool<Self>> {
        let options = SqliteConnectOptions::new()
            .filename(address)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(Duration::from_secs(60));
        let pool = SqlitePoolOptions::new().max_connections(CONNECTIONS);
        pool.connect_with(options).await
    }

    async fn begin_to_write(pool: &Pool<Self>) -> sqlx::Result<Transaction<'static, Self>> {
        // Who begins to read cannot always go on to write.
        pool.begin_with("BEGIN IMMEDIATE").await
    }

    statements!();
}
