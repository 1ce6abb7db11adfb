//! Assertions about consumer groups.

use micro_kafka_test::prelude::*;

use crate::{charge, failure};

#[kafka_test(topics = ["orders"], partitions = 3)]
async fn what_a_group_committed_and_what_is_left_is_told(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(charge).start().await;
    for partition in [0, 2, 2] {
        kafka.send("orders", "fine").partition(partition).await;
    }
    let billing = kafka.group("billing");
    billing.assert_committed("orders", [(0, 1), (2, 2)]).await;
    billing.assert_lag("orders", 0).await;
    app.stop().await;
    kafka.send("orders", "later").partition(1).await;
    billing.assert_lag("orders", 1).await;
    assert_eq!(billing.lag("orders").await[&1], 1);
    let said = failure(billing.assert_lag("orders", 0).within("50ms")).await;
    for part in [
        "expected group `billing` to have a lag of 0 on topic `orders` within 50ms:",
        "\n  [0] committed 1, end 1, lag 0",
        "\n  [1] committed nothing, end 1, lag 1",
    ] {
        assert!(said.contains(part), "{said}\nlacks {part}");
    }
    let other = billing.assert_committed("orders", [(0, 1)]).within("20ms");
    let said = failure(other).await;
    assert!(
        said.contains("to have committed {0: 1} of topic `orders`"),
        "{said}"
    );
}

#[kafka_test(topics = ["orders"], partitions = 4)]
async fn the_members_of_a_group_are_told_with_their_partitions(kafka: EmbeddedKafka) {
    let billing = kafka.group("billing");
    assert_eq!(billing.description().await.state, "Dead");
    let app = kafka.app().listener(charge);
    let app = app
        .set("kafka.listeners.charge.concurrency", 2)
        .start()
        .await;
    let group = billing.assert_members(2).await;
    let clients = group.members.iter().map(|member| &*member.client_id);
    assert_eq!(clients.collect::<Vec<_>>(), ["charge-0", "charge-1"]);
    for member in &group.members {
        let topics = member.partitions.iter().map(|partition| &*partition.topic);
        assert_eq!(topics.collect::<Vec<_>>(), ["orders", "orders"]);
    }
    let said = failure(billing.assert_members(3).within("60ms")).await;
    assert!(said.contains("expected group `billing` to be stable with 3 members within 60ms: it is Stable with 2 members"), "{said}");
    assert!(
        said.contains("\n  charge-0 (") && said.contains(" orders-"),
        "{said}"
    );
    app.stop().await;
    billing.assert_state("Empty").await;
}
