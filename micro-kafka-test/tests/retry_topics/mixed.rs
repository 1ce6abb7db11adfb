//! Retry topics that Spring services write to and read from as well.

use super::*;

#[derive(Debug, thiserror::Error)]
#[error("still failing")]
struct Failing;

type Seen = Journal<(String, u32)>;

/// As `@RetryableTopic(attempts = "3", backoff = @Backoff(200))` in a Java service.
#[kafka_listener(topics = "r200", group_id = "r200-group")]
#[retryable(attempts = 3, backoff = "200ms", compat = "spring")]
async fn ring(value: &str, attempt: Attempt, State(seen): State<Seen>) -> Result<(), Failing> {
    seen.note((value.to_owned(), attempt.non_blocking()));
    Err(Failing)
}

/// What a Java service wrote to `r200-retry` after its first failure.
async fn springs_first_retry(kafka: &EmbeddedKafka, group: &str) {
    let failed = 0x0000_01a1_fb69_44d1_i64.to_be_bytes();
    let text = "java.lang.IllegalStateException";
    kafka
        .send("r200-retry", "value-0")
        .key("key-0")
        .header("kafka_exception-fqcn", text)
        .header("kafka_exception-cause-fqcn", text)
        .header(
            "kafka_exception-message",
            "Listener failed; failing key-0 from r200",
        )
        .header("kafka_exception-stacktrace", "org.springframework…")
        .header("kafka_original-topic", "r200")
        .header("kafka_original-partition", 0_i32.to_be_bytes())
        .header("kafka_original-offset", 0_i64.to_be_bytes())
        .header("kafka_original-timestamp", failed)
        .header("kafka_original-timestamp-type", "CreateTime")
        .header("kafka_dlt-original-consumer-group", group)
        .header("retry_topic-original-timestamp", &failed[2..])
        .header("retry_topic-attempts", 2_i32.to_be_bytes())
        .header(
            "retry_topic-backoff-timestamp",
            &0x0000_01a1_fb69_45c7_i64.to_be_bytes()[2..],
        )
        .await;
}

#[kafka_test(topics = ["r200"])]
async fn a_record_that_a_java_service_failed_with_is_carried_on(kafka: EmbeddedKafka) {
    let seen = Seen::new();
    let app = kafka.app().listener(ring).state(seen.clone());
    let app = app.start().await;
    let group = kafka.wire_name("r200-group");
    springs_first_retry(&kafka, &group).await;
    app.settled().await;
    let attempts = [2, 3].map(|attempt| ("value-0".to_owned(), attempt));
    assert_eq!(seen.entries(), attempts);
    let records = kafka.records("r200-retry", 2).await;
    let names = |at: usize| {
        let headers = records[at].headers.iter();
        let names = headers.map(|it| String::from_utf8(it.name.clone()).unwrap());
        names.collect::<Vec<_>>()
    };
    let original = [
        "kafka_original-topic",
        "kafka_original-partition",
        "kafka_original-offset",
        "kafka_original-timestamp",
        "kafka_original-timestamp-type",
        "kafka_dlt-original-consumer-group",
    ];
    let exception = [
        "kafka_exception-fqcn",
        "kafka_exception-message",
        "kafka_exception-stacktrace",
    ];
    let way = [
        "retry_topic-original-timestamp",
        "retry_topic-attempts",
        "retry_topic-backoff-timestamp",
    ];
    let own = ["mk-error", "mk-listener", "mk-attempts"];
    let expected = [&original[..], &way, &exception, &way, &own].concat();
    assert_eq!(names(1)[..expected.len()], expected);
    kafka.dlt("r200").assert_one(|letter| {
        letter.failure().topic == "r200" && letter.failure().attempts == Some(3)
    });
}

#[kafka_test(topics = ["r200"])]
async fn another_groups_retries_are_left_to_it(kafka: EmbeddedKafka) {
    let seen = Seen::new();
    let app = kafka.app().listener(ring).state(seen.clone());
    let app = app.start().await;
    springs_first_retry(&kafka, "another-group").await;
    app.settled().await.assert_filtered(1);
    assert!(seen.entries().is_empty());
}

#[kafka_test(topics = ["r200"])]
async fn each_retry_topic_is_read_in_springs_group(kafka: EmbeddedKafka) {
    let seen = Seen::new();
    let app = kafka.app().listener(ring).state(seen.clone());
    let growing = "kafka.listeners.ring.retry-topic.backoff";
    let app = app.set(growing, "100ms..1s x2").start().await;
    kafka.send("r200", "value-1").await;
    app.listener("ring").settled().await.assert_attempts(3);
    for delay in ["100", "200"] {
        let (group, topic) = (
            format!("r200-group-retry-{delay}"),
            format!("r200-retry-{delay}"),
        );
        let committed = kafka.committed(&group, &topic).await;
        assert_eq!(committed.values().sum::<i64>(), 1, "{group}");
    }
}
