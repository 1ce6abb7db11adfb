//! What a relay sends, in which order, and how often.

use std::collections::{BTreeMap, BTreeSet};

use micro_kafka::outbox::{Dialect, OUTBOX_ID, Outbox, RelaySettings};
use micro_kafka::prelude::*;
use micro_kafka::record::OwnedRecord;
use micro_kafka_test::prelude::*;
use sqlx::Pool;

use crate::{database, outbox, write};

/// The application has a listener, too.
#[kafka_listener(topics = "orders", group_id = "seen")]
async fn seen(_: &[u8]) {}

async fn relay<DB: Dialect>(kafka: &EmbeddedKafka, outbox: &Outbox<DB>) -> TestApp {
    let app = kafka.app().listener(seen).outbox(outbox.clone());
    app.start().await
}

fn text(bytes: Option<&[u8]>) -> String {
    String::from_utf8(bytes.unwrap().to_vec()).unwrap()
}

fn id(record: &OwnedRecord) -> String {
    let mut headers = record.headers.iter();
    let header = headers.find(|header| &*header.name == OUTBOX_ID.as_bytes());
    text(header.unwrap().value.as_deref())
}

async fn commits_only<DB: Dialect>(kafka: &EmbeddedKafka, pool: Pool<DB>) {
    let outbox = outbox(&pool).await;
    let app = relay(kafka, &outbox).await;
    let mut rolled_back = pool.begin().await.unwrap();
    let send = outbox.send(&mut rolled_back, "orders", "never");
    send.await.unwrap();
    rolled_back.rollback().await.unwrap();
    let mut tx = pool.begin().await.unwrap();
    let send = outbox.send(&mut tx, "orders", Json("first")).key("a");
    let written = send.header("source", "web").timestamp(7).await.unwrap();
    tx.commit().await.unwrap();
    let record = kafka.topic("orders").assert_one().await;
    assert_eq!(record.payload.as_deref(), Some(&b"\"first\""[..]));
    assert_eq!(record.key.as_deref(), Some(&b"a"[..]));
    assert_eq!(record.timestamp.millis(), Some(7));
    assert_eq!(&*record.headers[0].name, b"source");
    assert_eq!(id(&record), written.to_string());
    app.stop().await;
    assert_eq!(outbox.backlog().await.unwrap().records, 0);
}

#[kafka_test(topics = ["orders"])]
async fn what_is_committed_is_sent_in_sqlite(kafka: EmbeddedKafka) {
    commits_only(&kafka, database::sqlite().await).await;
}

#[kafka_test(topics = ["orders"])]
async fn what_is_committed_is_sent_in_postgres(kafka: EmbeddedKafka) {
    commits_only(&kafka, database::postgres().await).await;
}

#[kafka_test(topics = ["orders"])]
async fn transactions_that_commit_out_of_order_keep_the_order_of_a_key(kafka: EmbeddedKafka) {
    let pool = database::postgres().await;
    let outbox = outbox(&pool).await;
    let app = relay(&kafka, &outbox).await;
    let mut slow = pool.begin().await.unwrap();
    let send = outbox.send(&mut slow, "orders", "first").key("a");
    send.await.unwrap();
    // Another key has a higher id and is seen first.
    write(&pool, &outbox, "b", "other").await;
    kafka.topic("orders").value("other").assert_exactly(1).await;
    // The same key waits for the transaction that was first.
    let (own, later) = (pool.clone(), outbox.clone());
    let second = tokio::spawn(async move { write(&own, &later, "a", "second").await });
    let waits = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
    while sqlx::query_scalar::<_, i64>(waits)
        .fetch_one(&pool)
        .await
        .unwrap()
        == 0
    {
        tokio::task::yield_now().await;
    }
    assert!(!second.is_finished());
    slow.commit().await.unwrap();
    second.await.unwrap();
    let all = kafka.topic("orders").assert_exactly(3).await;
    let values: Vec<String> = all
        .iter()
        .map(|record| text(record.payload.as_deref()))
        .collect();
    assert_eq!(values, ["other", "first", "second"]);
    app.stop().await;
}

