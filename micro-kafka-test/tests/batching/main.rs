//! Batches: collected, settled record by record, kept in order.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::time::Duration;

use micro_kafka::listener::{PartitionControl, Target};
use micro_kafka::prelude::*;
use micro_kafka_test::prelude::*;

mod failing;
mod moving;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Click {
    pub(crate) id: u64,
}

/// The ids of each call.
pub(crate) type Calls = Journal<Vec<u64>>;

#[kafka_listener(topics = "clicks", group_id = "search", batch(max = 4, linger = "1h"))]
async fn index(clicks: Batch<Json<Click>>, State(calls): State<Calls>) {
    calls.note(clicks.values().map(|click| click.id).collect());
}

pub(crate) async fn send(kafka: &EmbeddedKafka, ids: std::ops::Range<u64>) {
    for id in ids {
        kafka.send("clicks", Json(Click { id })).await;
    }
}

#[kafka_test(topics = ["clicks"])]
async fn a_full_batch_does_not_wait_and_the_rest_lingers_by_the_frameworks_clock(
    kafka: EmbeddedKafka,
) {
    let calls = Calls::new();
    let app = kafka.app().listener(index).state(calls.clone());
    let app = app.start().await;
    send(&kafka, 0..6).await;
    calls.reaches(1).await;
    kafka.advance("59m").await;
    assert_eq!(calls.entries(), [[0, 1, 2, 3]]);
    assert_eq!(app.listener("index").stats().handled, 4);
    kafka.advance("1m").await;
    app.listener("index").settled().await.assert_handled(6);
    assert_eq!(calls.entries()[1], [4, 5]);
    let committed = kafka.committed("search", "clicks").await;
    assert_eq!(committed.values().sum::<i64>(), 6);
}

#[kafka_test(topics = ["clicks"])]
async fn size_and_linger_are_settings(kafka: EmbeddedKafka) {
    let calls = Calls::new();
    let app = kafka.app().listener(index).state(calls.clone());
    let app = app
        .set("kafka.listeners.index.batch.max", 2)
        .set("kafka.listeners.index.batch.linger", "0ms");
    let app = app.start().await;
    send(&kafka, 0..5).await;
    app.listener("index").settled().await.assert_handled(5);
    let calls = calls.entries();
    assert!(calls.iter().all(|ids| ids.len() <= 2), "{calls:?}");
    assert_eq!(calls.concat(), [0, 1, 2, 3, 4]);
}

type OptionalKey<'r> = Key<Option<&'r str>>;

/// Id, key, timestamp, place and attempt.
type Seen = (u64, Option<String>, Option<i64>, String, u32);

#[kafka_listener(topics = "clicks", group_id = "places", batch(linger = "1ms"))]
async fn places(
    clicks: Batch<(Json<Click>, OptionalKey<'_>, Timestamp)>,
    State(seen): State<Journal<Seen>>,
) {
    for click in clicks.iter() {
        let (Json(value), Key(key), at) = click.value();
        let key = key.map(ToOwned::to_owned);
        let meta = click.meta().to_string();
        seen.note((value.id, key, at.millis(), meta, click.attempt()));
    }
}

#[kafka_test(topics = ["clicks"], partitions = 2)]
async fn each_record_of_a_batch_has_all_that_a_single_one_has(kafka: EmbeddedKafka) {
    let seen = Journal::<Seen>::new();
    let app = kafka.app().listener(places).state(seen.clone());
    let app = app.start().await;
    for (id, key) in [(1, "a"), (2, "b")] {
        let send = kafka.send("clicks", Json(Click { id })).partition(1);
        send.key(key)
            .timestamp(170 + i64::try_from(id).unwrap())
            .await;
    }
    app.listener("places").settled().await.assert_handled(2);
    let expected = |id: u64, key: &str, offset| {
        let at = Some(170 + i64::try_from(id).unwrap());
        (
            id,
            Some(key.to_owned()),
            at,
            format!("clicks-1@{offset}"),
            1,
        )
    };
    assert_eq!(seen.entries(), [expected(1, "a", 0), expected(2, "b", 1)]);
}

#[kafka_listener(
    topics = "clicks",
    group_id = "acked",
    batch(max = 3, linger = "1h"),
    ack_mode = "manual"
)]
async fn acked(clicks: Batch<Json<Click>>, mut acks: Acknowledgments, State(calls): State<Calls>) {
    let second = clicks.iter().nth(1).unwrap();
    acks.acknowledge_up_to(second.meta());
    calls.note(clicks.values().map(|click| click.id).collect());
}

