//! What goes wrong with transactions on command, and a broker that crashes.

use micro_kafka_broker::Restart;
use micro_kafka_broker::fault::{ApiKey, ErrorCode, FaultBuilder};
use micro_kafka_test::prelude::*;

use super::{once, post, values};

/// A rule for the listener's own requests.
fn on(kafka: &EmbeddedKafka, api: ApiKey) -> FaultBuilder {
    match api {
        ApiKey::Produce => kafka.on(api).topic("ledger"),
        _ => kafka.on(api),
    }
}

/// Sends numbers from `from` on, and waits until each has its two entries, and no more.
async fn posts_all(kafka: &EmbeddedKafka, app: &TestApp, numbers: std::ops::Range<i32>) {
    for nth in numbers.clone() {
        let sent = kafka.send("payments", nth.to_string().as_str());
        sent.partition(nth % 2).await;
    }
    app.listener("post").settled().await;
    let all = 1..numbers.end;
    let count = 2 * all.len();
    let expected = all.flat_map(|nth| [nth.to_string(), format!("-{nth}")]);
    assert_eq!(values(kafka, "ledger", count).await, once(expected));
}

#[kafka_test(topics = ["payments", "ledger"], partitions = 2, embedded = "faults on command")]
async fn a_lost_answer_repeats_nothing(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(post).start().await;
    posts_all(&kafka, &app, 1..4).await;
    for (nth, api) in (1..).zip([
        ApiKey::EndTxn,
        ApiKey::TxnOffsetCommit,
        ApiKey::AddOffsetsToTxn,
        ApiKey::AddPartitionsToTxn,
        ApiKey::Produce,
    ]) {
        let lost = on(&kafka, api).once().apply_then_disconnect();
        posts_all(&kafka, &app, nth * 4..(nth + 1) * 4).await;
        assert_eq!(lost.hits(), 1, "{api:?}");
    }
}

#[kafka_test(topics = ["payments", "ledger"], partitions = 2, embedded = "faults on command")]
async fn a_coordinator_that_moves_is_found_again(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(post).start().await;
    posts_all(&kafka, &app, 1..4).await;
    for (nth, api) in (1..).zip([
        ApiKey::EndTxn,
        ApiKey::TxnOffsetCommit,
        ApiKey::AddOffsetsToTxn,
        ApiKey::AddPartitionsToTxn,
    ]) {
        let moved = on(&kafka, api).times(2).answer(ErrorCode::NOT_COORDINATOR);
        posts_all(&kafka, &app, nth * 4..(nth + 1) * 4).await;
        assert_eq!(moved.hits(), 2, "{api:?}");
    }
}

#[kafka_test(topics = ["payments", "ledger"], partitions = 2, embedded = "faults on command")]
async fn what_is_refused_is_aborted_and_made_again(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(post).start().await;
    posts_all(&kafka, &app, 1..4).await;
    for (nth, (api, code)) in (1..).zip([
        (ApiKey::TxnOffsetCommit, ErrorCode::ILLEGAL_GENERATION),
        (ApiKey::EndTxn, ErrorCode::INVALID_PRODUCER_EPOCH),
        (ApiKey::AddPartitionsToTxn, ErrorCode::PRODUCER_FENCED),
        (ApiKey::Produce, ErrorCode::INVALID_PRODUCER_EPOCH),
    ]) {
        let refused = on(&kafka, api).once().answer(code);
        posts_all(&kafka, &app, nth * 4..(nth + 1) * 4).await;
        assert_eq!(refused.hits(), 1, "{api:?}");
    }
    let aborted = app.listener("post").stats().aborted;
    assert!(aborted > 0, "{aborted} transactions were aborted");
}

#[kafka_test(topics = ["payments", "ledger"], partitions = 2, embedded = "crashes the broker")]
async fn a_crash_of_the_broker_repeats_nothing(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(post).start().await;
    posts_all(&kafka, &app, 1..10).await;
    kafka.crash().await;
    kafka.restart(Restart::WithData).await;
    posts_all(&kafka, &app, 10..20).await;
}
