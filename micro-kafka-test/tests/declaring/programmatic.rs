//! Listeners made by the program, before the start and while it runs.

use std::time::Duration;

use micro_kafka::app::Listener;
use micro_kafka::error::BoxError;
use micro_kafka::listener::BatchDef;
use micro_kafka::prelude::*;
use micro_kafka_test::prelude::*;

fn texts(seen: &Journal<String>, id: &str) -> Listener {
    let seen = seen.clone();
    Listener::new(id, move |record| {
        let text = String::from_utf8_lossy(record.payload().unwrap_or_default()).into_owned();
        let seen = seen.clone();
        Box::pin(async move {
            seen.note(text);
            Ok(())
        })
    })
}

#[kafka_listener(topics = "orders", group_id = "declared", info = "declared")]
async fn declared(order: &str, Info(info): Info, State(seen): State<Journal<String>>) {
    seen.note(format!("{info} {order}"));
}

#[kafka_test(topics = ["orders", "refunds"])]
async fn a_listener_is_added_while_the_application_runs(kafka: EmbeddedKafka) {
    let seen = Journal::<String>::new();
    let app = kafka.app().listener(declared).state(seen.clone());
    let app = app.start().await;
    let late = texts(&seen, "late").topics(["refunds"]);
    let late = late.filter(|record| record.payload() != Some(b"unwanted"));
    let added = app.add(late).await.unwrap();
    added.assigned(1).await;
    kafka.send("refunds", "unwanted").await;
    kafka.send("refunds", "r1").await;
    seen.reaches(1).await;
    app.quiet().await;
    assert_eq!(added.stats().filtered, 1);
    let health = app.health().listeners;
    assert!(health.iter().any(|one| &*one.listener == "late"));
    let taken = app.add(texts(&seen, "late").topics(["orders"])).await;
    let taken = taken.unwrap_err().to_string();
    assert!(taken.contains("id `late` is taken"), "{taken}");
}

#[kafka_test(topics = ["orders", "refunds"])]
async fn a_listener_is_removed_and_its_group_goes_on_where_it_was_left(kafka: EmbeddedKafka) {
    let seen = Journal::<String>::new();
    let app = kafka.app().listener(declared).state(seen.clone());
    let app = app.start().await;
    let late = || texts(&seen, "late").topics(["refunds"]);
    let added = app.add(late()).await.unwrap();
    kafka.send("refunds", "r1").await;
    seen.reaches(1).await;
    app.remove("late").await.unwrap();
    assert!(app.remove("late").await.is_none());
    assert!(!added.is_running());
    kafka.send("refunds", "r2").await;
    kafka.send("orders", "o1").await;
    seen.reaches(2).await;
    assert_eq!(seen.entries(), ["r1", "declared o1"]);
    app.add(late()).await.unwrap();
    seen.reaches(3).await;
    assert_eq!(seen.entries()[2], "r2");
}

#[kafka_test(topics = ["orders", "refunds"])]
async fn a_declared_function_is_the_handler_of_one_that_is_added(kafka: EmbeddedKafka) {
    let seen = Journal::<String>::new();
    let app = kafka.app().listener(declared).state(seen.clone());
    let app = app.start().await;
    let twin = Listener::like("twin", declared)
        .topics(["refunds"])
        .info("added");
    app.add(twin).await.unwrap().assigned(1).await;
    kafka.send("refunds", "r1").await;
    seen.reaches(1).await;
    kafka.send("orders", "o1").await;
    seen.reaches(2).await;
    assert_eq!(seen.entries(), ["added r1", "declared o1"]);
    let plain = Listener::like("plain", texts).topics(["refunds"]);
    let error = app.add(plain).await.unwrap_err().to_string();
    assert!(
        error.contains("no `#[kafka_listener]` attribute"),
        "{error}"
    );
    assert!(error.contains("programmatic.rs:"), "{error}");
}

#[kafka_test(topics = ["orders"])]
async fn a_batch_closure_settles_each_record(kafka: EmbeddedKafka) {
    let seen = Journal::<Vec<i64>>::new();
    let calls = seen.clone();
    let listener = Listener::batch("bulk", move |records| {
        let offsets = records
            .iter()
            .map(|record| record.offset())
            .collect::<Vec<_>>();
        let results = offsets.iter().map(|offset| match offset {
            1 => Err(BoxError::from("refused")),
            _ => Ok(()),
        });
        let results = results.collect();
        calls.note(offsets);
        Box::pin(async move { Ok(results) })
    });
    let listener = listener.topics(["orders"]).batch_of(BatchDef {
        max: Some(3),
        linger: Some(Duration::from_hours(1)),
    });
    let app = kafka.app().listener(declared).register(listener);
    let app = app.state(Journal::<String>::new());
    let app = app.set("kafka.listeners.bulk.retry.attempts", 2);
    let app = app.start().await;
    for n in 0..3 {
        kafka.send("orders", n.to_string()).await;
    }
    app.listener("bulk")
        .settled()
        .await
        .assert_handled(2)
        .assert_dead_lettered(1);
    assert_eq!(seen.entries(), [vec![0, 1, 2], vec![1]]);
}
