//! The kit itself: what failed assertions say, the clock, and the order in which things end.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod driven;
mod groups;
mod letters;
mod markers;
mod options;
mod records;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use futures_util::FutureExt;
use micro_kafka::prelude::*;
use micro_kafka_test::prelude::*;
use tokio::sync::Semaphore;

#[derive(Debug, thiserror::Error, Classify)]
enum ChargeError {
    #[error("card declined")]
    #[kafka(dead_letter)]
    Declined,
    #[error("closed")]
    #[kafka(retry(attempts = 4, backoff = "3m"))]
    Closed,
}

#[kafka_listener(topics = "orders", group_id = "billing")]
pub(crate) async fn charge(order: &str) -> Result<(), ChargeError> {
    match order {
        "declined" => Err(ChargeError::Declined),
        "closed" => Err(ChargeError::Closed),
        _ => Ok(()),
    }
}

/// What a failed assertion says.
pub(crate) async fn failure(assertion: impl IntoFuture) -> String {
    match AssertUnwindSafe(assertion.into_future())
        .catch_unwind()
        .await
    {
        Ok(_) => panic!("the assertion held"),
        Err(panic) => *panic.downcast::<String>().unwrap(),
    }
}

#[kafka_test(topics = ["orders"])]
async fn a_failed_assertion_on_dead_letters_shows_them(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(charge).start().await;
    kafka.send("orders", "declined").key("c1").await;
    app.listener("charge")
        .settled()
        .await
        .assert_dead_lettered(1);
    let line = format!("{}:{}: ", file!(), line!() + 1);
    let said = failure(async { kafka.dlt("orders").assert_none() }).await;
    for part in [
        &*line,
        "expected no dead letters",
        "key=c1 payload=declined",
        "mk-error=Declined",
    ] {
        assert!(said.contains(part), "{said}\nlacks {part}");
    }
    let said = failure(async { kafka.dlt("orders").assert_one(|_| false) }).await;
    assert!(
        said.contains("not as expected") && said.contains("card declined"),
        "{said}"
    );
    let said = failure(async { kafka.dlt("orders").assert_count(2) }).await;
    assert!(
        said.contains("expected 2 dead letters: 1 arrived"),
        "{said}"
    );
}

#[kafka_test(deadline = "100ms")]
#[should_panic(
    expected = "a_test_that_waits_for_ever_fails_at_its_deadline has not ended within 100ms"
)]
async fn a_test_that_waits_for_ever_fails_at_its_deadline(_: EmbeddedKafka) {
    std::future::pending::<()>().await;
}

#[kafka_test(deadline = "soon")]
#[should_panic(expected = "deadline = \"soon\": ")]
async fn a_deadline_that_is_no_duration_is_told(_: EmbeddedKafka) {}

#[kafka_test(topics = ["orders"])]
async fn a_failed_assertion_on_a_listener_shows_its_counters(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(charge).start().await;
    kafka.send("orders", "fine").await;
    let settled = app.listener("charge").settled().await;
    let said = failure(async { settled.assert_attempts(5) }).await;
    assert!(said.contains("expected 5 attempts, there were 1"), "{said}");
    let said = failure(async { settled.assert_handled(2) }).await;
    assert!(
        said.contains("expected 2") && said.contains("handled: 1"),
        "{said}"
    );
    let said = failure(async { app.listener("chrage") }).await;
    assert!(
        said.contains("no listener `chrage`; there are [\"charge\"]"),
        "{said}"
    );
}

#[kafka_test]
async fn a_send_that_fails_fails_the_test_with_its_reason(kafka: EmbeddedKafka) {
    kafka.create_topic("orders", 1).await;
    let said = failure(kafka.send("orders", "x").partition(7)).await;
    assert!(
        said.contains("topic `") && said.contains("has no partition 7"),
        "{said}"
    );
}

#[kafka_test(topics = ["orders"])]
async fn an_advance_runs_through_every_wait_and_stops_in_time(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(charge).start().await;
    kafka.send("orders", "closed").await;
    let (began, clock) = (Instant::now(), kafka.clock().now());
    kafka.advance("5m").await;
    assert_eq!(app.listener("charge").stats().failed, 2);
    kafka.advance("3m").await;
    assert_eq!(app.listener("charge").stats().failed, 3);
    kafka.advance("10m").await;
    app.listener("charge").settled().await.assert_attempts(4);
    let moved = kafka.clock().now() - clock;
    assert!(moved >= Duration::from_secs(18 * 60), "{moved:?}");
    assert!(
        began.elapsed() < Duration::from_secs(15),
        "{:?}",
        began.elapsed()
    );
}

#[kafka_test(topics = ["orders"])]
async fn only_what_is_named_runs(kafka: EmbeddedKafka) {
    let app = kafka
        .app()
        .listener(hold)
        .state(Gate::default())
        .state(Journal::<()>::new())
        .start()
        .await;
    let ids = app
        .containers()
        .iter()
        .map(|container| &*container.endpoint().id);
    assert_eq!(ids.collect::<Vec<_>>(), ["hold"]);
}

type Gate = Arc<Option<Semaphore>>;

#[kafka_listener(topics = "orders", group_id = "holding")]
async fn hold(State(gate): State<Gate>, State(begun): State<Journal<()>>) {
    begun.note(());
    if let Some(gate) = &*gate {
        gate.acquire().await.unwrap().forget();
    }
}

#[kafka_test(topics = ["orders"])]
async fn a_test_may_end_in_any_order_and_in_the_middle_of_a_handler(kafka: EmbeddedKafka) {
    let gate: Gate = Arc::new(Some(Semaphore::new(0)));
    let begun = Journal::<()>::new();
    let app = kafka
        .app()
        .listener(hold)
        .state(gate)
        .state(begun.clone())
        .start()
        .await;
    kafka.send("orders", "x").await;
    begun.reaches(1).await;
    let began = Instant::now();
    // The application holds the Kafka: it ends after its consumers have left.
    drop(kafka);
    assert!(app.health().is_up(), "{:?}", app.health());
    tokio::task::block_in_place(|| drop(app));
    assert!(
        began.elapsed() < Duration::from_secs(4),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn a_journal_that_is_not_reached_shows_its_entries() {
    let journal = Journal::new();
    assert_eq!((journal.note("a"), journal.note("b")), (1, 2));
    assert_eq!(journal.reaches(2).await, ["a", "b"]);
    let said = failure(journal.reaches(3)).await;
    assert!(
        said.contains("expected 3 entries within 20s: [\"a\", \"b\"]"),
        "{said}"
    );
}
