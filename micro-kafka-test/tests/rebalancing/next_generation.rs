//! Groups whose partitions the broker assigns (KIP-848).

use micro_kafka::listener::HealthReason;
use micro_kafka_test::prelude::*;

use super::{Handled, Instance, Traffic, assert_once_in_order, charge, leave};

/// The embedded broker has no such groups: Apache Kafka 4 has.
fn is_known() -> bool {
    std::env::var("MICRO_KAFKA_TEST").is_ok_and(|kafka| !kafka.is_empty())
}

async fn join(kafka: &EmbeddedKafka, name: &'static str, handled: &Journal<Handled>) -> TestApp {
    let state = Instance {
        name,
        handled: handled.clone(),
    };
    let app = kafka.app().listener(charge).state(state);
    let app = app.set("kafka.consumer.properties.group.protocol", "consumer");
    let app = app.try_start().await.unwrap();
    if is_known() {
        app.listener("charge").assigned(1).await;
    }
    app
}

/// A broker without such groups leaves a member without an answer.
async fn says_why(app: TestApp) {
    let listener = app.listener("charge");
    listener.unwell().await;
    let reasons = listener.health().reasons;
    let said = |reason: &HealthReason| reason.to_string().contains("group.protocol");
    assert!(reasons.iter().any(said), "{reasons:?}");
}

#[kafka_test(topics = ["orders"], partitions = 4)]
async fn members_of_a_kip_848_group_hand_over_and_every_record_is_handled_once(
    kafka: EmbeddedKafka,
) {
    let handled = Journal::new();
    let first = join(&kafka, "first", &handled).await;
    if !is_known() {
        return says_why(first).await;
    }
    first.listener("charge").assigned(4).await;
    let traffic = Traffic::start(&kafka).await;
    traffic.flows(10).await;
    let second = join(&kafka, "second", &handled).await;
    let mut others = first.listener("charge").assignment();
    others.wait_for(|own| own.len() == 2).await.unwrap();
    second.listener("charge").assigned(2).await;
    traffic.flows(20).await;
    leave(first, &traffic).await;
    second.listener("charge").assigned(4).await;
    traffic.flows(10).await;
    let each = traffic.stop().await;
    second.listener("charge").settled().await;
    assert_once_in_order(&handled.entries(), each);
    let by = |name| {
        handled
            .entries()
            .iter()
            .any(|record| record.instance == name)
    };
    assert!(by("first") && by("second"));
    second.stop().await;
    let committed = kafka.committed("billing", "orders").await;
    assert!(
        committed.values().all(|offset| *offset == each),
        "{committed:?}"
    );
}
