//! What handlers take, from real records.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use micro_kafka::prelude::*;
use micro_kafka::record::{OwnedRecord, Timestamp};
use micro_kafka_test::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Order {
    id: u64,
}

/// All that one call was given.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Given {
    order: Order,
    key: String,
    source: String,
    count: Option<i64>,
    traces: Vec<Vec<u8>>,
    topic: String,
    place: (i32, i64),
    timestamp: Timestamp,
    attempt: u32,
    record: OwnedRecord,
}

#[kafka_listener(
    topics = "orders",
    group_id = "billing",
    retry(attempts = 2, backoff = "1ms")
)]
#[allow(clippy::too_many_arguments, reason = "every kind of argument once")]
async fn charge(
    Json(order): Json<Order>,
    Key(key): Key<&str>,
    #[header("source")] Header(source): Header<&str>,
    #[header("count")] count: Option<i64>,
    headers: Headers<'_>,
    meta: Meta,
    attempt: Attempt,
    record: &Record,
    State(given): State<Journal<Given>>,
) -> Result<(), std::io::Error> {
    let traces = headers.filter(|header| header.name() == "trace");
    given.note(Given {
        key: key.to_owned(),
        source: source.to_owned(),
        count,
        traces: traces
            .map(|header| header.value.unwrap_or_default().to_vec())
            .collect(),
        topic: meta.topic().to_owned(),
        place: (meta.partition(), meta.offset()),
        timestamp: meta.timestamp(),
        attempt: attempt.number(),
        record: record.to_owned_record(),
        order,
    });
    match attempt.is_first() {
        true => Err(std::io::Error::other("once more")),
        false => Ok(()),
    }
}

#[kafka_test(topics = ["orders"], partitions = 2)]
async fn every_kind_of_argument_is_as_it_was_sent(kafka: EmbeddedKafka) {
    let given = Journal::<Given>::new();
    let app = kafka
        .app()
        .listener(charge)
        .state(given.clone())
        .start()
        .await;
    let order = Order { id: 7 };
    kafka
        .send("orders", Json(&order))
        .partition(1)
        .key("c1")
        .timestamp(1_700_000_000_123)
        .header("source", "web")
        .header("count", 300_i64.to_be_bytes())
        .header("trace", [0xff])
        .header("trace", "")
        .await;
    app.listener("charge")
        .settled()
        .await
        .assert_handled(1)
        .assert_attempts(2);
    let [first, second] = &given.entries()[..] else {
        panic!("{:?}", given.entries());
    };
    let expected = Given {
        order,
        key: "c1".to_owned(),
        source: "web".to_owned(),
        count: Some(300),
        traces: vec![vec![0xff], vec![]],
        topic: "orders".to_owned(),
        place: (1, 0),
        timestamp: Timestamp::CreateTime(1_700_000_000_123),
        attempt: 1,
        record: first.record.clone(),
    };
    assert_eq!(*first, expected);
    assert_eq!(
        *second,
        Given {
            attempt: 2,
            ..expected
        }
    );
    let record = &first.record;
    assert_eq!(
        record.topic,
        kafka.wire_name("orders"),
        "a record is as the broker has it"
    );
    assert_eq!(record.payload.as_deref(), Some(&br#"{"id":7}"#[..]));
    assert_eq!(record.headers.len(), 4);
}

#[kafka_test(topics = ["orders"])]
async fn what_an_argument_cannot_be_made_of_goes_to_the_dlt_at_once(kafka: EmbeddedKafka) {
    let given = Journal::<Given>::new();
    let app = kafka
        .app()
        .listener(charge)
        .state(given.clone())
        .start()
        .await;
    let send = || kafka.send("orders", Json(Order { id: 7 }));
    send().header("source", "web").await;
    send().key("c1").await;
    send().key("c1").header("source", [0xff]).await;
    send()
        .key("c1")
        .header("source", "web")
        .header("count", "300")
        .await;
    app.listener("charge")
        .settled()
        .await
        .assert_attempts(4)
        .assert_dead_lettered(4);
    assert_eq!(given.entries(), []);
    let letters = kafka.dlt("orders").all();
    let messages = letters
        .iter()
        .map(|letter| letter.failure().message.as_deref().unwrap());
    let expected = [
        "the key is null",
        "the header `source` is missing",
        "the header `source` is not a `Header<&str>`",
        "the header `count` is not a `Option<i64>`",
    ];
    for (message, expected) in messages.zip(expected) {
        assert!(message.contains(expected), "{message}\nlacks {expected}");
    }
}

/// Keys with the order's id, or without.
type Upserts = Journal<(Option<String>, Option<u64>)>;

#[kafka_listener(topics = "profiles", group_id = "cache")]
async fn cache(
    order: Option<Json<Order>>,
    Key(key): Key<Option<String>>,
    State(seen): State<Upserts>,
) {
    seen.note((key, order.map(|Json(order)| order.id)));
}

#[kafka_test(topics = ["profiles"])]
async fn a_tombstone_is_none_and_a_null_key_too(kafka: EmbeddedKafka) {
    let seen = Upserts::new();
    let app = kafka
        .app()
        .listener(cache)
        .state(seen.clone())
        .start()
        .await;
    kafka.send("profiles", Json(Order { id: 1 })).key("a").await;
    kafka.send("profiles", None::<Json<Order>>).key("a").await;
    kafka.send("profiles", Json(Order { id: 2 })).await;
    app.listener("cache").settled().await.assert_handled(3);
    let a = || Some("a".to_owned());
    assert_eq!(
        seen.entries(),
        [(a(), Some(1)), (a(), None), (None, Some(2))]
    );
}

#[kafka_listener(topics = "orders", group_id = "strict")]
async fn strict(_order: Json<Order>) {}

#[kafka_test(topics = ["orders"])]
async fn a_tombstone_is_not_for_a_handler_that_wants_a_payload(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(strict).start().await;
    kafka.send("orders", None::<Json<Order>>).key("a").await;
    app.listener("strict")
        .settled()
        .await
        .assert_dead_lettered(1);
    kafka.dlt("orders").value(None::<&str>).assert_count(1);
}

#[kafka_listener(topics = "orders", group_id = "forwarding")]
async fn forward(order: &[u8], State(kafka): State<KafkaTemplate>) -> Result<(), SendError> {
    kafka.send("ledger", Bytes(order)).key("k").await.map(drop)
}

#[kafka_test(topics = ["orders", "ledger"])]
async fn a_handler_sends_with_the_applications_template(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(forward).start().await;
    kafka.send("orders", "a").await;
    kafka.topic("ledger").key("k").value("a").assert_one().await;
    app.listener("forward").settled().await.assert_handled(1);
}
