//! PostgreSQL.

use std::time::Duration;

use sqlx::postgres::PgListener;
use sqlx::{PgConnection, PgPool, Pool, Postgres, Transaction};

use super::dialect::millis;
use super::dialect::sealed::Statements;
use super::{Backlog, Lease, NewRow, OutboxRow, Reading, SqlFuture, Wake};

/// What commits of new rows are announced on.
const CHANNEL: &str = "kafka_outbox";

const OUTBOX: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS kafka_outbox (
        id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        event_id TEXT NOT NULL DEFAULT gen_random_uuid()::text,
        lane BIGINT NOT NULL,
        topic TEXT NOT NULL,
        partition_number INT,
        record_key BYTEA,
        payload BYTEA,
        headers BYTEA NOT NULL,
        timestamp_ms BIGINT NOT NULL,
        created_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
    )",
    "CREATE TABLE IF NOT EXISTS kafka_outbox_lease (
        name TEXT PRIMARY KEY,
        holder TEXT NOT NULL,
        token BIGINT NOT NULL,
        expires_at TIMESTAMPTZ NOT NULL
    )",
    "CREATE OR REPLACE FUNCTION kafka_outbox_notify() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_notify('kafka_outbox', '');
        RETURN NULL;
    END $$",
    "CREATE OR REPLACE TRIGGER kafka_outbox_notify AFTER INSERT ON kafka_outbox
        FOR EACH STATEMENT EXECUTE FUNCTION kafka_outbox_notify()",
];

const INBOX: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS kafka_inbox (
        scope TEXT NOT NULL,
        record_key TEXT NOT NULL,
        expires_ms BIGINT NOT NULL,
        PRIMARY KEY (scope, record_key)
    )",
    "CREATE INDEX IF NOT EXISTS kafka_inbox_expires ON kafka_inbox (expires_ms)",
];

/// Several instances may start at once: `IF NOT EXISTS` alone does not keep them apart.
const MIGRATION_LOCK: i64 = 0x6b61_666b_615f_6d6b;

