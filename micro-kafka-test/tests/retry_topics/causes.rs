//! Errors that are named by type are looked for among the causes: Spring's `traversingCauses`.

use std::io;

use micro_kafka::app::{Listener, Retryable};
use micro_kafka_test::TestAppBuilder;

use super::*;

#[derive(Debug, thiserror::Error)]
#[error("the gateway is away")]
struct Away(#[source] io::Error);

#[derive(Debug, thiserror::Error, Classify)]
enum ShipError {
    // Nearly the type's name: nobody is told that it was meant.
    #[error("not shipped")]
    AwayNow(#[source] Away),
    #[error("no address")]
    Unaddressed,
    #[error("full")]
    Full,
}

type Calls = Journal<String>;

/// Fails, `away` by an error of the system two causes down.
fn ship_by(parcel: &str, calls: &Calls) -> Result<(), ShipError> {
    calls.note(parcel.to_owned());
    Err(match parcel {
        "away" => ShipError::AwayNow(Away(io::Error::other("reset"))),
        "unaddressed" => ShipError::Unaddressed,
        _ => ShipError::Full,
    })
}

#[kafka_listener(topics = "parcels", group_id = "shipping")]
#[retryable(exclude = [io::Error, "Unaddressed"])]
async fn ship(parcel: &str, State(calls): State<Calls>) -> Result<(), ShipError> {
    ship_by(parcel, &calls)
}

#[kafka_listener(topics = "parcels", group_id = "shipping")]
#[retryable(include = Away)]
async fn ship_again(parcel: &str, State(calls): State<Calls>) -> Result<(), ShipError> {
    ship_by(parcel, &calls)
}

#[kafka_listener(topics = "parcels", group_id = "shipping")]
#[retryable]
async fn ship_as_told(parcel: &str, State(calls): State<Calls>) -> Result<(), ShipError> {
    ship_by(parcel, &calls)
}

/// How often each parcel was tried: `away`, `unaddressed`, `full`.
async fn tries(kafka: &EmbeddedKafka, app: TestAppBuilder, listener: &str) -> [usize; 3] {
    const PARCELS: [&str; 3] = ["away", "unaddressed", "full"];
    let calls = Calls::new();
    let app = app.state(calls.clone()).start().await;
    for parcel in PARCELS {
        kafka.send("parcels", parcel).await;
    }
    kafka.advance("1m").await;
    let settled = app.listener(listener).settled().await;
    settled.assert_dead_lettered(3);
    let calls = calls.entries();
    PARCELS.map(|parcel| calls.iter().filter(|call| *call == parcel).count())
}

#[kafka_test(topics = ["parcels"])]
async fn a_type_that_is_excluded_is_excluded_as_a_cause(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(ship);
    assert_eq!(tries(&kafka, app, "ship").await, [1, 1, 3]);
}

#[kafka_test(topics = ["parcels"])]
async fn a_type_that_is_included_is_included_as_a_cause(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(ship_again);
    assert_eq!(tries(&kafka, app, "ship_again").await, [3, 1, 1]);
}

#[kafka_test(topics = ["parcels"])]
async fn settings_may_name_what_the_code_names_and_what_is_common(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(ship_as_told);
    let include = "kafka.listeners.ship_as_told.retry-topic.include";
    let app = app.set(include, "std::io::Error, Full");
    assert_eq!(tries(&kafka, app, "ship_as_told").await, [3, 1, 3]);
}

#[kafka_test(topics = ["parcels"])]
async fn a_program_names_types_too(kafka: EmbeddedKafka) {
    let calls = Calls::new();
    let noted = calls.clone();
    let listener = Listener::new("shipping", move |record| {
        let parcel = String::from_utf8_lossy(record.payload().unwrap_or_default()).into_owned();
        let done = ship_by(&parcel, &noted);
        Box::pin(async move { done.map_err(Into::into) })
    });
    let retries = Retryable::new()
        .exclude::<Away>()
        .exclude::<std::fmt::Error>();
    let listener = listener.topics(["parcels"]).retryable(retries);
    let app = kafka.app().listener(charge).state(Gateway::well());
    let app = app.register(listener).start().await;
    kafka.send("parcels", "away").await;
    kafka.send("parcels", "full").await;
    kafka.advance("1m").await;
    let settled = app.listener("shipping").settled().await;
    settled.assert_dead_lettered(2);
    let calls = calls.entries();
    let of = |parcel: &str| calls.iter().filter(|call| *call == parcel).count();
    assert_eq!((of("away"), of("full")), (1, 3));
}
