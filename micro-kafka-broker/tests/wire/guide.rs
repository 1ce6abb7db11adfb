//! The guide's table of APIs is what the broker tells its clients.

use std::collections::BTreeMap;

use kafka_protocol::messages::{ApiKey, ApiVersionsRequest, ApiVersionsResponse};
use micro_kafka_broker::Broker;

use crate::client::Client;

const GUIDE: &str = include_str!("../../../docs/guide/07-broker.md");

/// The rows of the table, by key: name and versions.
fn told_by_the_guide() -> BTreeMap<i16, (String, i16, i16)> {
    let rows = GUIDE
        .lines()
        .skip_while(|line| !line.starts_with("| key | API |"))
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        let (first, last) = cells[3].split_once('–').unwrap_or((cells[3], cells[3]));
        let version = |text: &str| text.parse().unwrap();
        let name = cells[2].to_owned();
        (version(cells[1]), (name, version(first), version(last)))
    })
    .collect()
}

#[tokio::test]
async fn every_api_that_is_served_is_in_the_guide() {
    let broker = Broker::builder().start().await.unwrap();
    let mut client = Client::connect(&broker.bootstrap_servers()).await;
    let request = ApiVersionsRequest::default();
    let answer: ApiVersionsResponse = client.call(ApiKey::ApiVersions, 0, &request).await;
    let served: BTreeMap<_, _> = answer
        .api_keys
        .iter()
        .map(|api| {
            let name = ApiKey::try_from(api.api_key).unwrap();
            let versions = (format!("{name:?}"), api.min_version, api.max_version);
            (api.api_key, versions)
        })
        .collect();
    assert_eq!(served, told_by_the_guide());
}
