//! Listeners and templates without any broker.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use micro_kafka::error::{ListenerError, LoggingRecoverer, Recover, RecoverFuture, Recovered};
use micro_kafka::listener::Delivery;
use micro_kafka::prelude::*;
use micro_kafka::template::{KafkaTemplate, SendError};
use micro_kafka_test::End;
use micro_kafka_test::prelude::*;

use crate::failure;

#[derive(Debug, Serialize, Deserialize)]
struct Order {
    id: u64,
}

#[derive(Debug, thiserror::Error, Classify)]
enum ShipError {
    #[error("the order is void")]
    #[kafka(dead_letter)]
    Void,
    #[error("the truck is full")]
    #[kafka(retry(attempts = 4, backoff = "1s..5s x3"))]
    Full,
    #[error("come back later")]
    #[kafka(retry_after)]
    Later(Duration),
    #[error("nobody wants it")]
    #[kafka(skip)]
    Unwanted,
    #[error("the warehouse burns")]
    #[kafka(stop)]
    Burning,
    #[error("not told")]
    Told(#[source] SendError),
}

/// How often `ship` still fails because of a full truck.
type Trucks = Arc<AtomicU32>;

#[kafka_listener(topics = ["shipments", "returns"], group_id = "shipping")]
async fn ship(
    Json(order): Json<Order>,
    #[header("source")] source: Option<&str>,
    Key(customer): Key<Option<&str>>,
    meta: Meta,
    State(trucks): State<Trucks>,
    State(kafka): State<KafkaTemplate>,
) -> Result<(), ShipError> {
    let left = trucks.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
    match order.id {
        0 => Err(ShipError::Void),
        1 => Err(ShipError::Later(Duration::from_secs(90))),
        2 => Err(ShipError::Unwanted),
        3 => Err(ShipError::Burning),
        4 => panic!("the driver is asleep"),
        _ if left.is_ok() => Err(ShipError::Full),
        _ => {
            let told = kafka
                .send("shipped", Json(&order))
                .key(customer.unwrap_or("nobody"));
            let told = told.header("from", format!("{meta} {}", source.unwrap_or("?")));
            told.await.map(drop).map_err(ShipError::Told)
        }
    }
}

fn trucks(full: u32) -> Trucks {
    Arc::new(AtomicU32::new(full))
}

#[tokio::test]
async fn a_listener_is_driven_with_its_arguments_and_its_sends_are_recorded() {
    let ship = drive(ship).state(trucks(0)).build();
    let done = ship
        .deliver(Json(Order { id: 7 }))
        .key("c1")
        .header("source", "web");
    let done = done.topic("returns").partition(2).offset(40).await;
    done.assert_done().assert_attempts(1);
    let shipped = done.topic("shipped").value(Json(Order { id: 7 }));
    shipped
        .key("c1")
        .header("from", "returns-2@40 web")
        .assert_one();
    ship.deliver(Json(Order { id: 8 })).await.assert_done();
    ship.kafka().topic("shipped").assert_exactly(2);
    ship.kafka()
        .topic("shipped")
        .key("nobody")
        .header("from", containing("-0@1 ?"))
        .assert_one();
}

#[tokio::test]
async fn each_policy_is_told_after_one_delivery() {
    let ship = drive(ship).state(trucks(u32::MAX)).build();
    let deliver = async |id| ship.deliver(Json(Order { id })).await;
    deliver(9)
        .await
        .assert_retry_after("1s")
        .assert_error("Full");
    deliver(1).await.assert_retry_after(Duration::from_secs(90));
    deliver(2).await.assert_skipped().assert_error("Unwanted");
    deliver(3).await.assert_stopped();
    deliver(4).await.assert_panicked().assert_retry_after("0s");
    let void = deliver(0).await;
    void.assert_dead_letter(|letter| {
        let failure = letter.failure();
        failure.error == "Void" && failure.attempts == Some(1) && failure.topic == "shipments"
    });
    assert!(void.sent().is_empty(), "the letter is not the handler's");
    let last = ship.deliver(Json(Order { id: 9 })).attempt(4).await;
    last.assert_dead_letter(|letter| letter.failure().attempts == Some(4));
    let undecodable = ship.deliver("{").key("k").await;
    undecodable.assert_dead_letter(|letter| letter.record().key() == Some(b"k"));
    undecodable.assert_error("PayloadRejection");
}

#[tokio::test]
async fn a_retry_policy_runs_to_its_end_in_no_time() {
    let began = Instant::now();
    let full_twice = drive(ship).state(trucks(2)).build();
    let done = full_twice.deliver(Json(Order { id: 9 })).to_its_end().await;
    done.assert_done()
        .assert_attempts(3)
        .assert_waits(["1s", "3s"]);
    let always_full = drive(ship).state(trucks(u32::MAX)).build();
    let lost = always_full
        .deliver(Json(Order { id: 9 }))
        .to_its_end()
        .await;
    lost.assert_attempts(4).assert_waits(["1s", "3s", "5s"]);
    lost.assert_dead_letter(|letter| letter.failure().attempts == Some(4));
    always_full.kafka().topic("shipments-dlt").assert_one();
    let settings = drive(ship).state(trucks(u32::MAX));
    let settings = settings
        .set("kafka.listeners.ship.retry.Full.attempts", 2)
        .build();
    let lost = settings.deliver(Json(Order { id: 9 })).to_its_end().await;
    lost.assert_attempts(2).assert_waits(["1s"]);
    // Its waits are 14 s.
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test]
async fn a_send_can_be_made_to_fail() {
    let kafka = RecordingTemplate::new();
    let timed_out = || SendError::TimedOut {
        topic: "shipped".into(),
        key_hash: None,
        maybe_stored: false,
    };
    kafka.fail_next(timed_out());
    let ship = drive(ship).state(trucks(0)).kafka(&kafka).build();
    let done = ship.deliver(Json(Order { id: 9 })).to_its_end().await;
    done.assert_done().assert_attempts(2);
    kafka.topic("shipped").assert_one();
    kafka.fail_next(SendError::TimedOut {
        topic: "shipments-dlt".into(),
        key_hash: None,
        maybe_stored: false,
    });
    let kept = ship.deliver(Json(Order { id: 0 })).await;
    let why = "topic `shipments-dlt` did not acknowledge the record in time";
    assert_eq!(kept.end(), &End::NotRecovered(why.to_owned()));
    ship.kafka().topic("shipments-dlt").assert_none();
}

#[kafka_listener(topics = "parcels", group_id = "parcels", ack_mode = "manual")]
async fn sign(parcel: &str, signature: Acknowledgment) {
    match parcel {
        "signed" => signature.acknowledge(),
        "nobody home" => signature.nack(Duration::from_secs(3_600)),
        _ => {}
    }
}

#[test]
fn an_acknowledgment_is_seen_and_no_runtime_is_needed() {
    let sign = drive(sign).build();
    let signed = sign.deliver("signed").into_future().now_or_never().unwrap();
    signed.assert_done().assert_acknowledged();
    let unsigned = sign.deliver("left").into_future().now_or_never().unwrap();
    assert!(!unsigned.assert_done().is_acknowledged());
    let nacked = sign.deliver("nobody home").into_future().now_or_never();
    nacked.unwrap().assert_nacked("1h");
}

#[tokio::test]
async fn a_failed_assertion_shows_what_became_of_the_record() {
    let driven = drive(ship).state(trucks(0)).build();
    let line = format!("{}:{}: ", file!(), line!() + 2);
    let lost = driven.deliver(Json(Order { id: 1 })).await;
    let said = failure(async { lost.assert_done().attempts() }).await;
    for part in [
        &*line,
        "expected the record to be done by `ship`: it is tried again after 90s",
        "it failed with Later: come back later; 1 deliveries, waits []; nothing was sent",
    ] {
        assert!(said.contains(part), "{said}\nlacks {part}");
    }
    driven
        .deliver(Json(Order { id: 9 }))
        .key("c1")
        .await
        .assert_done();
    let said = failure(async { driven.kafka().topic("shipped").key("c2").assert_one() }).await;
    assert!(
        said.contains("exactly 1 record of topic `shipped` with key=c2, found 0: 1 arrived:"),
        "{said}"
    );
    let missing = async { drive(ship).build() };
    let said = failure(missing).await;
    assert!(
        said.contains("listener `ship`: no value for `State<"),
        "{said}"
    );
    let said = failure(async { drive(trucks).build() }).await;
    assert!(
        said.contains("trucks` has no `#[kafka_listener]` attribute"),
        "{said}"
    );
    let forever = drive(ship).state(trucks(u32::MAX));
    let forever = forever
        .set("kafka.listeners.ship.retry.Full.attempts", u32::MAX)
        .build();
    let said = failure(forever.deliver(Json(Order { id: 9 })).to_its_end()).await;
    assert!(
        said.contains("the record has no end: 100000 attempts failed"),
        "{said}"
    );
}

/// Puts records somewhere that no dead-letter topic is.
#[derive(Debug)]
struct Shelf;

impl Recover for Shelf {
    fn recover(&self, delivery: Delivery, error: ListenerError) -> RecoverFuture {
        Box::pin(std::future::ready((
            delivery,
            error,
            Ok(Recovered::DeadLettered),
        )))
    }
}

#[tokio::test]
async fn who_only_logs_gives_the_record_up() {
    let ship = drive(ship)
        .state(trucks(0))
        .recoverer(LoggingRecoverer)
        .build();
    ship.deliver(Json(Order { id: 0 })).await.assert_skipped();
}

#[tokio::test]
async fn an_own_recoverer_takes_the_record() {
    let ship = drive(ship).state(trucks(0)).recoverer(Shelf).build();
    let lost = ship.deliver(Json(Order { id: 0 })).await;
    assert_eq!(lost.end(), &End::DeadLettered);
    let said = failure(async { lost.assert_dead_letter(|_| true).attempts() }).await;
    assert!(
        said.contains("the listener's own recoverer sent no dead letter"),
        "{said}"
    );
}

#[tokio::test]
async fn a_recording_template_answers_as_a_broker_does() {
    let kafka = RecordingTemplate::new();
    for (partition, offset) in [(0, 0), (2, 0), (2, 1)] {
        let sent = kafka
            .send("orders", "x")
            .partition(partition)
            .timestamp(5)
            .await
            .unwrap();
        assert_eq!(
            (&*sent.topic, sent.partition, sent.offset),
            ("orders", partition, offset)
        );
    }
    let queued = kafka
        .send("orders", None::<&str>)
        .key("gone")
        .queue()
        .await
        .unwrap();
    assert_eq!(queued.await.unwrap().offset, 1);
    kafka.send("audit", b"\x00").detach();
    kafka
        .topic("orders")
        .value(None::<&str>)
        .key("gone")
        .assert_one();
    kafka.topic("audit").value([0]).assert_one();
    assert_eq!(kafka.sent().len(), 5);
    let asked = kafka.admin().partition_count("orders").await.unwrap_err();
    let chain = format!("{asked:?}");
    assert!(
        chain.contains("a recording template has no broker"),
        "{chain}"
    );
}

#[tokio::test]
async fn a_recorded_transaction_is_sent_as_a_whole_or_not_at_all() {
    let kafka = RecordingTemplate::new();
    let both = async || -> Result<(), KafkaError> {
        kafka
            .transaction(async |tx| {
                tx.send("debits", "a").key("c1").await?;
                assert!(kafka.sent().is_empty(), "nothing before the commit");
                tx.send("credits", "b").await
            })
            .await
    };
    kafka.fail_next(SendError::TooLarge {
        topic: "credits".into(),
        key_hash: None,
        limit: None,
    });
    let failed = both().await.unwrap_err();
    assert!(
        failed.to_string().contains("1 of its records failed"),
        "{failed}"
    );
    kafka.topic("debits").assert_none();
    both().await.unwrap();
    kafka.topic("debits").key("c1").value("a").assert_one();
    kafka.topic("credits").value("b").assert_one();
    let given_up = kafka.transaction(async |tx| {
        tx.send("debits", "c").await?;
        Err::<(), _>(KafkaError::FlushTimedOut { outstanding: 1 })
    });
    given_up.await.unwrap_err();
    kafka.topic("debits").assert_exactly(1);
}

fn is_no_test(record: &Record) -> bool {
    record.key() != Some(b"test")
}

#[kafka_listener(topics = "parcels", group_id = "packing", filter = is_no_test)]
async fn pack() {}

#[kafka_listener(topics = "parcels", group_id = "loading", batch(max = 10))]
async fn load(parcels: Batch<Json<Order>>) {
    assert!(!parcels.is_empty());
}

#[tokio::test]
async fn a_filter_is_asked_and_batches_are_refused() {
    let pack = drive(pack).build();
    pack.deliver("x")
        .key("test")
        .await
        .assert_filtered()
        .assert_attempts(0);
    pack.deliver("x").key("c1").await.assert_done();
    let said = failure(async { drive(load).build() }).await;
    assert!(
        said.contains("`load` takes batches, and `drive` hands over single records"),
        "{said}"
    );
}

#[kafka_test(topics = ["parcels"])]
async fn what_a_filter_does_not_want_is_counted(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(pack).start().await;
    kafka.send("parcels", "x").key("test").await;
    kafka.send("parcels", "x").key("c1").await;
    app.settled().await.assert_filtered(1).assert_handled(1);
}
