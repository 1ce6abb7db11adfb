//! Several types of events on one topic.

use micro_kafka::prelude::*;
use micro_kafka_test::prelude::*;

#[derive(Debug, Serialize, Deserialize)]
struct Placed {
    id: u64,
}

#[derive(Debug, Deserialize)]
struct Renamed<'r> {
    to: &'r str,
}

#[derive(Debug, KafkaEvent)]
#[kafka(header = "event-type")]
enum Event<'r> {
    #[kafka(name = "order.placed")]
    Placed(Json<Placed>, Key<Option<&'r str>>),
    #[kafka(name = "order.renamed")]
    Renamed(Json<Renamed<'r>>),
    Cancelled,
    #[kafka(other)]
    Other(&'r Record),
}

#[kafka_listener(topics = "orders", group_id = "by-header")]
async fn by_header(event: Event<'_>, State(seen): State<Journal<String>>) {
    seen.note(match event {
        Event::Placed(Json(order), Key(key)) => format!("placed {} by {key:?}", order.id),
        Event::Renamed(Json(order)) => format!("renamed to {}", order.to),
        Event::Cancelled => "cancelled".to_owned(),
        Event::Other(record) => format!("other at {}", record.offset()),
    });
}

#[kafka_test(topics = ["orders"])]
async fn a_header_names_the_event(kafka: EmbeddedKafka) {
    let seen = Journal::<String>::new();
    let app = kafka.app().listener(by_header).state(seen.clone());
    let app = app.start().await;
    let send = |name: &str, text: &str| kafka.send("orders", text).header("event-type", name);
    send("order.placed", r#"{"id":1}"#).key("c1").await;
    send("order.renamed", r#"{"to":"x"}"#).await;
    send("Cancelled", "whatever").await;
    send("order.lost", "{}").await;
    kafka.send("orders", "{}").await;
    send("order.placed", "{}").await;
    app.listener("by_header")
        .settled()
        .await
        .assert_handled(5)
        .assert_dead_lettered(1);
    assert_eq!(
        seen.entries(),
        [
            "placed 1 by Some(\"c1\")",
            "renamed to x",
            "cancelled",
            "other at 3",
            "other at 4"
        ]
    );
}

#[derive(Debug, KafkaEvent)]
#[kafka(type_id, unknown = "dead_letter")]
enum JavaEvent {
    Placed(Json<Placed>),
    #[kafka(name = "com.acme.orders.OrderCancelled")]
    Cancelled,
}

#[kafka_listener(topics = "orders", group_id = "by-type")]
async fn by_type(event: JavaEvent, State(seen): State<Journal<String>>) {
    seen.note(match event {
        JavaEvent::Placed(Json(order)) => format!("placed {}", order.id),
        JavaEvent::Cancelled => "cancelled".to_owned(),
    });
}

#[kafka_test(topics = ["orders"])]
async fn springs_type_header_names_the_event(kafka: EmbeddedKafka) {
    let seen = Journal::<String>::new();
    let app = kafka.app().listener(by_type).state(seen.clone());
    let app = app.start().await;
    for name in [
        "com.acme.Placed",
        "com.acme.orders.OrderCancelled",
        "com.acme.Lost",
    ] {
        let send = kafka.send("orders", Json(Placed { id: 1 }));
        send.header("__TypeId__", name).await;
    }
    app.listener("by_type").settled().await.assert_handled(2);
    assert_eq!(seen.entries(), ["placed 1", "cancelled"]);
    kafka.dlt("orders").assert_one(|letter| {
        let message = letter.failure().message.as_deref().unwrap();
        message.contains("com.acme.Lost") && message.contains("it knows Placed")
    });
}

#[derive(Debug, KafkaEvent)]
#[kafka(tag = "type", unknown = "skip")]
enum Tagged {
    #[kafka(name = "placed")]
    Placed(Json<Placed>),
}

#[kafka_listener(topics = "orders", group_id = "by-tag", batch(linger = "0ms"))]
async fn by_tag(events: Batch<Tagged>, State(seen): State<Journal<String>>) {
    for event in events.into_values() {
        let Tagged::Placed(Json(order)) = event;
        seen.note(format!("placed {}", order.id));
    }
}

#[kafka_test(topics = ["orders"])]
async fn a_field_of_the_payload_names_the_event_and_others_are_skipped(kafka: EmbeddedKafka) {
    let seen = Journal::<String>::new();
    let app = kafka.app().listener(by_tag).state(seen.clone());
    let app = app.start().await;
    for payload in [
        r#"{"type":"placed","id":7}"#,
        r#"{"type":"lost"}"#,
        "{}",
        "[]",
    ] {
        kafka.send("orders", payload).await;
    }
    let settled = app.listener("by_tag").settled().await;
    settled.assert_handled(1).assert_dead_lettered(1);
    assert_eq!(settled.stats.skipped, 2);
    assert_eq!(seen.entries(), ["placed 7"]);
}
