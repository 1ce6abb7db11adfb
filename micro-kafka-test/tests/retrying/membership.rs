//! Nothing that a record waits for costs the consumer its place in the group.

use super::*;

/// The least session timeout that Apache Kafka allows by default is 6 s.
fn limit() -> Duration {
    match std::env::var_os(micro_kafka_test::EXTERNAL) {
        Some(_) => Duration::from_secs(6),
        None => Duration::from_secs(1),
    }
}

pub(super) fn beyond_limits() -> Duration {
    limit() + Duration::from_millis(1500)
}

#[kafka_test(topics = ["orders"], partitions = 3)]
async fn neither_a_slow_handler_nor_a_long_wait_ends_the_membership(kafka: EmbeddedKafka) {
    let calls = Calls::new();
    let limit = limit().as_millis();
    let app = kafka
        .app()
        .listener(charge)
        .set("kafka.consumer.properties.session.timeout.ms", limit)
        .set("kafka.consumer.max-poll-interval", format!("{limit}ms"))
        .set("kafka.listeners.charge.retry.Other.attempts", 2)
        .set(
            "kafka.listeners.charge.retry.Other.backoff",
            format!("{}ms", beyond_limits().as_millis()),
        )
        .state(calls.clone())
        .start()
        .await;
    let mut assignment = app.listener("charge").assignment();
    assignment.mark_unchanged();
    kafka.send("orders", "slow").partition(0).await;
    kafka.send("orders", "other").partition(1).await;
    calls.reaches(2).await;
    kafka.send("orders", "meanwhile").partition(2).await;
    let seen = calls.reaches(3).await;
    assert_eq!(
        of(&seen, "meanwhile").count(),
        1,
        "the slow ones hold back the rest"
    );
    app.listener("charge")
        .settled()
        .await
        .assert_handled(2)
        .assert_attempts(4);
    assert!(
        !assignment.has_changed().unwrap(),
        "the group was rebalanced"
    );
    let committed = kafka.committed("billing", "orders").await;
    assert_eq!(committed.values().sum::<i64>(), 3, "{committed:?}");
}
