//! The cluster as its clients see it.

use kafka_protocol::messages::{
    ApiKey, ApiVersionsRequest, ApiVersionsResponse, BrokerId, DescribeClusterRequest,
    DescribeClusterResponse, FindCoordinatorRequest, FindCoordinatorResponse,
};

use crate::admin::{Admin, text};

#[tokio::test]
async fn a_client_must_name_its_software_properly() {
    let mut admin = Admin::new().await;
    for (name, version, code) in [
        ("ruby-kafka", "1.0.0", 0),
        ("", "1.0.0", 42),
        ("a b", "1.0.0", 42),
        ("-a", "1.0.0", 42),
        ("a", "1.0.", 42),
    ] {
        let request = ApiVersionsRequest::default()
            .with_client_software_name(text(name))
            .with_client_software_version(text(version));
        let answer: ApiVersionsResponse = admin.client.call(ApiKey::ApiVersions, 3, &request).await;
        assert_eq!(answer.error_code, code, "{name} {version}");
        assert_eq!(answer.api_keys.is_empty(), code != 0);
    }
}

#[tokio::test]
async fn the_cluster_and_its_coordinators_are_described() {
    let mut admin = Admin::new().await;
    for (kind, code) in [(1, 0), (2, 114), (9, 115)] {
        let request = DescribeClusterRequest::default().with_endpoint_type(kind);
        let answer: DescribeClusterResponse = admin
            .client
            .call(ApiKey::DescribeCluster, 1, &request)
            .await;
        assert_eq!(answer.error_code, code, "endpoint type {kind}");
        assert_eq!(answer.brokers.len(), usize::from(code == 0));
    }
    let request = FindCoordinatorRequest::default()
        .with_key_type(0)
        .with_coordinator_keys(vec![text("g1"), text("g2")]);
    let mut answer: FindCoordinatorResponse = admin
        .client
        .call(ApiKey::FindCoordinator, 4, &request)
        .await;
    // Apache Kafka creates the offsets topic first.
    while answer.coordinators.iter().any(|c| c.error_code == 15) {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        answer = admin
            .client
            .call(ApiKey::FindCoordinator, 4, &request)
            .await;
    }
    let keys: Vec<_> = answer
        .coordinators
        .iter()
        .map(|c| c.key.to_string())
        .collect();
    assert_eq!(keys, ["g1", "g2"]);
    assert!(
        answer
            .coordinators
            .iter()
            .all(|c| c.node_id == BrokerId(1) && c.error_code == 0)
    );
}
