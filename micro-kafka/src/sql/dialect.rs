//! What differs between databases.

#![allow(
    unnameable_types,
    unreachable_pub,
    reason = "the methods of a sealed trait have arguments that nobody outside names"
)]

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use sqlx::{ColumnIndex, Database, Decode, Pool, Row, Type};

/// What a dialect's methods return.
pub type SqlFuture<'a, T> = Pin<Box<dyn Future<Output = sqlx::Result<T>> + Send + 'a>>;

/// A database that is supported: PostgreSQL from version 13 on, and SQLite. Sealed.
pub trait Dialect: Database + sealed::Statements {}

impl<DB: Database + sealed::Statements> Dialect for DB {}

/// A record on its way into the outbox.
#[derive(Debug)]
pub struct NewRow {
    /// Rows of one lane are sent one after the other.
    pub lane: i64,
    /// Whether there are others that it has to be in line with.
    pub ordered: bool,
    pub topic: String,
    pub partition: Option<i32>,
    pub key: Option<Vec<u8>>,
    pub payload: Option<Vec<u8>>,
    pub headers: Vec<u8>,
    pub timestamp: i64,
}

/// A record in the outbox.
#[derive(Debug)]
pub struct OutboxRow {
    pub id: i64,
    pub event_id: String,
    pub row: NewRow,
}

impl OutboxRow {
    /// From the columns that every dialect selects, in this order.
    pub(super) fn from_columns<'r, R>(row: &'r R) -> sqlx::Result<Self>
    where
        R: Row,
        usize: ColumnIndex<R>,
        i32: Decode<'r, R::Database> + Type<R::Database>,
        i64: Decode<'r, R::Database> + Type<R::Database>,
        String: Decode<'r, R::Database> + Type<R::Database>,
        Vec<u8>: Decode<'r, R::Database> + Type<R::Database>,
    {
        Ok(Self {
            id: row.try_get(0)?,
            event_id: row.try_get(1)?,
            row: NewRow {
                lane: row.try_get(2)?,
                ordered: true,
                topic: row.try_get(3)?,
                partition: row.try_get(4)?,
                key: row.try_get(5)?,
                payload: row.try_get(6)?,
                headers: row.try_get(7)?,
                timestamp: row.try_get(8)?,
            },
        })
    }
}

/// A time as the tables hold it.
pub(super) fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

/// Which rows are read.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'a> {
    pub shard: i64,
    pub shards: i64,
    pub limit: i64,
    /// Lanes that are left out.
    pub blocked: &'a [i64],
}

/// Who may send the rows of a shard.
#[derive(Debug, Clone)]
pub struct Lease {
    pub name: String,
    pub holder: String,
    pub time: Duration,
}

/// What waits in an outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Backlog {
    /// How many records were written and not yet sent.
    pub records: u64,
    /// For how long the oldest of them has waited.
    pub oldest: Duration,
}

/// Tells of new rows; without, the table is looked at now and then.
pub trait Wake: Send {
    /// Ends at the next news, or with an error if none will come any more.
    fn news(&mut self) -> SqlFuture<'_, ()>;
}

pub(crate) mod sealed {
    use sqlx::Database;

    use super::{Backlog, Duration, Lease, NewRow, OutboxRow, Pool, Reading, SqlFuture, Wake};

    /// The statements of a database.
    #[allow(unnameable_types, reason = "a sealed trait is not to be named")]
    pub trait Statements: Database {
        /// The tables of the outbox, one statement each.
        const OUTBOX: &'static [&'static str];
        /// The table of keys.
        const INBOX: &'static [&'static str];

        fn run<'a>(pool: &'a Pool<Self>, statements: &'a [&'static str]) -> SqlFuture<'a, ()>;
        /// Writes a row; its event id comes back.
        fn append(connection: &mut Self::Connection, row: NewRow) -> SqlFuture<'_, String>;
        /// Takes or renews a lease: its fencing token, unless somebody else holds it.
        fn lease<'a>(pool: &'a Pool<Self>, lease: &'a Lease) -> SqlFuture<'a, Option<i64>>;
        fn release<'a>(pool: &'a Pool<Self>, lease: &'a Lease) -> SqlFuture<'a, ()>;
        fn read<'a>(pool: &'a Pool<Self>, which: Reading<'a>) -> SqlFuture<'a, Vec<OutboxRow>>;
        /// Deletes rows that were sent, if the lease still has that token; whether it does.
        fn delete<'a>(
            pool: &'a Pool<Self>,
            lease: &'a Lease,
            token: i64,
            ids: &'a [i64],
        ) -> SqlFuture<'a, bool>;
        fn backlog(pool: &Pool<Self>) -> SqlFuture<'_, Backlog>;
        /// Tells of rows that are committed, if the database can.
        fn listen(pool: &Pool<Self>) -> SqlFuture<'_, Option<Box<dyn Wake>>>;

        /// Begins a transaction whose first statement may be a write.
        fn begin(pool: &Pool<Self>) -> SqlFuture<'_, sqlx::Transaction<'static, Self>>;
        /// Marks a key as done; `false` if it was. Waits for whoever has marked it and not ended.
        fn mark<'a>(
            connection: &'a mut Self::Connection,
            scope: &'a str,
            key: &'a str,
            now: Duration,
            until: Duration,
        ) -> SqlFuture<'a, bool>;
        /// Forgets keys whose windows have passed.
        fn forget(pool: &Pool<Self>, now: Duration) -> SqlFuture<'_, u64>;
    }
}