impl Statements for Postgres {
    const OUTBOX: &'static [&'static str] = OUTBOX;
    const INBOX: &'static [&'static str] = INBOX;

    fn run<'a>(pool: &'a PgPool, statements: &'a [&'static str]) -> SqlFuture<'a, ()> {
        Box::pin(async move {
            let mut tx = pool.begin().await?;
            sqlx::query("SELECT pg_advisory_xact_lock($1)")
                .bind(MIGRATION_LOCK)
                .execute(&mut *tx)
                .await?;
            for statement in statements {
                sqlx::query(statement).execute(&mut *tx).await?;
            }
            tx.commit().await
        })
    }

    /// Ids come from a sequence, and transactions commit in another order. So whoever writes to a
    /// lane holds its lock until the commit: within a lane, ids are in the order of commits, and no
    /// lower id appears after a higher one was seen.
    fn append(connection: &mut PgConnection, row: NewRow) -> SqlFuture<'_, String> {
        Box::pin(async move {
            if row.ordered {
                sqlx::query("SELECT pg_advisory_xact_lock($1)")
                    .bind(row.lane)
                    .execute(&mut *connection)
                    .await?;
            }
            let text = "INSERT INTO kafka_outbox
                (lane, topic, partition_number, record_key, payload, headers, timestamp_ms)
                VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING event_id";
            sqlx::query_scalar(text)
                .bind(row.lane)
                .bind(row.topic)
                .bind(row.partition)
                .bind(row.key)
                .bind(row.payload)
                .bind(row.headers)
                .bind(row.timestamp)
                .fetch_one(connection)
                .await
        })
    }

    fn lease<'a>(pool: &'a PgPool, lease: &'a Lease) -> SqlFuture<'a, Option<i64>> {
        let text = "INSERT INTO kafka_outbox_lease AS held (name, holder, token, expires_at)
            VALUES ($1, $2, 1, clock_timestamp() + make_interval(secs => $3))
            ON CONFLICT (name) DO UPDATE SET
                token = held.token + (held.holder <> excluded.holder)::int,
                holder = excluded.holder,
                expires_at = excluded.expires_at
            WHERE held.holder = excluded.holder OR held.expires_at < clock_timestamp()
            RETURNING token";
        Box::pin(
            sqlx::query_scalar(text)
                .bind(&lease.name)
                .bind(&lease.holder)
                .bind(lease.time.as_secs_f64())
                .fetch_optional(pool),
        )
    }

    fn release<'a>(pool: &'a PgPool, lease: &'a Lease) -> SqlFuture<'a, ()> {
        let text = "UPDATE kafka_outbox_lease SET expires_at = '-infinity'
            WHERE name = $1 AND holder = $2";
        Box::pin(async move {
            let query = sqlx::query(text).bind(&lease.name).bind(&lease.holder);
            query.execute(pool).await.map(drop)
        })
    }

    fn read<'a>(pool: &'a PgPool, which: Reading<'a>) -> SqlFuture<'a, Vec<OutboxRow>> {
        let text = "SELECT id, event_id, lane, topic, partition_number, record_key, payload,
                headers, timestamp_ms
            FROM kafka_outbox
            WHERE abs(lane % $1) = $2 AND NOT (lane = ANY($3))
            ORDER BY id LIMIT $4";
        Box::pin(async move {
            let rows = sqlx::query(text)
                .bind(which.shards)
                .bind(which.shard)
                .bind(which.blocked)
                .bind(which.limit)
                .fetch_all(pool)
                .await?;
            rows.iter().map(OutboxRow::from_columns).collect()
        })
    }

    fn delete<'a>(
        pool: &'a PgPool,
        lease: &'a Lease,
        token: i64,
        ids: &'a [i64],
    ) -> SqlFuture<'a, bool> {
        Box::pin(async move {
            let mut tx = pool.begin().await?;
            // Locked, so that nobody takes the lease between the look and the deletion.
            let held = "SELECT 1 FROM kafka_outbox_lease
                WHERE name = $1 AND holder = $2 AND token = $3 FOR UPDATE";
            let held: Option<i32> = sqlx::query_scalar(held)
                .bind(&lease.name)
                .bind(&lease.holder)
                .bind(token)
                .fetch_optional(&mut *tx)
                .await?;
            if held.is_some() {
                sqlx::query("DELETE FROM kafka_outbox WHERE id = ANY($1)")
                    .bind(ids)
                    .execute(&mut *tx)
                    .await?;
            }
            tx.commit().await?;
            Ok(held.is_some())
        })
    }

    fn backlog(pool: &PgPool) -> SqlFuture<'_, Backlog> {
        let text = "SELECT count(*),
                coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float8
            FROM kafka_outbox";
        Box::pin(async move {
            let (records, oldest): (i64, f64) = sqlx::query_as(text).fetch_one(pool).await?;
            Ok(Backlog {
                records: u64::try_from(records).unwrap_or(0),
                oldest: Duration::try_from_secs_f64(oldest).unwrap_or_default(),
            })
        })
    }

    fn listen(pool: &PgPool) -> SqlFuture<'_, Option<Box<dyn Wake>>> {
        Box::pin(async move {
            let mut listener = PgListener::connect_with(pool).await?;
            listener.listen(CHANNEL).await?;
            let wake: Box<dyn Wake> = Box::new(Listening(listener));
            Ok(Some(wake))
        })
    }

    fn begin(pool: &PgPool) -> SqlFuture<'_, Transaction<'static, Self>> {
        Box::pin(pool.begin())
    }

    fn mark<'a>(
        connection: &'a mut PgConnection,
        scope: &'a str,
        key: &'a str,
        now: Duration,
        until: Duration,
    ) -> SqlFuture<'a, bool> {
        // The index makes it wait for another transaction with the same key.
        let text = "INSERT INTO kafka_inbox AS seen (scope, record_key, expires_ms)
            VALUES ($1, $2, $3)
            ON CONFLICT (scope, record_key) DO UPDATE SET expires_ms = excluded.expires_ms
            WHERE seen.expires_ms <= $4";
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

    fn forget(pool: &Pool<Self>, now: Duration) -> SqlFuture<'_, u64> {
        Box::pin(async move {
            let query = sqlx::query("DELETE FROM kafka_inbox WHERE expires_ms <= $1");
            let done = query.bind(millis(now)).execute(pool).await?;
            Ok(done.rows_affected())
        })
    }
}

struct Listening(PgListener);

impl Wake for Listening {
    fn news(&mut self) -> SqlFuture<'_, ()> {
        Box::pin(async move { self.0.recv().await.map(drop) })
    }
}
