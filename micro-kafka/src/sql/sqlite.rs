//! SQLite.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sqlx::{QueryBuilder, Sqlite, SqliteConnection, SqlitePool, Transaction};

use super::dialect::millis;
use super::dialect::sealed::Statements;
use super::{Backlog, Lease, NewRow, OutboxRow, Reading, SqlFuture, Wake};

const OUTBOX: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS kafka_outbox (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        event_id TEXT NOT NULL DEFAULT (lower(hex(randomblob(16)))),
        lane INTEGER NOT NULL,
        topic TEXT NOT NULL,
        partition_number INTEGER,
        record_key BLOB,
        payload BLOB,
        headers BLOB NOT NULL,
        timestamp_ms INTEGER NOT NULL,
        created_ms INTEGER NOT NULL
    )",
    "CREATE TABLE IF NOT EXISTS kafka_outbox_lease (
        name TEXT PRIMARY KEY,
        holder TEXT NOT NULL,
        token INTEGER NOT NULL,
        expires_ms INTEGER NOT NULL
    )",
];

const INBOX: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS kafka_inbox (
        scope TEXT NOT NULL,
        record_key TEXT NOT NULL,
        expires_ms INTEGER NOT NULL,
        PRIMARY KEY (scope, record_key)
    ) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS kafka_inbox_expires ON kafka_inbox (expires_ms)",
];

/// The fewest bound values that any SQLite takes in a statement.
const MOST_VALUES: usize = 900;