#[kafka_test(topics = ["clicks"])]
async fn a_batch_may_be_acknowledged_in_parts(kafka: EmbeddedKafka) {
    let calls = Calls::new();
    let app = kafka.app().listener(acked).state(calls.clone());
    let app = app.start().await;
    send(&kafka, 0..3).await;
    calls.reaches(1).await;
    app.stop().await;
    let committed = kafka.committed("acked", "clicks").await;
    assert_eq!(committed.values().sum::<i64>(), 2);
}

#[kafka_listener(topics = "clicks", group_id = "slow", batch(max = 3, linger = "1h"))]
async fn slow(clicks: Batch<Json<Click>>, cancel: Cancel, State(calls): State<Calls>) {
    calls.note(clicks.values().map(|click| click.id).collect());
    cancel.cancelled().await;
    tokio::time::sleep(Duration::from_millis(20)).await;
}

#[kafka_test(topics = ["clicks"])]
async fn a_stop_drains_the_batch_at_work_and_begins_no_other(kafka: EmbeddedKafka) {
    let calls = Calls::new();
    let app = kafka.app().listener(slow).state(calls.clone());
    let app = app.start().await;
    send(&kafka, 0..5).await;
    calls.reaches(1).await;
    let report = app.stop().await;
    assert_eq!((report.drained, report.abandoned), (1, 0));
    let committed = kafka.committed("slow", "clicks").await;
    assert_eq!(committed.values().sum::<i64>(), 3);
}

#[kafka_listener(
    topics = "clicks",
    group_id = "nacked",
    batch(max = 4, linger = "1h"),
    ack_mode = "manual"
)]
async fn nacked(clicks: Batch<Json<Click>>, acks: Acknowledgments, State(calls): State<Calls>) {
    calls.note(clicks.values().map(|click| click.id).collect());
    let third = clicks.iter().nth(2).filter(|click| click.attempt() == 1);
    match third {
        Some(third) => acks.nack_from(third.meta(), Duration::from_secs(600)),
        None => acks.acknowledge(),
    }
}

#[kafka_test(topics = ["clicks"])]
async fn the_rest_of_a_batch_may_be_asked_for_again(kafka: EmbeddedKafka) {
    let calls = Calls::new();
    let app = kafka.app().listener(nacked).state(calls.clone());
    let app = app.start().await;
    send(&kafka, 0..4).await;
    calls.reaches(1).await;
    kafka.advance("9m").await;
    assert_eq!(calls.entries(), [[0, 1, 2, 3]]);
    kafka.advance("1m").await;
    app.listener("nacked").settled().await;
    assert_eq!(calls.entries()[1..], [[2, 3]]);
    app.stop().await;
    let committed = kafka.committed("nacked", "clicks").await;
    assert_eq!(committed.values().sum::<i64>(), 4);
}

#[kafka_listener(topics = "clicks", group_id = "paused", batch(max = 2, linger = "1h"))]
async fn pausing(
    clicks: Batch<Json<Click>>,
    control: PartitionControl,
    State(calls): State<Calls>,
) {
    calls.note(clicks.values().map(|click| click.id).collect());
    control.pause();
}

#[kafka_test(topics = ["clicks"])]
async fn a_batch_may_pause_its_partition(kafka: EmbeddedKafka) {
    let calls = Calls::new();
    let app = kafka.app().listener(pausing).state(calls.clone());
    let app = app.start().await;
    send(&kafka, 0..4).await;
    calls.reaches(1).await;
    app.quiet().await;
    assert_eq!(calls.entries(), [[0, 1]]);
    app.listener("pausing").resume(Target::All);
    calls.reaches(2).await;
    app.quiet().await;
    assert_eq!(calls.entries(), [[0, 1], [2, 3]]);
}
