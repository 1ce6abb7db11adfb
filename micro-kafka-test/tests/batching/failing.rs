//! Records of a batch that fail.

use micro_kafka::codec::DecodeError;
use micro_kafka::prelude::*;
use micro_kafka_test::prelude::*;

use super::{Calls, Click, send};

#[derive(Debug, thiserror::Error, Classify)]
enum SearchError {
    #[error("busy")]
    #[kafka(retry(attempts = 3, backoff = "1s"))]
    Busy,
    #[error("refused")]
    #[kafka(dead_letter)]
    Refused,
}

/// 7 is refused at once, 3 and 5 are busy until the second and third attempt.
#[kafka_listener(topics = "clicks", group_id = "search", batch(max = 10, linger = "1h"))]
async fn index(clicks: Batch<Json<Click>>, State(calls): State<Calls>) -> BatchResult<SearchError> {
    calls.note(clicks.values().map(|click| click.id).collect());
    clicks.settle(
        clicks
            .iter()
            .map(|click| match (click.value().0.id, click.attempt()) {
                (3, 1) | (5, 1 | 2) => Err(SearchError::Busy),
                (7, _) => Err(SearchError::Refused),
                _ => Ok(()),
            }),
    )
}

#[kafka_test(topics = ["clicks"])]
async fn only_the_failed_records_are_tried_again_and_all_others_are_done(kafka: EmbeddedKafka) {
    let calls = Calls::new();
    let app = kafka.app().listener(index).state(calls.clone());
    let app = app.start().await;
    send(&kafka, 0..10).await;
    calls.reaches(1).await;
    send(&kafka, 10..20).await;
    kafka.advance("0ms").await;
    assert_eq!(app.listener("index").stats().handled, 7);
    assert_eq!(kafka.committed("search", "clicks").await[&0], 3);
    kafka.advance("1s").await;
    assert_eq!(kafka.committed("search", "clicks").await[&0], 5);
    kafka.advance("1s").await;
    app.listener("index")
        .settled()
        .await
        .assert_handled(19)
        .assert_dead_lettered(1);
    // Later records of the partition wait until the earlier ones are settled.
    let tens = |from: u64| (from..from + 10).collect::<Vec<_>>();
    assert_eq!(calls.entries(), [tens(0), vec![3, 5], vec![5], tens(10)]);
    kafka
        .dlt("clicks")
        .assert_one(|letter| letter.failure().error == "Refused");
    assert_eq!(kafka.committed("search", "clicks").await[&0], 20);
}

#[kafka_listener(
    topics = "clicks",
    group_id = "whole",
    batch(max = 3, linger = "1h"),
    retry(attempts = 2, backoff = "1s")
)]
async fn whole(clicks: Batch<Json<Click>>, State(calls): State<Calls>) -> Result<(), String> {
    calls.note(clicks.values().map(|click| click.id).collect());
    Err("no index".to_owned())
}

#[kafka_test(topics = ["clicks"])]
async fn an_error_is_the_failure_of_every_record(kafka: EmbeddedKafka) {
    let calls = Calls::new();
    let app = kafka.app().listener(whole).state(calls.clone());
    let app = app.start().await;
    send(&kafka, 0..3).await;
    calls.reaches(1).await;
    kafka.advance("1s").await;
    app.listener("whole")
        .settled()
        .await
        .assert_dead_lettered(3);
    assert_eq!(calls.entries(), [[0, 1, 2], [0, 1, 2]]);
    let letters = kafka.dlt("clicks").all();
    assert!(
        letters
            .iter()
            .all(|letter| letter.failure().attempts == Some(2))
    );
}

#[kafka_listener(topics = "clicks", group_id = "strict", batch(max = 4, linger = "1h"))]
async fn strict(clicks: Batch<Json<Click>>, State(calls): State<Calls>) {
    calls.note(clicks.values().map(|click| click.id).collect());
}

#[kafka_test(topics = ["clicks"])]
async fn what_cannot_be_read_goes_to_the_dlt_and_the_handler_never_sees_it(kafka: EmbeddedKafka) {
    let calls = Calls::new();
    let app = kafka.app().listener(strict).state(calls.clone());
    let app = app.start().await;
    send(&kafka, 0..1).await;
    kafka.send("clicks", "no click").await;
    send(&kafka, 1..2).await;
    kafka.send("clicks", "none either").await;
    for _ in 0..4 {
        kafka.send("clicks", "nor these").await;
    }
    app.listener("strict")
        .settled()
        .await
        .assert_handled(2)
        .assert_dead_lettered(6);
    assert_eq!(calls.entries(), [[0, 1]], "a call without records is none");
}