async fn holds_back<DB: Dialect>(kafka: &EmbeddedKafka, pool: Pool<DB>) {
    let outbox = outbox(&pool).await;
    let app = relay(kafka, &outbox).await;
    let mut tx = pool.begin().await.unwrap();
    let wrong = outbox.send(&mut tx, "orders", "nowhere").key("a");
    wrong.partition(99).await.unwrap();
    tx.commit().await.unwrap();
    write(&pool, &outbox, "a", "behind").await;
    write(&pool, &outbox, "b", "beside").await;
    kafka
        .topic("orders")
        .value("beside")
        .assert_exactly(1)
        .await;
    // A row goes once its record was acknowledged, which readers may see before.
    while outbox.backlog().await.unwrap().records > 2 {
        tokio::task::yield_now().await;
    }
    app.stop().await;
    assert_eq!(outbox.backlog().await.unwrap().records, 2);
    kafka.topic("orders").value("behind").assert_none().await;
}

#[kafka_test(topics = ["orders"])]
async fn a_record_that_fails_holds_back_its_key_only_in_sqlite(kafka: EmbeddedKafka) {
    holds_back(&kafka, database::sqlite().await).await;
}

#[kafka_test(topics = ["orders"])]
async fn a_record_that_fails_holds_back_its_key_only_in_postgres(kafka: EmbeddedKafka) {
    holds_back(&kafka, database::postgres().await).await;
}

/// A record of two megabytes, which the topic does not take, and those around it.
async fn goes_around<DB: Dialect>(kafka: &EmbeddedKafka, pool: Pool<DB>) {
    let outbox = outbox(&pool).await;
    let app = relay(kafka, &outbox).await;
    write(&pool, &outbox, "a", &"x".repeat(2_000_000)).await;
    for nth in 0..20 {
        write(&pool, &outbox, "b", &nth.to_string()).await;
    }
    let beside = (0..20).map(|nth: u32| nth.to_string());
    kafka.topic("orders").key("b").assert_values(beside).await;
    write(&pool, &outbox, "a", "behind").await;
    while outbox.backlog().await.unwrap().records > 2 {
        tokio::task::yield_now().await;
    }
    // It is there to be seen, and to be taken out by hand.
    assert_eq!(outbox.backlog().await.unwrap().records, 2);
    let largest = "DELETE FROM kafka_outbox WHERE id = (SELECT min(id) FROM kafka_outbox)";
    DB::run(&pool, &[largest]).await.unwrap();
    kafka
        .topic("orders")
        .value("behind")
        .assert_exactly(1)
        .await;
    app.stop().await;
}

#[kafka_test(topics = ["orders"])]
async fn a_record_that_is_too_large_can_be_taken_out_in_sqlite(kafka: EmbeddedKafka) {
    goes_around(&kafka, database::sqlite().await).await;
}

#[kafka_test(topics = ["orders"])]
async fn a_record_that_is_too_large_can_be_taken_out_in_postgres(kafka: EmbeddedKafka) {
    goes_around(&kafka, database::postgres().await).await;
}

#[kafka_test(topics = ["orders"], embedded = "creates no topics by itself", deadline = "2m")]
async fn a_topic_that_is_missing_delays_no_other_key(kafka: EmbeddedKafka) {
    let pool = database::sqlite().await;
    let outbox = outbox(&pool).await;
    let app = relay(&kafka, &outbox).await;
    let mut tx = pool.begin().await.unwrap();
    let lost = outbox.send(&mut tx, "nowhere", "early").key("a");
    lost.await.unwrap();
    tx.commit().await.unwrap();
    // A client looks for a topic for half a minute before it gives up.
    for nth in 0..5 {
        write(&pool, &outbox, "b", &nth.to_string()).await;
    }
    let all = kafka.topic("orders").assert_exactly(5);
    all.within("25s").await;
    kafka.create_topic("nowhere", 1).await;
    let late = kafka.topic("nowhere").assert_exactly(1);
    late.within("90s").await;
    app.stop().await;
    assert_eq!(outbox.backlog().await.unwrap().records, 0);
}

/// A relay that looks by itself once in an hour.
fn patient<DB: Dialect>(pool: &Pool<DB>) -> Outbox<DB> {
    let settings = RelaySettings::default().lease(Duration::from_secs(10_800));
    Outbox::new(pool).relay(settings.poll(Duration::from_secs(3_600)))
}

#[kafka_test(topics = ["orders"])]
async fn a_commit_anywhere_wakes_the_relay_in_postgres(kafka: EmbeddedKafka) {
    let pool = database::postgres().await;
    Outbox::migrate(&pool).await.unwrap();
    let app = relay(&kafka, &patient(&pool)).await;
    // Another process knows nothing of the relay but the database.
    let elsewhere = Outbox::new(&pool);
    for nth in 0..5 {
        write(&pool, &elsewhere, "a", &nth.to_string()).await;
        let sent = kafka.topic("orders").value(nth.to_string());
        sent.assert_exactly(1).await;
    }
    app.stop().await;
}

