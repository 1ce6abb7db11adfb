//! Listeners made by the program, before the start and while it runs.

use std::time::Duration;

use micro_kafka::app::Listener;
use micro_kafka::error::{Action, BoxError, ListenerError};
use micro_kafka::listener::{AckMode, BatchDef, BreakerSpec, Delivery, Dispatch};
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
        linger: Some(Duration::from_secs(3_600)),
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

#[kafka_test(topics = ["orders", "ledger", "answers"])]
async fn a_closure_replies_to_its_topic_or_where_the_request_says(kafka: EmbeddedKafka) {
    let debit = |record: &Record| {
        let order = String::from_utf8_lossy(record.payload().unwrap_or_default()).into_owned();
        vec![
            Text(format!("debit {order}")),
            Text(format!("credit {order}")),
        ]
    };
    let ledger = Listener::replying("ledger", move |record| {
        let entries = debit(record);
        Box::pin(async move { Ok(entries) })
    });
    let answer = Listener::replying("answer", |_| Box::pin(async { Ok("noted".to_owned()) }));
    let app = kafka
        .app()
        .register(ledger.topics(["orders"]).send_to("ledger"));
    let app = app.register(answer.topics(["orders"]));
    let app = app.listener(declared).state(Journal::<String>::new());
    let app = app.set("kafka.listeners.answer.retry.attempts", 1);
    let app = app.start().await;
    let topic = kafka.wire_name("answers");
    let send = kafka.send("orders", "o1").key("k");
    send.header("kafka_replyTopic", topic.as_bytes()).await;
    app.settled().await;
    let entries = kafka.records("ledger", 2).await;
    let texts = entries.iter().map(|record| record.payload.clone().unwrap());
    assert!(texts.eq([b"debit o1".to_vec(), b"credit o1".to_vec()]));
    assert!(
        entries
            .iter()
            .all(|record| record.key.as_deref() == Some(b"k"))
    );
    let answers = kafka.records("answers", 1).await;
    assert_eq!(answers[0].payload.as_deref(), Some(&b"noted"[..]));
}

#[kafka_test(topics = ["orders", "orders-dlt"])]
async fn a_listener_of_the_program_may_name_its_error_handler(kafka: EmbeddedKafka) {
    let failing = Listener::new("failing", |_| Box::pin(async { Err("no".into()) }));
    let failing = failing.topics(["orders"]).error_handler_named("skipping");
    let skip: fn(&Delivery, &ListenerError) -> Action = |_, _| Action::Skip;
    let app = kafka
        .app()
        .register(failing)
        .named_error_handler("skipping", skip);
    let app = app.listener(declared).state(Journal::<String>::new());
    let app = app.start().await;
    kafka.send("orders", "one").await;
    let settled = app.listener("failing").settled().await;
    settled.assert_skipped(1).assert_dead_lettered(0);
}

#[kafka_test(topics = ["orders"])]
async fn a_batch_listener_does_not_commit_by_record(kafka: EmbeddedKafka) {
    let bulk = Listener::batch("bulk", |_| Box::pin(async { Ok(Vec::new()) }));
    let bulk = bulk.topics(["orders"]).ack_mode(AckMode::Record);
    let refused = kafka.app().register(bulk).try_start().await.unwrap_err();
    assert!(
        refused.to_string().contains("a batch is one call"),
        "{refused}"
    );
}

#[kafka_test(topics = ["orders"])]
async fn a_listener_of_the_program_says_where_it_runs(kafka: EmbeddedKafka) {
    for (dispatch, on_its_consumer) in [(Dispatch::Inline, true), (Dispatch::Blocking, false)] {
        let id = format!("{dispatch}");
        let threads = Journal::<String>::new();
        let noted = threads.clone();
        let listener = Listener::new(&id, move |_| {
            let threads = noted.clone();
            Box::pin(async move {
                threads.note(std::thread::current().name().unwrap_or_default().into());
                Ok(())
            })
        });
        let listener = listener.topics(["orders"]).dispatch(dispatch);
        let listener = listener.breaker(BreakerSpec::default());
        let app = kafka.app().register(listener);
        let app = app.listener(declared).state(Journal::<String>::new());
        let app = app.start().await;
        kafka.send("orders", "one").await;
        app.listener(&id).settled().await;
        let own = format!("kafka-{id}-0");
        let threads = threads.entries();
        let holds = |thread: &String| (*thread == own) == on_its_consumer;
        assert!(
            !threads.is_empty() && threads.iter().all(holds),
            "{threads:?}"
        );
        app.stop().await;
    }
}
