//! Batches, whose failed records go to retry topics one by one.

use super::*;

#[derive(Debug, thiserror::Error)]
#[error("odd")]
struct Odd;

type Batches = Journal<Vec<String>>;

#[kafka_listener(topics = "clicks", group_id = "search", batch(max = 4, linger = "1h"))]
#[retryable(attempts = 3, backoff = "5s")]
async fn index(clicks: Batch<Text>, State(batches): State<Batches>) -> BatchResult<Odd> {
    let values: Vec<_> = clicks.values().cloned().collect();
    batches.note(values.clone());
    let each = values.iter().map(|value| match value.as_str() {
        "odd" => Err(Odd),
        _ => Ok(()),
    });
    clicks.settle(each)
}

#[kafka_test(topics = ["clicks"])]
async fn only_the_failed_records_of_a_batch_come_back(kafka: EmbeddedKafka) {
    let batches = Batches::new();
    let app = kafka.app().listener(index).state(batches.clone());
    let app = app.start().await;
    for click in ["a", "odd", "b", "odd"] {
        kafka.send("clicks", click).await;
    }
    kafka.advance("1m").await;
    let settled = app.listener("index").settled().await;
    settled.assert_handled(2).assert_dead_lettered(2);
    let seen = batches.entries();
    assert_eq!(seen[0], ["a", "odd", "b", "odd"]);
    assert_eq!(
        seen.len(),
        1 + 2 * 2,
        "two records, two more attempts each: {seen:?}"
    );
    assert!(seen[1..].iter().all(|batch| batch == &["odd"]), "{seen:?}");
    kafka
        .dlt("clicks")
        .assert_all(|letter| letter.failure().attempts == Some(3));
    let committed = kafka.committed("search", "clicks").await;
    assert_eq!(committed.values().sum::<i64>(), 4);
}

#[kafka_test(topics = ["clicks"])]
async fn an_undecodable_record_of_a_batch_is_dead_lettered_at_once(kafka: EmbeddedKafka) {
    let batches = Batches::new();
    let app = kafka.app().listener(index).state(batches.clone());
    let app = app.start().await;
    for click in [&b"a"[..], &[0xff, 0xfe], b"b", b"c"] {
        kafka.send("clicks", click).await;
    }
    batches.reaches(1).await;
    let settled = app.listener("index").settled().await;
    settled.assert_handled(3).assert_dead_lettered(1);
    kafka.dlt("clicks").assert_one(|letter| {
        letter.record().payload() == Some(&[0xff, 0xfe]) && letter.failure().attempts == Some(1)
    });
}
