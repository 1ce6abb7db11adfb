//! What an error asks for, and what the settings say otherwise.

use micro_kafka::listener::HealthReason;

use super::*;

#[kafka_test(topics = ["orders"])]
async fn each_variant_has_its_own_policy(kafka: EmbeddedKafka) {
    let calls = Calls::new();
    let app = kafka
        .app()
        .listener(charge)
        .state(calls.clone())
        .start()
        .await;
    for payload in ["declined", "foreign", "other", "timeout", "fine"] {
        kafka.send("orders", payload).await;
    }
    let settled = app.listener("charge").settled().await;
    settled.assert_handled(1).assert_dead_lettered(3);
    assert_eq!(settled.stats.skipped, 1);
    let seen = calls.entries();
    // `other` has no policy of its own: the listener's three attempts.
    let attempts = ["declined", "foreign", "other", "timeout", "fine"]
        .map(|payload| of(&seen, payload).count());
    assert_eq!(attempts, [1, 1, 3, 4, 1]);
    let letters = kafka.dlt("orders").all();
    let errors = letters
        .iter()
        .map(|letter| (&*letter.failure().error, letter.failure().attempts));
    assert_eq!(
        errors.collect::<Vec<_>>(),
        [
            ("Declined", Some(1)),
            ("Other", Some(3)),
            ("Timeout", Some(4))
        ]
    );
    kafka
        .group("billing")
        .assert_committed("orders", [(0, 5)])
        .await;
}

#[kafka_test(topics = ["orders"])]
async fn the_settings_change_the_policy_of_a_variant(kafka: EmbeddedKafka) {
    let calls = Calls::new();
    let settings = r#"
        [kafka.listeners.charge.retry]
        attempts = 2
        [kafka.listeners.charge.retry.Timeout]
        attempts = 6
        backoff = "5ms"
        [kafka.listeners.charge.retry.declined]
        policy = "skip"
        [kafka.listeners.charge.retry.Foreign]
        policy = "retry"
        attempts = 3
    "#;
    let app = kafka.app().listener(charge).config(settings);
    let app = app.state(calls.clone()).start().await;
    for payload in ["declined", "foreign", "other", "timeout"] {
        kafka.send("orders", payload).await;
    }
    let settled = app.listener("charge").settled().await;
    assert_eq!(settled.stats.skipped, 1);
    let seen = calls.entries();
    let attempts =
        ["declined", "foreign", "other", "timeout"].map(|payload| of(&seen, payload).count());
    assert_eq!(attempts, [1, 3, 2, 6]);
    let longest = gaps(of(&seen, "timeout")).into_iter().min().unwrap();
    assert!(
        longest < Duration::from_millis(80),
        "the settings' back-off: {longest:?}"
    );
    kafka.dlt("orders").assert_count(3);
}

#[kafka_test(topics = ["orders"])]
async fn a_panic_is_a_failure_of_its_record_only(kafka: EmbeddedKafka) {
    let calls = Calls::new();
    let app = kafka
        .app()
        .listener(charge)
        .state(calls.clone())
        .start()
        .await;
    for payload in ["before", "panic", "after"] {
        kafka.send("orders", payload).await;
    }
    app.listener("charge")
        .settled()
        .await
        .assert_handled(2)
        .assert_attempts(5);
    kafka.dlt("orders").assert_one(|letter| {
        let message = letter.failure().message.as_deref().unwrap_or_default();
        letter.record().payload() == Some(b"panic") && message.contains("the handler's own text")
    });
    assert!(app.health().is_up(), "{:?}", app.health());
}

#[kafka_test(topics = ["orders"])]
async fn a_record_that_stops_its_listener_stays_uncommitted(kafka: EmbeddedKafka) {
    let calls = Calls::new();
    let app = kafka
        .app()
        .listener(charge)
        .state(calls.clone())
        .start()
        .await;
    for payload in ["before", "corrupt", "after"] {
        kafka.send("orders", payload).await;
    }
    let container = app.listener("charge");
    container.stopped().await;
    let health = app.health();
    assert!(!health.is_up());
    let reasons = &health.listeners[0].container.reasons;
    let [reason @ HealthReason::StoppedByRecord { record, .. }] = &**reasons else {
        panic!("{reasons:?}");
    };
    assert_eq!(record.offset, 1);
    assert!(
        reason.to_string().contains("the ledger is corrupt"),
        "{reason}"
    );
    assert!(!health.listeners[0].running);
    kafka
        .group("billing")
        .assert_committed("orders", [(0, 1)])
        .await;
    kafka.dlt("orders").assert_none();
    let before = calls.entries().len();
    assert_eq!(before, 2);
    drop(app);
    let policy = "kafka.listeners.charge.retry.Corrupt.policy";
    let app = kafka.app().listener(charge).set(policy, "dead-letter");
    let app = app.state(calls.clone()).start().await;
    app.listener("charge")
        .settled()
        .await
        .assert_handled(1)
        .assert_dead_lettered(1);
    let payloads = calls.entries().into_iter().map(|call| call.payload);
    assert_eq!(
        payloads.skip(before).collect::<Vec<_>>(),
        ["corrupt", "after"]
    );
}