#[kafka_listener(topics = "clicks", group_id = "asking", batch(max = 3, linger = "1h"))]
async fn asking(
    clicks: Batch<Result<Json<Click>, DecodeError>>,
    State(seen): State<Journal<Vec<Option<u64>>>>,
) {
    let ids = clicks.iter().map(|click| match click.value() {
        Ok(Json(click)) => Some(click.id),
        Err(_) => None,
    });
    seen.note(ids.collect());
}

#[kafka_test(topics = ["clicks"])]
async fn a_handler_that_asks_is_given_what_cannot_be_read(kafka: EmbeddedKafka) {
    let seen = Journal::<Vec<Option<u64>>>::new();
    let app = kafka.app().listener(asking).state(seen.clone());
    let app = app.start().await;
    send(&kafka, 0..1).await;
    kafka.send("clicks", "no click").await;
    send(&kafka, 1..2).await;
    app.listener("asking").settled().await.assert_handled(3);
    assert_eq!(seen.entries(), [[Some(0), None, Some(1)]]);
}

#[kafka_listener(
    topics = "clicks",
    group_id = "panicking",
    batch(max = 2, linger = "1h"),
    retry(attempts = 2)
)]
async fn panicking(clicks: Batch<Json<Click>>, State(calls): State<Calls>) {
    calls.note(clicks.values().map(|click| click.id).collect());
    assert_eq!(clicks.iter().next().unwrap().attempt(), 2, "not yet");
}

#[kafka_test(topics = ["clicks"])]
async fn a_panic_is_a_failure_of_the_batch(kafka: EmbeddedKafka) {
    let calls = Calls::new();
    let app = kafka.app().listener(panicking).state(calls.clone());
    let app = app.start().await;
    send(&kafka, 0..2).await;
    app.listener("panicking").settled().await.assert_handled(2);
    assert_eq!(calls.entries(), [[0, 1], [0, 1]]);
}

/// Stops at 4, which is busy at first, and at 6, which is refused.
#[kafka_listener(
    topics = "clicks",
    group_id = "stopping",
    batch(max = 8, linger = "1h")
)]
async fn stopping(
    clicks: Batch<Json<Click>>,
    State(calls): State<Calls>,
) -> BatchResult<SearchError> {
    calls.note(clicks.values().map(|click| click.id).collect());
    for (index, click) in clicks.iter().enumerate() {
        match (click.value().0.id, click.attempt()) {
            (4, 1) => return clicks.failed_at(index, SearchError::Busy),
            (6, attempt) => {
                assert_eq!(attempt, 1, "what was not reached was not tried");
                return clicks.failed_at(index, SearchError::Refused);
            }
            _ => {}
        }
    }
    clicks.settle(clicks.values().map(|_| Ok(())))
}

#[kafka_test(topics = ["clicks"])]
async fn what_is_behind_a_failure_is_delivered_again_as_if_it_were_new(kafka: EmbeddedKafka) {
    let calls = Calls::new();
    let app = kafka.app().listener(stopping).state(calls.clone());
    let app = app.start().await;
    send(&kafka, 0..8).await;
    calls.reaches(1).await;
    kafka.advance("1s").await;
    app.listener("stopping")
        .settled()
        .await
        .assert_handled(7)
        .assert_dead_lettered(1);
    let expected = [(0..8).collect::<Vec<_>>(), vec![4, 5, 6, 7], vec![7]];
    assert_eq!(calls.entries(), expected);
}

#[kafka_listener(
    topics = "clicks",
    group_id = "starving",
    batch(max = 3),
    retry(attempts = 3, backoff = "1s")
)]
async fn starving(clicks: Batch<Json<Click>>, State(calls): State<Calls>) -> Result<(), String> {
    calls.note(clicks.values().map(|click| click.id).collect());
    match clicks.values().any(|click| click.id < 100) {
        true => Err("no index".to_owned()),
        false => Ok(()),
    }
}

#[kafka_test(topics = ["clicks"], partitions = 2)]
async fn a_failing_batch_does_not_hold_back_another_partition(kafka: EmbeddedKafka) {
    let calls = Calls::new();
    let app = kafka.app().listener(starving).state(calls.clone());
    let app = app.start().await;
    kafka.send("clicks", r#"{"id":1}"#).partition(0).await;
    kafka.advance("0ms").await;
    kafka.send("clicks", r#"{"id":101}"#).partition(1).await;
    kafka.advance("0ms").await;
    let stats = app.listener("starving").stats();
    assert_eq!(
        (stats.handled, stats.dead_lettered),
        (1, 0),
        "the first waits"
    );
    app.listener("starving")
        .settled()
        .await
        .assert_handled(1)
        .assert_dead_lettered(1)
        .assert_attempts(4);
}
