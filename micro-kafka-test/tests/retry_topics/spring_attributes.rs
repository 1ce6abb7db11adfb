//! Each attribute of Spring's `@RetryableTopic`, by what it comes to on a broker.
//!
//! | attribute | test |
//! |---|---|
//! | `attempts`, `backOff` | `without_a_word_all_is_as_in_spring`, `a_longest_wait_ends_the_growth_and_its_topic_is_shared` |
//! | `backOff.jitter` | `jitter_is_in_the_due_time_and_never_in_a_name` |
//! | `timeout` | `after_its_time_a_failure_is_the_last_one` |
//! | `autoCreateTopics` | `topics_that_may_not_be_created_have_to_be_there` |
//! | `numPartitions`, `replicationFactor` | `topics_are_as_wide_as_asked_for`, `replicas_that_there_are_not_brokers_for_are_a_boot_error` |
//! | `include`, `exclude` | `only_errors_that_are_named_are_retried`, `errors_that_are_named_are_not_retried` |
//! | `traversingCauses` | `a_type_that_is_included_is_included_as_a_cause`, `a_type_that_is_excluded_is_excluded_as_a_cause` |
//! | `retryTopicSuffix`, `dltTopicSuffix` | `settings_make_every_listener_retryable` |
//! | `topicSuffixingStrategy` | `topics_may_be_numbered` |
//! | `sameIntervalTopicReuseStrategy` | `equal_waits_may_have_topics_of_their_own` |
//! | `dltStrategy` | `a_failing_handler_comes_to_an_end_and_its_letter_stays` in `dead_lettering`, `a_letter_comes_again_until_it_is_handled_or_hopeless`, `a_listeners_own_settings_override_its_attribute` |
//! | `autoStartDltHandler` | `letters_wait_for_a_handler_that_does_not_start_by_itself` |
//! | `concurrency` | `retries_have_as_many_consumers_as_asked_for` |
//! | `exceptionBasedDltRouting` | `letters_go_where_their_error_says` |
//! | `listenerContainerFactory` | `retries_are_read_with_the_settings_of_their_listener` |

use micro_kafka::clock::Clock;

use super::*;

#[derive(Debug, thiserror::Error, Classify)]
enum Trouble {
    #[error("busy")]
    Busy,
    #[error("refused")]
    Refused,
}

/// The attempt, and when it was.
type Calls = Journal<(String, u32, Duration)>;

#[kafka_listener(topics = "tasks", group_id = "probes")]
#[retryable]
async fn probe(
    task: &str,
    attempt: Attempt,
    State(calls): State<Calls>,
    State(clock): State<Clock>,
) -> Result<(), Trouble> {
    calls.note((task.to_owned(), attempt.non_blocking(), clock.since_epoch()));
    match task {
        "refused" => Err(Trouble::Refused),
        _ => Err(Trouble::Busy),
    }
}

#[dlt_handler(of = probe, auto_startup = false)]
async fn probe_failed(task: &str, State(calls): State<Calls>) {
    calls.note((format!("letter of {task}"), 0, Duration::ZERO));
}

/// An application whose `probe` has these settings of its retry topics.
fn probing(
    kafka: &EmbeddedKafka,
    calls: &Calls,
    settings: &[(&str, &str)],
) -> micro_kafka_test::TestAppBuilder {
    let app = kafka.app().listener(probe).state(calls.clone());
    let app = app.state(kafka.clock().clone());
    settings.iter().fold(app, |app, (key, value)| {
        app.set(format!("kafka.listeners.probe.retry-topic.{key}"), value)
    })
}

/// Sends one task, and lets it come to its end; the seconds of its attempts since the first.
async fn waits(kafka: &EmbeddedKafka, settings: &[(&str, &str)]) -> Vec<u64> {
    let calls = Calls::new();
    let app = probing(kafka, &calls, settings).start().await;
    kafka.send("tasks", "busy").await;
    kafka.advance("10m").await;
    app.listener("probe")
        .settled()
        .await
        .assert_dead_lettered(1);
    let calls = calls.entries();
    let numbers = calls.iter().map(|call| call.1);
    assert!(numbers.eq(1..=u32::try_from(calls.len()).unwrap()));
    let first = calls[0].2;
    calls
        .iter()
        .map(|call| (call.2 - first).as_secs())
        .collect()
}

async fn count(kafka: &EmbeddedKafka, topic: &str) -> usize {
    let ends = kafka.admin().end_offsets(topic).await.unwrap();
    usize::try_from(ends.values().sum::<i64>()).unwrap()
}

#[kafka_test(topics = ["tasks"], clock = "paused")]
async fn without_a_word_all_is_as_in_spring(kafka: EmbeddedKafka) {
    assert_eq!(waits(&kafka, &[]).await, [0, 1, 2]);
    assert_eq!(count(&kafka, "tasks-retry").await, 2);
    assert_eq!(count(&kafka, "tasks-dlt").await, 1);
}

