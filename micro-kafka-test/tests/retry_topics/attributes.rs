//! Where attributes and settings say what becomes of a record.

use super::*;

#[derive(Debug, thiserror::Error)]
#[error("down")]
struct Down;

type Calls = Journal<(String, u32, u32)>;

fn note(calls: &Calls, value: &str, attempt: Attempt) {
    calls.note((value.to_owned(), attempt.non_blocking(), attempt.number()));
}

#[retryable(attempts = 2, backoff = "10s", in_place(attempts = 2))]
#[kafka_listener(topics = "pings", group_id = "above")]
async fn above(ping: &str, attempt: Attempt, State(calls): State<Calls>) -> Result<(), Down> {
    note(&calls, ping, attempt);
    Err(Down)
}

#[kafka_test(topics = ["pings"])]
async fn it_works_above_its_listener_and_combines_with_retries_in_place(kafka: EmbeddedKafka) {
    let calls = Calls::new();
    let app = kafka.app().listener(above).state(calls.clone());
    let app = app.start().await;
    kafka.send("pings", "a").await;
    kafka.advance("1m").await;
    app.listener("above").settled().await.assert_attempts(4);
    let seen = calls.entries();
    let attempts = seen
        .iter()
        .map(|(_, topics, in_place)| (*topics, *in_place));
    assert_eq!(
        attempts.collect::<Vec<_>>(),
        [(1, 1), (1, 2), (2, 1), (2, 2)]
    );
    kafka.dlt("pings").assert_count(1);
}

#[kafka_listener(topics = "pings", group_id = "plain")]
async fn plain(ping: &str, attempt: Attempt, State(calls): State<Calls>) -> Result<(), Down> {
    note(&calls, ping, attempt);
    Err(Down)
}

#[kafka_test(topics = ["pings"])]
async fn settings_make_every_listener_retryable(kafka: EmbeddedKafka) {
    let settings = r#"
        [kafka.retry.topic]
        enabled = true
        attempts = 4
        backoff = "1s..2s x2"
        suffix = "-again"
        dlt-suffix = "-lost"
    "#;
    let calls = Calls::new();
    let app = kafka.app().listener(plain).config(settings);
    let app = app.state(calls.clone()).start().await;
    kafka.send("pings", "a").await;
    kafka.advance("1m").await;
    app.listener("plain").settled().await.assert_attempts(4);
    assert_eq!(kafka.records("pings-again-1000", 1).await.len(), 1);
    assert_eq!(kafka.records("pings-again-2000", 2).await.len(), 2);
    assert_eq!(kafka.records("pings-lost", 1).await.len(), 1);
}

#[kafka_test(topics = ["pings"])]
async fn a_listeners_own_settings_override_its_attribute(kafka: EmbeddedKafka) {
    let settings = r#"
        [kafka.listeners.above.retry-topic]
        attempts = 3
        dlt-strategy = "none"
        in-place-attempts = 1
    "#;
    let calls = Calls::new();
    let app = kafka.app().listener(above).config(settings);
    let app = app.state(calls.clone()).start().await;
    kafka.send("pings", "a").await;
    kafka.advance("1m").await;
    let settled = app.listener("above").settled().await;
    settled
        .assert_attempts(3)
        .assert_skipped(1)
        .assert_dead_lettered(0);
}

#[kafka_test(topics = ["pings"])]
async fn it_can_be_switched_off(kafka: EmbeddedKafka) {
    let calls = Calls::new();
    let app = kafka.app().listener(above).state(calls.clone());
    let app = app.set("kafka.listeners.above.retry-topic.enabled", false);
    let app = app.start().await;
    kafka.send("pings", "a").await;
    app.listener("above").settled().await.assert_attempts(10);
    assert!(app.containers().len() == 1, "nobody reads retry topics");
}

#[kafka_listener(topics = "pings", group_id = "first")]
#[retryable(attempts = 2, backoff = "1s")]
async fn first(_ping: &str) -> Result<(), Down> {
    Err(Down)
}

#[kafka_listener(topics = "pings", group_id = "second")]
#[retryable(attempts = 2, backoff = "1s")]
async fn second(_ping: &str) -> Result<(), Down> {
    Err(Down)
}

#[kafka_test(topics = ["pings"])]
async fn groups_that_share_retry_topics_handle_their_own_failures_only(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(first).listener(second);
    let app = app.start().await;
    for _ in 0..3 {
        kafka.send("pings", "a").await;
    }
    kafka.advance("1m").await;
    let one = app.listener("first").settled().await;
    one.assert_attempts(6)
        .assert_dead_lettered(3)
        .assert_filtered(3);
    let two = app.listener("second").settled().await;
    two.assert_attempts(6)
        .assert_dead_lettered(3)
        .assert_filtered(3);
}

#[kafka_test(topics = ["pings"])]
async fn mistakes_are_boot_errors(kafka: EmbeddedKafka) {
    let boot = async |toml: &str| {
        let app = kafka.app().listener(plain).listener(above).config(toml);
        let app = app.state(Calls::new());
        app.try_start().await.unwrap_err().to_string()
    };
    let text = boot("[kafka.listeners.plain.retry-topic]\nattempts = 3\n").await;
    assert!(
        text.contains("retry-topic") && text.contains("#[retryable]"),
        "{text}"
    );
    let text = boot("[kafka.listeners.above.retry-topic]\njitter = 2\n").await;
    assert!(text.contains("2 is not between 0 and 1"), "{text}");
    let text = boot("[kafka.retry.topic]\nsufixing = \"delay\"\n").await;
    assert!(text.contains("suffixing"), "{text}");
    let text = boot("[kafka.retry.topic]\ninclude = [\"A\"]\nexclude = [\"B\"]\n").await;
    assert!(text.contains("exclude each other"), "{text}");
    let text = boot("[kafka.listeners.above]\ntopic-pattern = \"p.*\"\n").await;
    assert!(text.contains("name the topics"), "{text}");
    let text = boot("[kafka.listeners.above]\ntopics = [\"pings\", \"pings-retry\"]\n").await;
    assert!(text.contains("pings-retry"), "{text}");
}
