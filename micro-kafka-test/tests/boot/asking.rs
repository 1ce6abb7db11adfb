//! What a start asks the broker for, and what it waits for.

use std::time::Duration;

use micro_kafka::prelude::*;
use micro_kafka_broker::fault::{ApiKey, Exchange, Matcher};
use micro_kafka_test::prelude::*;

/// How long a request may take to come on a machine that is busy.
const COMES: Duration = Duration::from_secs(60);

#[kafka_listener(topics = "orders", group_id = "billing", id = "prompt")]
async fn prompt(order: &str, State(orders): State<Journal<String>>) {
    orders.note(order.to_owned());
}

fn count(exchanges: &[Exchange], api: ApiKey) -> usize {
    let asked = exchanges.iter();
    asked.filter(|it| it.request.api == api).count()
}

#[kafka_test(topics = ["orders"], embedded = "counts requests")]
async fn a_start_creates_nothing_that_is_there_and_asks_its_group_once(kafka: EmbeddedKafka) {
    let orders = Journal::<String>::new();
    let app = kafka.app().listener(prompt).state(orders.clone());
    app.start().await.stop().await;
    assert_eq!(kafka.journal().count(ApiKey::CreateTopics), 1);
    let before = kafka.journal().mark();
    let app = kafka.app().listener(prompt).state(orders.clone());
    let _app = app.start().await;
    kafka.send("orders", "1").await;
    orders.reaches(1).await;
    let asked = kafka.journal().since(before);
    for (api, most) in [
        (ApiKey::CreateTopics, 0),
        (ApiKey::DescribeConfigs, 0),
        // The first is refused, with the id of a member to come.
        (ApiKey::JoinGroup, 2),
        (ApiKey::SyncGroup, 1),
    ] {
        let times = count(&asked, api);
        assert!(times <= most, "{times} of {api:?}: {asked:#?}");
    }
}

#[kafka_test(topics = ["orders"], embedded = "holds an answer back")]
async fn the_group_is_joined_while_dead_letter_topics_are_made(kafka: EmbeddedKafka) {
    let making = kafka.on(ApiKey::CreateTopics).hold();
    let orders = Journal::<String>::new();
    let app = kafka.app().listener(prompt).state(orders.clone());
    kafka.send("orders", "1").await;
    let starting = tokio::spawn(app.start());
    let joining = Matcher::on(ApiKey::SyncGroup).with_group(kafka.wire_name("billing"));
    let joined = kafka.journal().wait_for(joining, 1, COMES).await;
    joined.unwrap_or_else(|error| panic!("{error}"));
    assert!(!starting.is_finished(), "nobody waits for the topics");
    assert!(orders.entries().is_empty(), "handled too early");
    making.remove();
    let app = starting.await.unwrap();
    app.listener("prompt").settled().await.assert_handled(1);
    let letters = kafka.admin().partition_count("orders-dlt").await;
    assert_eq!(letters.unwrap(), Some(1));
}
