//! How many records of a listener begin in a time.

use micro_kafka::prelude::*;
use micro_kafka_test::prelude::*;

type Begun = Journal<i64>;

#[kafka_listener(topics = "orders", group_id = "paced", rate_limit = "10/s")]
async fn paced(_: &str, meta: Meta, State(begun): State<Begun>) {
    begun.note(meta.offset());
}

#[kafka_test(topics = ["orders"], clock = "paused")]
async fn a_rate_is_kept_exactly(kafka: EmbeddedKafka) {
    let begun = Begun::new();
    let app = kafka.app().listener(paced).state(begun.clone());
    let app = app.start().await;
    for order in 0..30 {
        kafka.send("orders", order.to_string()).await;
    }
    kafka.advance("0s").await;
    assert_eq!(begun.entries().len(), 1);
    for second in 1..=2 {
        kafka.advance("999ms").await;
        assert_eq!(begun.entries().len(), second * 10);
        kafka.advance("1ms").await;
        assert_eq!(begun.entries().len(), second * 10 + 1);
    }
    assert!(begun.entries().into_iter().eq(0..21), "in their order");
    // A stop waits for none of those that have not begun.
    assert_eq!(app.stop().await.abandoned, 0);
}

#[kafka_listener(topics = "orders", group_id = "retried", rate_limit = "1/s")]
async fn retried(_: &str, attempt: Attempt, State(begun): State<Begun>) -> Result<(), String> {
    begun.note(attempt.number().into());
    Err("never".to_owned())
}

#[kafka_test(topics = ["orders", "orders-dlt"], clock = "paused")]
async fn every_attempt_counts_towards_the_rate(kafka: EmbeddedKafka) {
    let begun = Begun::new();
    let app = kafka.app().listener(retried).state(begun.clone());
    let app = app
        .set("kafka.listeners.retried.retry.attempts", 3)
        .start()
        .await;
    kafka.send("orders", "one").await;
    kafka.advance("1999ms").await;
    assert_eq!(begun.entries(), [1, 2]);
    kafka.advance("1ms").await;
    assert_eq!(begun.entries(), [1, 2, 3]);
    app.listener("retried")
        .settled()
        .await
        .assert_dead_lettered(1);
}

#[kafka_listener(topics = "orders", group_id = "many", batch(max = 5, linger = "1h"))]
async fn many(orders: Batch<Text>, State(begun): State<Begun>) {
    begun.note(orders.len().try_into().unwrap());
}

#[kafka_test(topics = ["orders"], clock = "paused")]
async fn a_batch_counts_by_its_records(kafka: EmbeddedKafka) {
    let begun = Begun::new();
    let app = kafka.app().listener(many).state(begun.clone());
    let app = app
        .set("kafka.listeners.many.rate-limit", "5/s")
        .start()
        .await;
    for order in 0..10 {
        kafka.send("orders", order.to_string()).await;
    }
    kafka.advance("999ms").await;
    assert_eq!(begun.entries(), [5]);
    kafka.advance("1ms").await;
    assert_eq!(begun.entries(), [5, 5]);
    app.listener("many").settled().await.assert_handled(10);
}

#[kafka_listener(
    topics = "orders",
    group_id = "fast",
    rate_limit = "200/s",
    order = "none",
    concurrency = 2
)]
async fn fast(_: &str) {}

#[kafka_test(topics = ["orders"], partitions = 2)]
async fn a_rate_is_the_listeners_whatever_its_consumers_and_by_real_time(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(fast).start().await;
    let begun = std::time::Instant::now();
    for order in 0..60 {
        kafka
            .send("orders", order.to_string())
            .partition(order % 2)
            .await;
    }
    app.listener("fast").settled().await.assert_handled(60);
    // 59 spaces of 5 ms, but for what a late timer may make up for.
    assert!(
        begun.elapsed() >= Duration::from_millis(280),
        "{:?}",
        begun.elapsed()
    );
}