#[kafka_test(topics = ["tasks"], clock = "paused")]
async fn a_longest_wait_ends_the_growth_and_its_topic_is_shared(kafka: EmbeddedKafka) {
    let settings = [
        ("attempts", "5"),
        ("backoff", "1s..1h x4"),
        ("max-delay", "5s"),
    ];
    assert_eq!(waits(&kafka, &settings).await, [0, 1, 5, 10, 15]);
    for (topic, copies) in [("1000", 1), ("4000", 1), ("5000", 2)] {
        assert_eq!(count(&kafka, &format!("tasks-retry-{topic}")).await, copies);
    }
}

#[kafka_test(topics = ["tasks"], clock = "paused")]
async fn jitter_is_in_the_due_time_and_never_in_a_name(kafka: EmbeddedKafka) {
    let settings = [("attempts", "2"), ("backoff", "100s"), ("jitter", "0.5")];
    let calls = Calls::new();
    let app = probing(&kafka, &calls, &settings).start().await;
    for _ in 0..20 {
        kafka.send("tasks", "busy").await;
    }
    kafka.advance("10m").await;
    app.listener("probe")
        .settled()
        .await
        .assert_dead_lettered(20);
    let calls = calls.entries();
    let first = calls[0].2;
    let again = calls.iter().filter(|call| call.1 == 2);
    let mut waits: Vec<_> = again.map(|call| (call.2 - first).as_millis()).collect();
    waits.sort_unstable();
    assert!(waits[0] >= 50_000 && waits[19] <= 150_100, "{waits:?}");
    assert_ne!(waits[0], waits[19], "chance has no hand in it");
    assert_eq!(count(&kafka, "tasks-retry").await, 20);
}

#[kafka_test(topics = ["tasks"], clock = "paused")]
async fn after_its_time_a_failure_is_the_last_one(kafka: EmbeddedKafka) {
    let settings = [("attempts", "100"), ("backoff", "10s"), ("timeout", "25s")];
    // The record's time is its sender's, a little after the clock's.
    assert_eq!(waits(&kafka, &settings).await, [0, 10, 20, 30]);
}

#[kafka_test(topics = ["tasks", "tasks-retry"])]
async fn topics_that_may_not_be_created_have_to_be_there(kafka: EmbeddedKafka) {
    let calls = Calls::new();
    let start = async || {
        let app = probing(&kafka, &calls, &[("auto-create", "false")]);
        app.try_start().await
    };
    let error = start().await.unwrap_err().to_string();
    assert!(error.contains("tasks-dlt` does not exist"), "{error}");
    assert!(!error.contains("tasks-retry` does"), "{error}");
    kafka.create_topic("tasks-dlt", 1).await;
    start().await.unwrap();
}

#[kafka_test(topics = ["tasks"], partitions = 3)]
async fn topics_are_as_wide_as_asked_for(kafka: EmbeddedKafka) {
    let settings = [
        ("attempts", "2"),
        ("partitions", "2"),
        ("replication-factor", "1"),
    ];
    let calls = Calls::new();
    let app = probing(&kafka, &calls, &settings).start().await;
    for partition in 0..3 {
        kafka
            .send("tasks", "busy")
            .key("k")
            .partition(partition)
            .await;
    }
    kafka.advance("1m").await;
    app.listener("probe")
        .settled()
        .await
        .assert_dead_lettered(3);
    for topic in ["tasks-retry", "tasks-dlt"] {
        let wide = kafka.admin().partition_count(topic).await.unwrap();
        assert_eq!(wide, Some(2), "{topic}");
        assert_eq!(count(&kafka, topic).await, 3, "{topic}");
    }
}

#[kafka_test(topics = ["tasks"])]
async fn replicas_that_there_are_not_brokers_for_are_a_boot_error(kafka: EmbeddedKafka) {
    let app = probing(&kafka, &Calls::new(), &[("replication-factor", "9")]);
    let error = app.try_start().await.unwrap_err().to_string();
    assert!(error.contains("tasks-"), "{error}");
    assert!(error.to_lowercase().contains("replication"), "{error}");
}

/// How often each of the two errors was tried.
async fn tries(kafka: &EmbeddedKafka, key: &str) -> [usize; 2] {
    let calls = Calls::new();
    let app = probing(kafka, &calls, &[(key, "Refused")]).start().await;
    kafka.send("tasks", "busy").await;
    kafka.send("tasks", "refused").await;
    kafka.advance("1m").await;
    app.listener("probe")
        .settled()
        .await
        .assert_dead_lettered(2);
    let calls = calls.entries();
    ["busy", "refused"].map(|task| calls.iter().filter(|call| call.0 == task).count())
}

