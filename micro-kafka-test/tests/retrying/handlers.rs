//! Error handlers, recoverers and retry listeners that a program registers.

use std::io;
use std::sync::atomic::{AtomicU32, Ordering};

use micro_kafka::error::{
    Action, BackOff, BoxError, DefaultErrorHandler, DelegatingErrorHandler, ErrorHandler,
    ListenerError, LoggingErrorHandler, ParkingErrorHandler, Recover, RecoverFuture, Recovered,
    RetryListener, StoppingErrorHandler,
};
use micro_kafka::listener::Delivery;

use super::*;

/// Its own policy is none: the handler decides.
#[derive(Debug, thiserror::Error, Classify)]
enum Fault {
    #[error("the ledger is away")]
    Away(#[source] io::Error),
    #[error("odd")]
    Odd,
}

type Bills = Journal<String>;

/// The payload says how it fails.
fn settle(bill: &str, attempt: u32, bills: &Bills) -> Result<(), Fault> {
    bills.note(bill.to_owned());
    let away = || Err(Fault::Away(io::Error::other("reset")));
    match bill {
        "away" => away(),
        "odd" => Err(Fault::Odd),
        "both" if attempt <= 2 => away(),
        "both" => Err(Fault::Odd),
        _ => Ok(()),
    }
}

#[kafka_listener(topics = "bills", group_id = "bills")]
async fn bill(text: &str, attempt: Attempt, State(bills): State<Bills>) -> Result<(), Fault> {
    settle(text, attempt.number(), &bills)
}

#[kafka_listener(topics = "bills", group_id = "bills", batch(max = 10, linger = "1h"))]
async fn bill_all(texts: Batch<Text>, State(bills): State<Bills>) -> BatchResult<Fault> {
    let results = texts.iter().map(|text| settle(&text.value().0, 1, &bills));
    texts.settle(results.collect::<Vec<_>>())
}

/// How often each of these is handled, until it is done or a dead letter.
async fn tries<const N: usize>(
    kafka: &EmbeddedKafka,
    handler: impl ErrorHandler + 'static,
    payloads: [&str; N],
) -> [usize; N] {
    let bills = Bills::new();
    let app = kafka.app().listener(bill).error_handler(handler);
    let app = app.state(bills.clone()).start().await;
    for payload in payloads {
        kafka.send("bills", payload).await;
    }
    app.listener("bill").settled().await;
    let all = bills.entries();
    payloads.map(|payload| all.iter().filter(|bill| *bill == payload).count())
}

#[kafka_test(topics = ["bills"])]
async fn by_default_a_record_is_delivered_ten_times_and_then_a_dead_letter(kafka: EmbeddedKafka) {
    let bills = Bills::new();
    let app = kafka.app().listener(bill).state(bills.clone());
    let app = app.start().await;
    kafka.send("bills", "odd").await;
    kafka.send("bills", "fine").await;
    let settled = app.listener("bill").settled().await;
    settled.assert_dead_lettered(1).assert_handled(1);
    let odd = ["odd"; 10].map(str::to_owned);
    assert_eq!(bills.entries()[..10], odd);
    assert_eq!(bills.entries()[10..], ["fine"]);
    kafka
        .dlt("bills")
        .assert_one(|it| it.failure().error == "Odd");
}

#[kafka_test(topics = ["bills"])]
async fn types_that_are_not_worth_it_are_found_among_causes(kafka: EmbeddedKafka) {
    let handler = DefaultErrorHandler::default().not_retryable::<io::Error>();
    assert_eq!(tries(&kafka, handler, ["away", "odd"]).await, [1, 10]);
}

#[kafka_test(topics = ["bills"])]
async fn only_what_is_worth_it_is_tried_again_if_asked_for(kafka: EmbeddedKafka) {
    let handler = DefaultErrorHandler::new(3, BackOff::NONE).retries_nothing_else();
    let handler = handler.retryable::<io::Error>();
    assert_eq!(tries(&kafka, handler, ["away", "odd"]).await, [3, 1]);
}

#[kafka_test(topics = ["bills"])]
async fn another_error_begins_the_attempts_anew_only_if_asked_for(kafka: EmbeddedKafka) {
    let handler = DefaultErrorHandler::new(3, BackOff::NONE);
    assert_eq!(tries(&kafka, handler, ["both"]).await, [3]);
}

#[kafka_test(topics = ["bills"])]
async fn another_error_begins_the_attempts_anew_as_in_spring(kafka: EmbeddedKafka) {
    let handler = DefaultErrorHandler::new(3, BackOff::NONE).reset_on_change();
    assert_eq!(tries(&kafka, handler, ["both"]).await, [2 + 3]);
}

#[kafka_test(topics = ["bills"])]
async fn a_function_chooses_the_waits_of_an_error(kafka: EmbeddedKafka) {
    let hour = BackOff::Fixed(Duration::from_secs(3_600));
    let odd = move |_: &Delivery, error: &ListenerError| (error.class() == "Odd").then_some(hour);
    let bills = Bills::new();
    let handler = DefaultErrorHandler::new(2, BackOff::NONE).back_off_by(odd);
    let app = kafka.app().listener(bill).error_handler(handler);
    let app = app.state(bills.clone()).start().await;
    kafka.send("bills", "away").await;
    kafka.send("bills", "odd").await;
    kafka.advance("59m").await;
    assert_eq!(bills.entries(), ["away", "away", "odd"]);
    kafka.advance("2m").await;
    let settled = app.listener("bill").settled().await;
    settled.assert_dead_lettered(2).assert_attempts(4);
}

#[kafka_test(topics = ["bills"], clock = "paused")]
async fn waits_in_place_differ_by_their_jitter(kafka: EmbeddedKafka) {
    let bills = Bills::new();
    let app = kafka.app().listener(bill).state(bills.clone());
    let retry = "kafka.listeners.bill.retry";
    let app = app.set(format!("{retry}.attempts"), 2);
    let app = app.set(format!("{retry}.backoff"), "100s");
    let app = app.set(format!("{retry}.jitter"), 0.5).start().await;
    for _ in 0..20 {
        kafka.send("bills", "odd").await;
    }
    // Never less than half of it, one after the other.
    kafka.advance("49s").await;
    assert_eq!(bills.entries().len(), 1);
    kafka.advance("101s").await;
    assert!(bills.entries().len() >= 2);
    // Nor longer than one and a half.
    kafka.advance("50m").await;
    let settled = app.listener("bill").settled().await;
    settled.assert_dead_lettered(20).assert_attempts(40);
}

#[kafka_test(topics = ["bills"])]
async fn a_handler_may_stop_its_listener(kafka: EmbeddedKafka) {
    let bills = Bills::new();
    let app = kafka.app().listener(bill).state(bills.clone());
    let app = app.error_handler(StoppingErrorHandler).start().await;
    for payload in ["fine", "odd", "behind"] {
        kafka.send("bills", payload).await;
    }
    app.listener("bill").stopped().await;
    assert_eq!(bills.entries(), ["fine", "odd"]);
    let committed = kafka.committed("bills", "bills").await;
    assert_eq!(committed.get(&0), Some(&1));
}

#[kafka_test(topics = ["bills"])]
async fn a_handler_may_log_and_go_on(kafka: EmbeddedKafka) {
    let tried = tries(&kafka, LoggingErrorHandler, ["odd", "away", "fine"]).await;
    assert_eq!(tried, [1, 1, 1]);
    let committed = kafka.committed("bills", "bills").await;
    assert_eq!(committed.get(&0), Some(&3));
    kafka.dlt("bills").assert_none();
}

#[kafka_test(topics = ["bills"], partitions = 2)]
async fn a_handler_may_delegate_by_type_and_park(kafka: EmbeddedKafka) {
    let by_default = DefaultErrorHandler::new(2, BackOff::NONE);
    let handler = DelegatingErrorHandler::new(by_default).on::<io::Error>(ParkingErrorHandler);
    let bills = Bills::new();
    let app = kafka.app().listener(bill).error_handler(handler);
    let app = app.state(bills.clone()).start().await;
    for (partition, payload) in [(0, "away"), (0, "behind"), (1, "odd"), (1, "fine")] {
        kafka.send("bills", payload).partition(partition).await;
    }
    bills.reaches(4).await;
    kafka.advance("24h").await;
    let mut all = bills.entries();
    all.sort();
    assert_eq!(all, ["away", "fine", "odd", "odd"], "it holds its lane");
    app.listener("bill").unpark();
    assert_eq!(bills.reaches(5).await[4], "away");
}

/// Refuses each record once, and takes it then.
#[derive(Debug, Default)]
struct Reluctant(AtomicU32);

impl Recover for Reluctant {
    fn recover(&self, delivery: Delivery, error: ListenerError) -> RecoverFuture {
        let takes = self.0.fetch_add(1, Ordering::Relaxed) % 2 == 1;
        let went = match takes {
            true => Ok(Recovered::GivenUp),
            false => Err(BoxError::from("not now")),
        };
        Box::pin(std::future::ready((delivery, error, went)))
    }
}

#[derive(Debug)]
struct Teller(Bills);

impl RetryListener for Teller {
    fn failed(&self, delivery: &Delivery, error: &ListenerError, action: Action) {
        let (class, attempt) = (error.class(), delivery.attempt());
        self.0.note(format!("{class} {attempt} {action:?}"));
    }

