//! Assertions about the records of a topic: what they wait for, and what they say when they fail.

use micro_kafka::config::Config;
use micro_kafka::prelude::*;
use micro_kafka::template::TemplateConfig;
use micro_kafka_test::prelude::*;

use crate::failure;

#[derive(Debug, Serialize, Deserialize)]
struct Order {
    id: u64,
    cents: i64,
}

fn order(id: u64) -> Order {
    Order { id, cents: 500 }
}

#[kafka_test(topics = ["orders"], partitions = 3)]
async fn records_are_found_by_what_they_are(kafka: EmbeddedKafka) {
    let send = kafka.send("orders", Json(order(7))).key("c1").partition(2);
    send.header("source", "web").header("trace", "1").await;
    kafka
        .send("orders", None::<&str>)
        .key("c2")
        .partition(0)
        .await;
    let orders = kafka.topic("orders");
    let found = orders.key("c1").assert_one().await;
    assert_eq!((found.partition, found.offset), (2, 0));
    orders.key(b"c1").value(Json(&order(7))).assert_one().await;
    orders.value(r#"{"id":7,"cents":500}"#).assert_one().await;
    orders
        .value(json(|order: Order| order.cents == 500))
        .assert_one()
        .await;
    orders
        .value(|bytes: &[u8]| bytes.len() > 5)
        .assert_one()
        .await;
    orders.value(None::<&str>).key("c2").assert_one().await;
    orders.header("source", containing("e")).assert_one().await;
    orders.header("trace", "1").partition(2).assert_one().await;
    orders
        .matching(|record| record.headers.len() == 2)
        .assert_one()
        .await;
    orders.partition(1).assert_none().await;
    orders.key("c3").assert_none().await;
    orders
        .value(json(|order: Order| order.cents > 500))
        .assert_none()
        .await;
    assert_eq!(orders.assert_exactly(2).await.len(), 2);
}

#[kafka_test(topics = ["orders"])]
async fn an_assertion_waits_for_what_is_still_to_come(kafka: EmbeddedKafka) {
    let later = async {
        for n in 0..3 {
            tokio::task::yield_now().await;
            kafka.send("orders", n.to_string()).await;
        }
    };
    let orders = kafka.topic("orders");
    let (found, ()) = tokio::join!(orders.assert_at_least(3).into_future(), later);
    assert_eq!(found.len(), 3);
}

#[kafka_test(topics = ["orders"], partitions = 2)]
async fn what_is_missing_is_told_with_what_arrived(kafka: EmbeddedKafka) {
    let sent = kafka.send("orders", Json(order(7))).key("c1").partition(1);
    sent.timestamp(1_700_000_000_000)
        .header("source", "web")
        .await;
    let sent = kafka.send("orders", "later").key("c2").partition(0);
    sent.timestamp(1_700_000_000_250).await;
    let orders = kafka.topic("orders");
    let missing = orders.key("c1").header("source", "app");
    let line = line!() + 1;
    let said = failure(missing.assert_one().within("2s")).await;
    let (file, topic) = (file!(), kafka.wire_name("orders"));
    let expected = format!(
        "{file}:{line}: expected exactly 1 record of topic `orders` with key=c1, source=app within \
         2s, found 0: 2 arrived:\n  \
         {topic}[1]@0 key=c1 payload={{\"id\":7,\"cents\":500}} source=web +0ms\n  \
         {topic}[0]@0 key=c2 payload=later +250ms"
    );
    assert_eq!(said, expected);
    let said = failure(orders.assert_at_least(3).within(Duration::from_secs(2))).await;
    assert!(
        said.contains("at least 3 records of topic `orders` within 2s, found 2: 2 arr"),
        "{said}"
    );
}

#[kafka_test(topics = ["orders"])]
async fn one_too_many_is_found_without_waiting(kafka: EmbeddedKafka) {
    for n in 0..3 {
        kafka.send("orders", n.to_string()).key("c1").await;
    }
    let orders = kafka.topic("orders");
    let said = failure(orders.key("c1").assert_exactly(2)).await;
    assert!(
        said.contains("expected exactly 2 records of topic `orders` with key=c1, found 3"),
        "{said}"
    );
    let said = failure(orders.value("1").assert_none()).await;
    assert!(
        said.contains("expected no record of topic `orders` with payload=1, found 1"),
        "{said}"
    );
    let starred = said.lines().filter(|line| line.starts_with('*'));
    assert_eq!(starred.count(), 1, "{said}");
    let said = failure(orders.value("2").assert_none_for("10m")).await;
    assert!(
        said.contains("expected no record of topic `orders` with payload=2 for 600s"),
        "{said}"
    );
}

#[kafka_test(topics = ["orders"])]
async fn nothing_may_come_for_a_while(kafka: EmbeddedKafka) {
    kafka.send("orders", "x").key("c1").await;
    kafka
        .topic("orders")
        .key("c2")
        .assert_none_for("20ms")
        .await;
}

#[kafka_test(topics = ["orders"], partitions = 2)]
async fn the_order_of_records_is_told(kafka: EmbeddedKafka) {
    for (partition, value) in [(0, "a"), (1, "x"), (0, "b"), (0, "c")] {
        kafka
            .send("orders", value)
            .key(value)
            .partition(partition)
            .await;
    }
    let first = kafka.topic("orders").partition(0);
    first.clone().assert_values(["a", "b", "c"]).await;
    first.clone().assert_keys([b"a", b"b", b"c"]).await;
    let said = failure(first.assert_values(["a", "c", "b"])).await;
    assert!(
        said.contains(
            "expected value=c at place 2 of the 3 records of topic `orders` with partition 0"
        ),
        "{said}"
    );
    let all = kafka.topic("orders").assert_values(["a", "b", "c", "x"]);
    let said = failure(all).await;
    assert!(
        said.contains("are on the partitions [0, 1], between which Kafka keeps no order"),
        "{said}"
    );
}

#[kafka_test]
async fn a_topic_that_is_not_there_is_told(kafka: EmbeddedKafka) {
    let said = failure(async { kafka.topic("ordres").assert_none().await }).await;
    let topic = kafka.wire_name("ordres");
    assert!(
        said.contains(&format!("topic `{topic}` cannot be read")),
        "{said}"
    );
}

/// A template with a transactional id of its own; topics by the broker's names.
fn transactional(kafka: &EmbeddedKafka) -> KafkaTemplate {
    let config = Config::builder()
        .set("kafka.bootstrap-servers", kafka.bootstrap_servers())
        .set("kafka.producer.transaction-id-prefix", kafka.wire_name("x"))
        .build();
    KafkaTemplate::new(TemplateConfig::from(&config.unwrap())).unwrap()
}

#[kafka_test(topics = ["orders"])]
async fn a_topic_that_ends_in_a_marker_is_read_to_its_end(kafka: EmbeddedKafka) {
    let (orders, topic) = (|| kafka.topic("orders"), kafka.wire_name("orders"));
    let template = transactional(&kafka);
    let both = template.transaction(async |tx| {
        tx.send(&topic, "a").await?;
        tx.send(&topic, "b").await
    });
    both.await.unwrap();
    assert_eq!(orders().assert_exactly(2).await.len(), 2);
    let given_up = template.transaction(async |tx| {
        tx.send(&topic, "c").await?;
        Err::<(), _>(KafkaError::FlushTimedOut { outstanding: 1 })
    });
    given_up.await.unwrap_err();
    orders().value("c").assert_none().await;
    assert_eq!(orders().assert_exactly(2).await.len(), 2);
}