#[kafka_test(topics = ["tasks"])]
async fn only_errors_that_are_named_are_retried(kafka: EmbeddedKafka) {
    assert_eq!(tries(&kafka, "include").await, [1, 3]);
}

#[kafka_test(topics = ["tasks"])]
async fn errors_that_are_named_are_not_retried(kafka: EmbeddedKafka) {
    assert_eq!(tries(&kafka, "exclude").await, [3, 1]);
}

#[kafka_test(topics = ["tasks"], clock = "paused")]
async fn topics_may_be_numbered(kafka: EmbeddedKafka) {
    let settings = [("backoff", "1s..1m x3"), ("suffixing", "index")];
    assert_eq!(waits(&kafka, &settings).await, [0, 1, 4]);
    for topic in ["tasks-retry-0", "tasks-retry-1"] {
        assert_eq!(count(&kafka, topic).await, 1, "{topic}");
    }
}

#[kafka_test(topics = ["tasks"], clock = "paused")]
async fn equal_waits_may_have_topics_of_their_own(kafka: EmbeddedKafka) {
    let settings = [("backoff", "2s"), ("same-interval", "multiple-topics")];
    assert_eq!(waits(&kafka, &settings).await, [0, 2, 4]);
    for topic in ["tasks-retry-0", "tasks-retry-1"] {
        assert_eq!(count(&kafka, topic).await, 1, "{topic}");
    }
}

#[kafka_test(topics = ["tasks"])]
async fn letters_wait_for_a_handler_that_does_not_start_by_itself(kafka: EmbeddedKafka) {
    let calls = Calls::new();
    let app = probing(&kafka, &calls, &[("attempts", "2")]);
    let app = app.listener(probe_failed).start().await;
    kafka.send("tasks", "busy").await;
    kafka.advance("1m").await;
    app.listener("probe")
        .settled()
        .await
        .assert_dead_lettered(1);
    assert_eq!(calls.entries().len(), 2, "the letter waits");
    app.listener("probe_failed").start().unwrap();
    assert_eq!(calls.reaches(3).await[2].0, "letter of busy");
}

#[kafka_test(topics = ["tasks"], partitions = 4)]
async fn retries_have_as_many_consumers_as_asked_for(kafka: EmbeddedKafka) {
    let app = probing(&kafka, &Calls::new(), &[("concurrency", "2")]);
    let app = app.start().await;
    let mut containers = app.containers().iter();
    let reader = containers.find(|it| it.endpoint().reads_retries);
    let reader = reader.unwrap();
    let mut assignment = reader.assignment();
    let shared = assignment.wait_for(|all| {
        let of = |consumer| all.iter().filter(|it| it.consumer == consumer).count();
        (of(0), of(1)) == (2, 2)
    });
    tokio::time::timeout(Duration::from_secs(20), shared)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(app.listener("probe").endpoint().concurrency, 1);
}

#[kafka_test(topics = ["tasks"])]
async fn letters_go_where_their_error_says(kafka: EmbeddedKafka) {
    let settings = [("attempts", "2"), ("dlt-routing", "Refused=-refused")];
    let app = probing(&kafka, &Calls::new(), &settings).start().await;
    kafka.send("tasks", "busy").await;
    kafka.send("tasks", "refused").await;
    kafka.advance("1m").await;
    app.listener("probe")
        .settled()
        .await
        .assert_dead_lettered(2);
    kafka
        .dlt("tasks")
        .assert_one(|letter| letter.failure().error == "Busy");
    let routed = kafka.dlt("tasks-refused");
    routed.assert_one(|letter| letter.failure().error == "Refused");
}

#[kafka_test(topics = ["tasks"])]
async fn retries_are_read_with_the_settings_of_their_listener(kafka: EmbeddedKafka) {
    let settings = r#"
        [kafka.containers.slow]
        parallelism = 3
        properties."fetch.max.bytes" = 1000000
        properties."queued.min.messages" = 77

        [kafka.listeners.probe]
        container = "slow"
    "#;
    let app = probing(&kafka, &Calls::new(), &[]).config(settings);
    let app = app.start().await;
    let mut containers = app.containers().iter();
    let reader = containers.find(|it| it.endpoint().reads_retries);
    let reader = reader.unwrap().endpoint();
    assert_eq!(reader.parallelism, Some(3));
    let value = |name: &str| {
        let mut all = reader.properties.iter();
        all.find(|(it, _)| it == name).map(|(_, value)| &**value)
    };
    assert_eq!(value("fetch.max.bytes"), Some("1000000"));
    assert_eq!(value("queued.min.messages"), Some("77"));
    assert_eq!(value("queued.max.messages.kbytes"), Some("4096"), "its own");
}
