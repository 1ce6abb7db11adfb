//! Listeners made by the program, and letters that are tried until they are handled.

use micro_kafka::app::{Listener, Retryable};
use micro_kafka::error::BoxError;

use super::*;

type Seen = Journal<String>;

fn refusing(seen: &Seen) -> Listener {
    let seen = seen.clone();
    Listener::new("refusing", move |record| {
        let text = String::from_utf8_lossy(record.payload().unwrap_or_default()).into_owned();
        let seen = seen.clone();
        Box::pin(async move {
            seen.note(text);
            Err(BoxError::from("not now"))
        })
    })
    .topics(["calls"])
}

fn policy() -> Retryable {
    Retryable::new().attempts(3).backoff("1s..1m x5")
}

#[kafka_test(topics = ["calls"], partitions = 2)]
async fn a_listener_of_the_program_has_retry_topics(kafka: EmbeddedKafka) {
    let seen = Seen::new();
    let listener = refusing(&seen).retryable(policy().set("dlt-suffix", "-lost"));
    let app = kafka.app().listener(charge).state(Gateway::well());
    let app = app.register(listener).start().await;
    kafka.send("calls", "a").partition(1).await;
    kafka.advance("1m").await;
    let settled = app.listener("refusing").settled().await;
    settled.assert_attempts(3).assert_dead_lettered(1);
    for topic in ["calls-retry-1000", "calls-retry-5000", "calls-lost"] {
        assert_eq!(kafka.records(topic, 1).await[0].partition, 1, "{topic}");
    }
}

#[kafka_test(topics = ["calls"])]
async fn so_has_one_that_comes_while_the_application_runs(kafka: EmbeddedKafka) {
    let seen = Seen::new();
    let app = kafka.app().listener(charge).state(Gateway::well());
    let app = app.start().await;
    app.add(refusing(&seen).retryable(policy())).await.unwrap();
    kafka.send("calls", "a").await;
    seen.reaches(1).await;
    kafka.advance("1m").await;
    assert_eq!(seen.reaches(3).await, ["a", "a", "a"]);
    assert_eq!(kafka.records("calls-dlt", 1).await.len(), 1);
}

#[kafka_test(topics = ["calls"])]
async fn mistakes_in_it_are_boot_errors(kafka: EmbeddedKafka) {
    let listener = refusing(&Seen::new());
    let listener = listener.retryable(Retryable::new().set("atempts", "3"));
    let app = kafka.app().listener(charge).state(Gateway::well());
    let app = app.register(listener);
    let error = app.try_start().await.unwrap_err().to_string();
    assert!(error.contains("attempts"), "{error}");
}

#[kafka_test(topics = ["orders"])]
async fn a_name_that_is_nearly_an_errors_is_a_boot_error(kafka: EmbeddedKafka) {
    let boot = async |key: &str, value: &str| {
        let app = kafka.app().listener(charge).state(Gateway::well());
        let app = app.set(format!("kafka.listeners.charge.retry-topic.{key}"), value);
        app.try_start()
            .await
            .map(|_| ())
            .map_err(|error| error.to_string())
    };
    let text = boot("exclude", "Timout").await.unwrap_err();
    assert!(text.contains("did you mean `Timeout`"), "{text}");
    assert!(text.contains("`exclude`"), "{text}");
    let text = boot("dlt-routing", "Qota=-quota").await.unwrap_err();
    assert!(text.contains("did you mean `Quota`"), "{text}");
    // The name of another error's type may be right.
    boot("exclude", "PayloadRejection").await.unwrap();
}

#[kafka_listener(topics = "calls", group_id = "dial")]
#[retryable(attempts = 2, backoff = "1s", dlt_strategy = "always-retry")]
async fn dial(_call: &str) -> Result<(), String> {
    Err("nobody answers".to_owned())
}

#[derive(Debug, thiserror::Error, Classify)]
enum Answer {
    #[error("later")]
    #[kafka(retry(attempts = 1))]
    Later,
    #[error("never")]
    #[kafka(dead_letter)]
    Never,
}

#[dlt_handler(of = dial)]
async fn dial_failed(call: &str, State(seen): State<Seen>) -> Result<(), Answer> {
    seen.note(call.to_owned());
    let times = seen.entries().iter().filter(|it| *it == call).count();
    match call {
        "never" => Err(Answer::Never),
        _ if times < 4 => Err(Answer::Later),
        _ => Ok(()),
    }
}

#[kafka_test(topics = ["calls"])]
async fn a_letter_comes_again_until_it_is_handled_or_hopeless(kafka: EmbeddedKafka) {
    let seen = Seen::new();
    let app = kafka.app().listener(dial).listener(dial_failed);
    let app = app.state(seen.clone()).start().await;
    kafka.send("calls", "a").key("k").header("h", "1").await;
    kafka.send("calls", "never").await;
    kafka.advance("1m").await;
    app.listener("dial").settled().await;
    let mut all = seen.reaches(5).await;
    all.sort();
    assert_eq!(all, ["a", "a", "a", "a", "never"]);
    app.listener("dial_failed")
        .settled()
        .await
        .assert_handled(1);
    let letters = kafka.records("calls-dlt", 5).await;
    let mut of_a = letters
        .iter()
        .filter(|it| it.payload.as_deref() == Some(b"a"));
    let last = of_a.next_back().unwrap();
    let header = |name: &str| {
        let found = last.headers.iter().find(|it| it.name == name.as_bytes());
        found.and_then(|it| it.value.clone())
    };
    assert_eq!(header("mk-sent-back").as_deref(), Some(&b"3"[..]));
    assert_eq!(header("h").as_deref(), Some(&b"1"[..]));
    assert_eq!(last.key.as_deref(), Some(&b"k"[..]));
}
