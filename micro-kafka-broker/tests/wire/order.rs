//! Answers leave in the order of the requests.

use bytes::Buf;
use kafka_protocol::messages::{
    ApiKey, ApiVersionsRequest, DescribeClusterRequest, MetadataRequest, MetadataResponse,
};
use kafka_protocol::protocol::StrBytes;
use micro_kafka_broker::Broker;

use crate::client::{Client, frame};

#[tokio::test]
async fn a_thousand_pipelined_requests_are_answered_in_order() {
    let broker = Broker::builder()
        .topic("orders", 100)
        .start()
        .await
        .unwrap();
    let mut client = Client::connect(&broker.bootstrap_servers()).await;
    let named = || StrBytes::from_static_str("test");
    let versions = ApiVersionsRequest::default()
        .with_client_software_name(named())
        .with_client_software_version(named());
    let mut all = Vec::new();
    for id in 0..1000 {
        // Large and small answers in turn.
        all.extend_from_slice(&match id % 3 {
            0 => frame(
                ApiKey::Metadata,
                9,
                id,
                &MetadataRequest::default().with_topics(None),
            ),
            1 => frame(ApiKey::ApiVersions, 3, id, &versions),
            _ => frame(
                ApiKey::DescribeCluster,
                0,
                id,
                &DescribeClusterRequest::default(),
            ),
        });
    }
    let (mut read, mut write) = client.stream.split();
    let sending = async {
        // In pieces that cut frames anywhere.
        for piece in all.chunks(777) {
            tokio::io::AsyncWriteExt::write_all(&mut write, piece)
                .await
                .unwrap();
        }
    };
    let receiving = async {
        use tokio::io::AsyncReadExt;
        for id in 0..1000 {
            let length = read.read_i32().await.unwrap();
            let mut answer = vec![0; usize::try_from(length).unwrap()];
            read.read_exact(&mut answer).await.unwrap();
            assert_eq!(answer.as_slice().get_i32(), id);
        }
    };
    tokio::time::timeout(crate::client::DEADLINE, async {
        tokio::join!(sending, receiving)
    })
    .await
    .expect("all answers");
}

#[tokio::test]
async fn the_newest_client_and_the_oldest_read_the_same_metadata() {
    let broker = Broker::builder().topic("orders", 3).start().await.unwrap();
    let mut client = Client::connect(&broker.bootstrap_servers()).await;
    for version in 0..=13 {
        // In version 0 an empty list means all topics, later a null one.
        let topics = (version == 0).then(Vec::new);
        let request = MetadataRequest::default().with_topics(topics);
        let answer: MetadataResponse = client.call(ApiKey::Metadata, version, &request).await;
        assert_eq!(answer.topics.len(), 1, "version {version}");
        assert_eq!(answer.topics[0].partitions.len(), 3, "version {version}");
        assert_eq!(answer.brokers.len(), 1, "version {version}");
    }
}