impl Statements for Sqlite {
    const OUTBOX: &'static [&'static str] = OUTBOX;
    const INBOX: &'static [&'static str] = INBOX;

    fn run<'a>(pool: &'a SqlitePool, statements: &'a [&'static str]) -> SqlFuture<'a, ()> {
        Box::pin(async move {
            let mut tx = pool.begin_with("BEGIN IMMEDIATE").await?;
            for statement in statements {
                sqlx::query(statement).execute(&mut *tx).await?;
            }
            tx.commit().await
        })
    }

    /// There is one writer at a time: ids are in the order of commits.
    fn append(connection: &mut SqliteConnection, row: NewRow) -> SqlFuture<'_, String> {
        let text = "INSERT INTO kafka_outbox
            (lane, topic, partition_number, record_key, payload, headers, timestamp_ms, created_ms)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING event_id";
        Box::pin(
            sqlx::query_scalar(text)
                .bind(row.lane)
                .bind(row.topic)
                .bind(row.partition)
                .bind(row.key)
                .bind(row.payload)
                .bind(row.headers)
                .bind(row.timestamp)
                .bind(now())
                .fetch_one(connection),
        )
    }

    fn lease<'a>(pool: &'a SqlitePool, lease: &'a Lease) -> SqlFuture<'a, Option<i64>> {
        let text = "INSERT INTO kafka_outbox_lease (name, holder, token, expires_ms)
            VALUES (?1, ?2, 1, ?3)
            ON CONFLICT (name) DO UPDATE SET
                token = token + (holder <> excluded.holder),
                holder = excluded.holder,
                expires_ms = excluded.expires_ms
            WHERE holder = excluded.holder OR expires_ms < ?4
            RETURNING token";
        let now = now();
        Box::pin(
            sqlx::query_scalar(text)
                .bind(&lease.name)
                .bind(&lease.holder)
                .bind(now.saturating_add(millis(lease.time)))
                .bind(now)
                .fetch_optional(pool),
        )
    }

    fn release<'a>(pool: &'a SqlitePool, lease: &'a Lease) -> SqlFuture<'a, ()> {
        let text = "UPDATE kafka_outbox_lease SET expires_ms = 0 WHERE name = ? AND holder = ?";
        Box::pin(async move {
            let query = sqlx::query(text).bind(&lease.name).bind(&lease.holder);
            query.execute(pool).await.map(drop)
        })
    }

    fn read<'a>(pool: &'a SqlitePool, which: Reading<'a>) -> SqlFuture<'a, Vec<OutboxRow>> {
        Box::pin(async move {
            let mut query = QueryBuilder::<Self>::new(
                "SELECT id, event_id, lane, topic, partition_number, record_key, payload, headers,
                    timestamp_ms
                FROM kafka_outbox WHERE abs(lane % ",
            );
            query
                .push_bind(which.shards)
                .push(") = ")
                .push_bind(which.shard);
            let blocked = which.blocked.iter().take(MOST_VALUES);
            if blocked.len() > 0 {
                query.push(" AND lane NOT IN (");
                let mut lanes = query.separated(", ");
                blocked.for_each(|lane| {
                    lanes.push_bind(*lane);
                });
                query.push(")");
            }
            query.push(" ORDER BY id LIMIT ").push_bind(which.limit);
            let rows = query.build().fetch_all(pool).await?;
            rows.iter().map(OutboxRow::from_columns).collect()
        })
    }

    fn delete<'a>(
        pool: &'a SqlitePool,
        lease: &'a Lease,
        token: i64,
        ids: &'a [i64],
    ) -> SqlFuture<'a, bool> {
        Box::pin(async move {
            let mut tx = pool.begin_with("BEGIN IMMEDIATE").await?;
            let held = "SELECT 1 FROM kafka_outbox_lease
                WHERE name = ? AND holder = ? AND token = ?";
            let held: Option<i32> = sqlx::query_scalar(held)
                .bind(&lease.name)
                .bind(&lease.holder)
                .bind(token)
                .fetch_optional(&mut *tx)
                .await?;
            for ids in ids.chunks(MOST_VALUES).filter(|_| held.is_some()) {
                let mut query = QueryBuilder::<Self>::new("DELETE FROM kafka_outbox WHERE id IN (");
                let mut list = query.separated(", ");
                ids.iter().for_each(|id| {
                    list.push_bind(*id);
                });
                query.push(")").build().execute(&mut *tx).await?;
            }
            tx.commit().await?;
            Ok(held.is_some())
        })
    }

    fn backlog(pool: &SqlitePool) -> SqlFuture<'_, Backlog> {
        let text = "SELECT count(*), coalesce(min(created_ms), ?1) FROM kafka_outbox";
        Box::pin(async move {
            let now = now();
            let query = sqlx::query_as(text).bind(now);
            let (records, oldest): (i64, i64) = query.fetch_one(pool).await?;
            let oldest = u64::try_from(now.saturating_sub(oldest)).unwrap_or(0);
            Ok(Backlog {
                records: u64::try_from(records).unwrap_or(0),
                oldest: Duration::from_millis(oldest),
            })
        })
    }

    fn listen(_: &SqlitePool) -> SqlFuture<'_, Option<Box<dyn Wake>>> {
        Box::pin(std::future::ready(Ok(None)))
    }

    /// A transaction that reads first and writes later may find that somebody else has written
    /// meanwhile, and cannot go on.
    fn begin(pool: &SqlitePool) -> SqlFuture<'_, Transaction<'static, Self>> {
        Box::pin(pool.begin_with("BEGIN IMMEDIATE"))
    }

    fn mark<'a>(
        connection: &'a mut SqliteConnection,
        scope: &'a str,
        key: &'a str,
        now: Duration,
        until: Duration,
    ) -> SqlFuture<'a, bool> {
        let text = "INSERT INTO kafka_inbox (scope, record_key, expires_ms) VALUES (?1, ?2, ?3)
            ON CONFLICT (scope, record_key) DO UPDATE SET expires_ms = excluded.expires_ms
            WHERE expires_ms <= ?4";
        Box::pin(async move {
            let done = sqlx::query(text)
                .bind(scope)
                .bind(key)
                .bind(millis(until))
                .bind(millis(now))
                .execute(connection)
                .await?;
            Ok(done.rows_affected() > 0)
        })
    }

    fn forget(pool: &SqlitePool, now: Duration) -> SqlFuture<'_, u64> {
        Box::pin(async move {
            let query = sqlx::query("DELETE FROM kafka_inbox WHERE expires_ms <= ?");
            let done = query.bind(millis(now)).execute(pool).await?;
            Ok(done.rows_affected())
        })
    }
}

/// A database in a file is of one machine: its clock is the same for all.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    millis(since.unwrap_or_default())
}
