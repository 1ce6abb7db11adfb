//! Complaint 4 about Spring Kafka: work and back-offs that take longer than `max.poll.interval.ms`
//! cost the consumer its membership there, and the record is handled again. Here ten seconds stand
//! for three minutes, and two and a half for the interval.

use micro_kafka::listener::ContainerEvent;
use micro_kafka::prelude::*;
use micro_kafka_test::prelude::*;

const INTERVAL: &str = r#"
[kafka.consumer.properties]
session.timeout.ms = 2500
max.poll.interval.ms = 2500
heartbeat.interval.ms = 100
"#;

#[kafka_listener(topics = "orders", group_id = "patient", order = "key")]
async fn patient(order: &str, State(seen): State<Journal<String>>) {
    seen.note(order.to_owned());
    if order == "slow" {
        tokio::time::sleep(Duration::from_secs(10)).await;
    }
}

#[kafka_test(
    topics = ["orders"],
    partitions = 2,
    broker = ["group.min.session.timeout.ms = 500"],
    embedded = "sessions shorter than other brokers allow"
)]
async fn a_handler_slower_than_the_poll_interval_keeps_its_partitions(kafka: EmbeddedKafka) {
    let seen = Journal::<String>::new();
    let app = kafka.app().listener(patient).state(seen.clone());
    let app = app.config(INTERVAL).start().await;
    let listener = app.listener("patient");
    listener.assigned(2).await;
    let mut events = listener.events();
    kafka.send("orders", "slow").key("a").partition(0).await;
    for other in ["b", "c"] {
        kafka.send("orders", other).key(other).partition(0).await;
        kafka.send("orders", other).key(other).partition(1).await;
    }
    listener.settled().await.assert_handled(5);
    assert_eq!(seen.entries().len(), 5, "{:?}", seen.entries());
    let moved = std::iter::from_fn(|| events.try_next()).find(|event| {
        use ContainerEvent::{Assigned, ConsumerFailed, Lost, Revoked};
        matches!(
            **event,
            Assigned(_) | Revoked(_) | Lost(_) | ConsumerFailed { .. }
        )
    });
    assert_eq!(moved, None);
    let committed = kafka.committed("patient", "orders").await;
    assert_eq!(committed, [(0, 3), (1, 2)].into());
}