#[kafka_test(topics = ["orders"])]
async fn a_commit_of_the_same_process_wakes_the_relay_in_sqlite(kafka: EmbeddedKafka) {
    let pool = database::sqlite().await;
    Outbox::migrate(&pool).await.unwrap();
    let outbox = patient(&pool);
    let app = relay(&kafka, &outbox).await;
    for _ in 0..5 {
        // A commit that comes more than half a second after its write is seen with the next one.
        loop {
            write(&pool, &outbox, "a", "woken").await;
            if is_soon_empty(&outbox).await {
                break;
            }
        }
    }
    kafka.topic("orders").assert_at_least(5).await;
    app.stop().await;
}

async fn is_soon_empty<DB: Dialect>(outbox: &Outbox<DB>) -> bool {
    let empty = async {
        while outbox.backlog().await.unwrap().records > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let soon = Duration::from_secs(10);
    tokio::time::timeout(soon, empty).await.is_ok()
}

/// Rows and kills: `MICRO_KAFKA_OUTBOX=100000,30` for the full proof.
fn size() -> (usize, usize) {
    let text = std::env::var("MICRO_KAFKA_OUTBOX");
    let text = text.as_deref().unwrap_or("2000,4");
    let (rows, kills) = text.split_once(',').unwrap();
    (rows.parse().unwrap(), kills.parse().unwrap())
}

/// Rows are written while relays are killed and take over from one another.
async fn survives<DB: Dialect>(kafka: &EmbeddedKafka, pool: Pool<DB>) {
    const KEYS: usize = 50;
    let (rows, kills) = size();
    let outbox = outbox(&pool).await;
    let (own, into) = (pool.clone(), outbox.clone());
    let writer = tokio::spawn(async move {
        for first in (0..rows).step_by(20) {
            let mut tx = own.begin().await.unwrap();
            for row in first..(first + 20).min(rows) {
                let key = format!("{:02}", row % KEYS);
                let send = into.send(&mut tx, "orders", format!("{row}")).key(key);
                send.await.unwrap();
            }
            tx.commit().await.unwrap();
        }
    });
    for kill in 1..=kills {
        // Dropped, a relay is cut off wherever it is; its lease stays.
        let app = relay(kafka, &outbox).await;
        let beside = relay(kafka, &outbox).await;
        let until = rows * kill / (kills + 1);
        kafka.topic("orders").assert_at_least(until).await;
        drop(app);
        drop(beside);
    }
    let app = relay(kafka, &outbox).await;
    writer.await.unwrap();
    while outbox.backlog().await.unwrap().records > 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    app.stop().await;
    check(
        &kafka.topic("orders").assert_at_least(rows).await,
        rows,
        kills,
    );
}

/// Nothing lost; each key in order where duplicates, told by their ids, are left out; and no more
/// duplicates than a batch for each kill.
fn check(records: &[std::sync::Arc<OwnedRecord>], rows: usize, kills: usize) {
    let mut ids = BTreeSet::new();
    let mut last: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
    for record in records {
        if !ids.insert(id(record)) {
            continue;
        }
        let row: usize = text(record.payload.as_deref()).parse().unwrap();
        let key = record.key.as_deref().unwrap().to_vec();
        if let Some(before) = last.insert(key, row) {
            assert!(before < row, "{row} came after {before}");
        }
    }
    assert_eq!(ids.len(), rows, "each row was sent");
    let twice = records.len() - rows;
    assert!(twice <= 2 * kills * 1_000, "{twice} duplicates");
    eprintln!("{rows} rows, {kills} kills: 0 lost, 0 out of order, {twice} sent twice");
}

#[kafka_test(topics = ["orders"], partitions = 3, deadline = "20m")]
async fn nothing_is_lost_when_relays_are_killed_in_sqlite(kafka: EmbeddedKafka) {
    survives(&kafka, database::sqlite().await).await;
}

#[kafka_test(topics = ["orders"], partitions = 3, deadline = "20m")]
async fn nothing_is_lost_when_relays_are_killed_in_postgres(kafka: EmbeddedKafka) {
    survives(&kafka, database::postgres().await).await;
}
