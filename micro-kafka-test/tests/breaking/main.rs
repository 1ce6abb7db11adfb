//! Faults on command, the broker's time and its crash, by the kit's own words.

use std::time::Duration;

use micro_kafka::prelude::*;
use micro_kafka_broker::Restart;
use micro_kafka_broker::fault::{ApiKey, Chaos, ErrorCode, Matcher};
use micro_kafka_test::prelude::*;

#[kafka_listener(topics = "orders", group_id = "billing")]
async fn charge(order: &str) -> Result<(), std::num::ParseIntError> {
    order.parse::<u64>().map(drop)
}

#[kafka_test(topics = ["orders"], embedded = "faults on command")]
async fn an_error_that_passes_is_not_seen_by_the_sender(kafka: EmbeddedKafka) {
    let moved = kafka.on(ApiKey::Produce).topic("orders").once();
    let moved = moved.answer(ErrorCode::NOT_LEADER_OR_FOLLOWER);
    kafka.send("orders", "1").await;
    assert_eq!(moved.hits(), 1);
    assert_eq!(kafka.stored("orders", 0).len(), 1);
}

#[kafka_test(topics = ["orders"], embedded = "faults on command")]
async fn a_lost_acknowledgement_repeats_nothing(kafka: EmbeddedKafka) {
    let lost = kafka.on(ApiKey::Produce).once().apply_then_disconnect();
    kafka.send("orders", "1").await;
    assert_eq!(lost.hits(), 1);
    assert_eq!(kafka.stored("orders", 0).len(), 1);
    assert_eq!(kafka.producers("orders", 0).len(), 1);
    assert_eq!(kafka.journal().count(ApiKey::Produce), 2);
}

#[kafka_test(topics = ["orders"], embedded = "commits that fail on command")]
async fn a_listener_outlives_commits_that_fail(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(charge).start().await;
    let failing = kafka.on(ApiKey::OffsetCommit).group("billing").times(2);
    let failing = failing.answer(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS);
    for nth in 0..10 {
        kafka.send("orders", nth.to_string().as_str()).await;
    }
    app.listener("charge").settled().await.assert_handled(10);
    assert!(failing.hits() > 0);
}

#[kafka_test(topics = ["orders"], embedded = "crashes the broker")]
async fn a_listener_goes_on_after_a_crash(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(charge).start().await;
    kafka.send("orders", "1").await;
    app.listener("charge").settled().await;
    kafka.crash().await;
    kafka.restart(Restart::WithData).await;
    kafka.send("orders", "2").await;
    kafka.send("orders", "3").await;
    app.listener("charge").settled().await;
    assert_eq!(kafka.stored("orders", 0).len(), 3);
}

#[kafka_test(topics = ["orders"], embedded = "looks into the broker")]
async fn members_are_there_to_see_and_to_expire(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(charge).start().await;
    let members = kafka.members("billing");
    assert_eq!(members.len(), 1, "{members:?}");
    assert_eq!(members[0].assignment[0].topic, "orders");
    let before = members[0].member_id.clone();
    let joined = kafka.journal().count(ApiKey::JoinGroup);
    kafka.expire_member("billing", &before).await;
    let joining = Matcher::on(ApiKey::JoinGroup).with_group("billing");
    let again = kafka
        .journal()
        .wait_for(joining, joined + 1, Duration::from_secs(20));
    again.await.unwrap_or_else(|error| panic!("{error}"));
    kafka.send("orders", "1").await;
    app.listener("charge").settled().await.assert_handled(1);
}

#[kafka_test(topics = ["orders"], embedded = "moves the broker's time")]
async fn records_expire_when_the_brokers_time_comes(kafka: EmbeddedKafka) {
    kafka.send("orders", "1").await;
    kafka.advance_broker("192h");
    while kafka.offsets("orders", 0).start == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(kafka.stored("orders", 0).is_empty());
}

#[kafka_test(topics = ["orders"], embedded = "chaos")]
async fn every_record_is_handled_in_chaos(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(charge).start().await;
    let chaos = kafka.chaos(Chaos::seeded(5).with_probability(0.1));
    for nth in 0..30 {
        kafka.send("orders", nth.to_string().as_str()).await;
    }
    let hits = chaos.hits();
    chaos.stop();
    app.listener("charge").settled().await;
    assert_eq!(kafka.stored("orders", 0).len(), 30);
    assert!(hits > 0);
}

#[kafka_test(topics = ["orders"], shared, embedded = "the shared broker")]
#[should_panic(expected = "`faults` needs a broker of its own, but this test shares one")]
async fn a_shared_broker_has_no_faults(kafka: EmbeddedKafka) {
    kafka.faults().clear();
}
