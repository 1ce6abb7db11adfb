//! Nothing that a record waits for costs the consumer its place in the group.

use super::*;

/// The least session timeout that brokers allow by default.
const LIMIT: Duration = Duration::from_secs(6);

pub(super) const BEYOND_LIMITS: Duration = Duration::from_millis(7_500);

#[kafka_test(topics = ["orders"], partitions = 3)]
async fn neither_a_slow_handler_nor_a_long_wait_ends_the_membership(kafka: EmbeddedKafka) {
    let calls = Calls::new();
    let limit = LIMIT.as_millis();
    let app = kafka
        .app()
        .listener(charge)
        .set("kafka.consumer.properties.session.timeout.ms", limit)
        .set("kafka.consumer.max-poll-interval", format!("{limit}ms"))
        .set("kafka.listeners.charge.retry.Other.attempts", 2)
        .set(
            "kafka.listeners.charge.retry.Other.backoff",
            format!("{}ms", BEYOND_LIMITS.as_millis()),
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
