//! Clients are told the address of the listener that they use.

use kafka_protocol::messages::{
    ApiKey, DescribeClusterRequest, DescribeClusterResponse, FindCoordinatorRequest,
    FindCoordinatorResponse, MetadataRequest, MetadataResponse,
};
use kafka_protocol::protocol::StrBytes;
use micro_kafka_broker::Broker;

use crate::client::Client;

/// What each API tells a client of this address.
async fn told(address: &str) -> Vec<(String, i32)> {
    let mut client = Client::connect(address).await;
    let request = MetadataRequest::default();
    let metadata: MetadataResponse = client.call(ApiKey::Metadata, 12, &request).await;
    let request = DescribeClusterRequest::default();
    let cluster: DescribeClusterResponse = client.call(ApiKey::DescribeCluster, 0, &request).await;
    let group = StrBytes::from_static_str("g");
    let request = FindCoordinatorRequest::default().with_key(group.clone());
    let old: FindCoordinatorResponse = client.call(ApiKey::FindCoordinator, 3, &request).await;
    let request = FindCoordinatorRequest::default().with_coordinator_keys(vec![group]);
    let new: FindCoordinatorResponse = client.call(ApiKey::FindCoordinator, 4, &request).await;
    vec![
        (
            metadata.brokers[0].host.to_string(),
            metadata.brokers[0].port,
        ),
        (cluster.brokers[0].host.to_string(), cluster.brokers[0].port),
        (old.host.to_string(), old.port),
        (
            new.coordinators[0].host.to_string(),
            new.coordinators[0].port,
        ),
    ]
}

#[tokio::test]
async fn each_listener_tells_its_own_address() {
    let broker = Broker::builder()
        .listen("127.0.0.1:0")
        .listen("127.0.0.1:0")
        .advertise("localhost")
        .listen("0.0.0.0:0")
        .listen("127.0.0.1:0")
        .advertise("kafka.example:1234")
        .start()
        .await
        .unwrap();
    let advertised = broker.advertised();
    let port = |nth: usize| -> i32 { advertised[nth].rsplit_once(':').unwrap().1.parse().unwrap() };
    assert_eq!(broker.bootstrap_servers(), advertised[0]);
    for (nth, host) in ["127.0.0.1", "localhost", "127.0.0.1"]
        .into_iter()
        .enumerate()
    {
        let expected = vec![(host.to_owned(), port(nth)); 4];
        assert_eq!(told(&format!("127.0.0.1:{}", port(nth))).await, expected);
    }
    assert_eq!(advertised[3], "kafka.example:1234");
}