    fn recovered(&self, _: &Delivery, error: &ListenerError, went: Recovered) {
        self.0.note(format!("{} {went:?}", error.class()));
    }

    fn recovery_failed(&self, _: &Delivery, error: &ListenerError, why: &BoxError, tries: u32) {
        self.0.note(format!("{} {why} {tries}", error.class()));
    }
}

#[kafka_test(topics = ["bills"])]
async fn a_recovery_that_fails_is_told_and_made_again(kafka: EmbeddedKafka) {
    let told = Bills::new();
    let app = kafka.app().listener(bill).state(Bills::new());
    let app = app.error_handler(DefaultErrorHandler::new(1, BackOff::NONE));
    let app = app.retry_listener(Teller(told.clone()));
    let app = app.recoverer(Reluctant::default()).start().await;
    kafka.send("bills", "odd").await;
    told.reaches(2).await;
    kafka.advance("1m").await;
    app.listener("bill").settled().await;
    assert_eq!(
        told.entries(),
        ["Odd 1 Recover", "Odd not now 1", "Odd GivenUp"]
    );
    let committed = kafka.committed("bills", "bills").await;
    assert_eq!(committed.get(&0), Some(&1));
}

#[kafka_test(topics = ["bills"])]
async fn the_records_of_a_batch_are_told_one_by_one(kafka: EmbeddedKafka) {
    let told = Bills::new();
    let app = kafka.app().listener(bill_all).state(Bills::new());
    let app = app.error_handler(DefaultErrorHandler::new(2, BackOff::NONE));
    let app = app.retry_listener(Teller(told.clone())).start().await;
    for payload in ["odd", "fine", "away", "fine", "fine"] {
        kafka.send("bills", payload).await;
    }
    kafka.advance("2h").await;
    let settled = app.listener("bill_all").settled().await;
    settled.assert_handled(3).assert_dead_lettered(2);
    let mut told = told.entries();
    told.sort();
    let expected = [
        "Away 1 RetryAfter(0ns)",
        "Away 2 Recover",
        "Away DeadLettered",
        "Odd 1 RetryAfter(0ns)",
        "Odd 2 Recover",
        "Odd DeadLettered",
    ];
    assert_eq!(told, expected);
}
