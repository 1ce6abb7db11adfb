//! How many clients are let in, and how fast.

use std::time::{Duration, Instant};

use kafka_protocol::messages::incremental_alter_configs_request::{
    AlterConfigsResource, AlterableConfig,
};
use kafka_protocol::messages::{
    ApiKey, IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse,
};
use kafka_protocol::protocol::StrBytes;
use micro_kafka_broker::Broker;

use crate::client::{API_VERSIONS_0, Client, answers};

async fn broker(configs: &[(&str, &str)]) -> Broker {
    let set = |builder: micro_kafka_broker::BrokerBuilder, (name, value): &(&str, &str)| {
        builder.config(*name, *value)
    };
    let builder = configs.iter().fold(Broker::builder(), set);
    builder.start().await.unwrap()
}

/// A client that has been answered, and so has been let in.
async fn let_in(broker: &Broker) -> Client {
    let mut client = Client::connect(&broker.bootstrap_servers()).await;
    client.send(&API_VERSIONS_0).await;
    assert!(client.receive().await.is_some());
    client
}

#[tokio::test]
async fn one_client_more_than_allowed_waits_until_another_leaves() {
    let broker = broker(&[("max.connections", "2")]).await;
    let (first, _second) = (let_in(&broker).await, let_in(&broker).await);
    let mut third = Client::connect(&broker.bootstrap_servers()).await;
    third.send(&API_VERSIONS_0).await;
    let early = tokio::time::timeout(Duration::from_millis(100), third.stream.readable());
    assert!(early.await.is_err(), "nobody has left yet");
    drop(first);
    assert!(third.receive().await.is_some());
}

#[tokio::test]
async fn a_limit_that_is_raised_lets_in_who_waits() {
    let broker = broker(&[("max.connections", "1")]).await;
    let mut first = let_in(&broker).await;
    let mut second = Client::connect(&broker.bootstrap_servers()).await;
    second.send(&API_VERSIONS_0).await;
    let raise = AlterableConfig::default()
        .with_name(StrBytes::from_static_str("max.connections"))
        .with_value(Some(StrBytes::from_static_str("2")));
    let own = AlterConfigsResource::default()
        .with_resource_type(4)
        .with_resource_name(StrBytes::from_static_str("0"))
        .with_configs(vec![raise]);
    let request = IncrementalAlterConfigsRequest::default().with_resources(vec![own]);
    let key = ApiKey::IncrementalAlterConfigs;
    let altered: IncrementalAlterConfigsResponse = first.call(key, 1, &request).await;
    assert_eq!(altered.responses[0].error_code, 0);
    assert!(second.receive().await.is_some());
}

#[tokio::test]
async fn the_limit_is_that_of_all_listeners_together() {
    let builder = Broker::builder().config("max.connections", "1");
    let builder = builder.listen("127.0.0.1:0").listen("127.0.0.1:0");
    let broker = builder.start().await.unwrap();
    for address in broker.advertised().iter().cycle().take(6) {
        assert!(answers(address).await, "{address}: the one before has left");
    }
}

#[tokio::test]
async fn a_host_with_enough_connections_is_turned_away() {
    let broker = broker(&[
        ("max.connections.per.ip", "1"),
        ("max.connections.per.ip.overrides", "127.0.0.1:2"),
    ])
    .await;
    let (first, _second) = (let_in(&broker).await, let_in(&broker).await);
    let mut third = Client::connect(&broker.bootstrap_servers()).await;
    assert!(third.receive().await.is_none(), "closed at once");
    drop(first);
    // The broker sees a moment later that the first has gone.
    while !answers_or_closes(&broker.bootstrap_servers()).await {
        tokio::task::yield_now().await;
    }
}

/// Whether a new client is let in.
async fn answers_or_closes(address: &str) -> bool {
    let mut client = Client::connect(address).await;
    let sent = tokio::io::AsyncWriteExt::write_all(&mut client.stream, &API_VERSIONS_0).await;
    sent.is_ok() && client.receive().await.is_some()
}

#[tokio::test]
async fn connections_are_made_no_faster_than_allowed() {
    let broker = broker(&[("max.connection.creation.rate", "5")]).await;
    let begun = Instant::now();
    for _ in 0..10 {
        let_in(&broker).await;
    }
    let took = begun.elapsed();
    assert!(took >= Duration::from_millis(900), "{took:?}");
    assert!(answers(&broker.bootstrap_servers()).await);
}

#[tokio::test]
async fn a_limit_for_a_host_that_is_none_is_refused_at_start() {
    let builder = Broker::builder().config("max.connections.per.ip.overrides", "127.0.0.1");
    let error = builder.start().await.unwrap_err().to_string();
    assert!(error.contains("the number is missing"), "{error}");
}
