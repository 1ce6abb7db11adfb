//! Effects in the transaction of their mark.

use micro_kafka::extract::SqlTx;
use micro_kafka::idempotent::SqlStore;
use micro_kafka::prelude::*;
use micro_kafka_test::prelude::*;
use sqlx::{Postgres, Sqlite};

use crate::database;

const CREATE: &str = "CREATE TABLE entries (payment TEXT NOT NULL)";

#[kafka_listener(
    topics = "payments",
    group_id = "ledger",
    order = "none",
    parallelism = 4,
    retry(attempts = 3, backoff = "0s")
)]
#[idempotent(key = "key", store = "ledger")]
async fn post(payment: &str, attempt: Attempt, mut tx: SqlTx<Postgres>) -> Result<(), sqlx::Error> {
    let insert = sqlx::query("INSERT INTO entries VALUES ($1)").bind(payment);
    insert.execute(&mut **tx).await?;
    match payment == "fails" && attempt.number() < 3 {
        true => Err(sqlx::Error::WorkerCrashed),
        false => Ok(()),
    }
}

#[kafka_listener(
    topics = "payments",
    group_id = "ledger",
    retry(attempts = 3, backoff = "0s")
)]
#[idempotent(key = "key", store = "ledger")]
async fn post_lite(
    payment: &str,
    attempt: Attempt,
    mut tx: SqlTx<Sqlite>,
) -> Result<(), sqlx::Error> {
    let insert = sqlx::query("INSERT INTO entries VALUES (?)").bind(payment);
    insert.execute(&mut **tx).await?;
    match payment == "fails" && attempt.number() < 3 {
        true => Err(sqlx::Error::WorkerCrashed),
        false => Ok(()),
    }
}

async fn pay(kafka: &EmbeddedKafka) {
    for round in 0..3 {
        for key in 0..20 {
            let payment = if key == 7 && round == 0 {
                "fails"
            } else {
                "pays"
            };
            kafka.send("payments", payment).key(format!("{key}")).await;
        }
    }
}

#[kafka_test(topics = ["payments"])]
async fn an_effect_in_postgres_happens_once_and_never_by_halves(kafka: EmbeddedKafka) {
    let pool = database::postgres().await;
    sqlx::query(CREATE).execute(&pool).await.unwrap();
    SqlStore::migrate(&pool).await.unwrap();
    let app = kafka.app().listener(post);
    let app = app
        .idempotency_store("ledger", SqlStore::new(&pool))
        .start()
        .await;
    pay(&kafka).await;
    app.listener("post")
        .settled()
        .await
        .assert_handled(60)
        .assert_dead_lettered(0);
    assert_eq!(app.containers()[0].stats().duplicates, 40);
    let count = "SELECT count(*) FROM entries";
    let entries: i64 = sqlx::query_scalar(count).fetch_one(&pool).await.unwrap();
    assert_eq!(entries, 20);
}

#[kafka_test(topics = ["payments"])]
async fn an_effect_in_sqlite_happens_once_and_never_by_halves(kafka: EmbeddedKafka) {
    let pool = database::sqlite().await;
    sqlx::query(CREATE).execute(&pool).await.unwrap();
    SqlStore::migrate(&pool).await.unwrap();
    let app = kafka.app().listener(post_lite);
    let app = app
        .idempotency_store("ledger", SqlStore::new(&pool))
        .start()
        .await;
    pay(&kafka).await;
    app.listener("post_lite")
        .settled()
        .await
        .assert_handled(60)
        .assert_dead_lettered(0);
    let count = "SELECT count(*) FROM entries";
    let entries: i64 = sqlx::query_scalar(count).fetch_one(&pool).await.unwrap();
    assert_eq!(entries, 20);
}

#[kafka_test(topics = ["payments"])]
async fn a_transaction_of_another_database_is_a_mistake_at_boot(kafka: EmbeddedKafka) {
    let pool = database::sqlite().await;
    let app = kafka.app().listener(post);
    let app = app.idempotency_store("ledger", SqlStore::new(&pool));
    let report = app.try_start().await.unwrap_err().to_string();
    assert!(report.contains("a `SqlTx` of PostgreSQL needs"), "{report}");
}
