//! Where keys come from.

use micro_kafka::idempotent::KeyRejection;
use micro_kafka::prelude::*;
use micro_kafka_test::prelude::*;

#[derive(Debug, Serialize, Deserialize)]
struct Order {
    shop: String,
    id: u64,
}

fn order(shop: &str, id: u64) -> Json<Order> {
    let shop = shop.to_owned();
    Json(Order { shop, id })
}

#[kafka_listener(topics = "orders", group_id = "by-id")]
#[idempotent(key = order.id)]
async fn by_id(Json(order): Json<Order>, State(seen): State<Journal<String>>) {
    seen.note(format!("{}{}", order.shop, order.id));
}

#[idempotent(key = format!("{source}/{}", order.id))]
#[kafka_listener(topics = "orders", group_id = "by-source")]
async fn by_source(
    Json(order): Json<Order>,
    #[header("source")] source: &str,
    State(seen): State<Journal<String>>,
) {
    seen.note(format!("{source}{}", order.id));
}

#[kafka_test(topics = ["orders"])]
async fn a_key_is_an_expression_over_arguments(kafka: EmbeddedKafka) {
    let seen = Journal::<String>::new();
    let app = kafka.app().listener(by_id).state(seen.clone());
    let app = app.start().await;
    for (shop, id) in [("a", 1), ("b", 1), ("b", 2)] {
        kafka.send("orders", order(shop, id)).await;
    }
    app.listener("by_id").settled().await.assert_attempts(3);
    assert_eq!(seen.entries(), ["a1", "b2"]);
}

#[kafka_test(topics = ["orders"])]
async fn it_may_name_several_and_headers_too(kafka: EmbeddedKafka) {
    let seen = Journal::<String>::new();
    let app = kafka.app().listener(by_source).state(seen.clone());
    let app = app.start().await;
    for source in ["web", "till", "web"] {
        let sent = kafka.send("orders", order("a", 1));
        sent.header("source", source).await;
    }
    app.listener("by_source").settled().await.assert_attempts(3);
    assert_eq!(seen.entries(), ["web1", "till1"]);
}

/// Records of others have no id, and are handled each time.
fn event_id(record: &Record) -> Option<String> {
    let id = record.headers().get("event-id")?.value?;
    Some(String::from_utf8_lossy(id).into_owned())
}

#[kafka_listener(topics = "orders", group_id = "by-function")]
#[idempotent(key = event_id)]
async fn by_function(order: &str, State(seen): State<Journal<String>>) {
    seen.note(order.to_owned());
}

#[kafka_test(topics = ["orders"])]
async fn a_function_decides_which_records_have_a_key(kafka: EmbeddedKafka) {
    let seen = Journal::<String>::new();
    let app = kafka.app().listener(by_function).state(seen.clone());
    let app = app.start().await;
    for _ in 0..2 {
        kafka.send("orders", "with").header("event-id", "1").await;
        kafka.send("orders", "without").await;
    }
    app.listener("by_function").settled().await;
    assert_eq!(seen.entries(), ["with", "without", "without"]);
}

#[kafka_listener(topics = "orders", group_id = "by-header")]
#[idempotent(key = header("event-id"))]
async fn by_header(_: &str) {}

#[kafka_test(topics = ["orders", "orders-dlt"])]
async fn a_record_without_its_header_is_dead_lettered(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(by_header).start().await;
    kafka.send("orders", "nameless").await;
    let settled = app.listener("by_header").settled().await;
    settled.assert_attempts(1).assert_dead_lettered(1);
    kafka.dlt("orders").assert_one(|letter| {
        let failure = letter.failure();
        failure.error_type == Some(std::any::type_name::<KeyRejection>().to_owned())
            && failure
                .message
                .as_deref()
                .is_some_and(|text| text.contains("no header `event-id`"))
    });
}

#[kafka_listener(topics = "orders", group_id = "first")]
#[idempotent(key = "key")]
async fn first(order: &str, State(seen): State<Journal<String>>) {
    seen.note(format!("first {order}"));
}

#[kafka_listener(topics = "orders", group_id = "second")]
#[idempotent(key = "key")]
async fn second(order: &str, State(seen): State<Journal<String>>) {
    seen.note(format!("second {order}"));
}

#[kafka_test(topics = ["orders"])]
async fn listeners_do_not_share_their_keys(kafka: EmbeddedKafka) {
    let seen = Journal::<String>::new();
    let app = kafka.app().listener(first).listener(second);
    let app = app.state(seen.clone()).start().await;
    kafka.send("orders", "a").key("1").await;
    kafka.send("orders", "a again").key("1").await;
    app.settled().await;
    let mut seen = seen.entries();
    seen.sort_unstable();
    assert_eq!(seen, ["first a", "second a"]);
}
