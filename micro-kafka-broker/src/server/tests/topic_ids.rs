//! Offsets by topic id: versions that the oracle lacks.

use std::sync::Arc;

use super::peer;
use crate::api::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use crate::api::offset_fetch::{
    OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopics,
};
use crate::api::{Answer, ErrorCode, Handler, RequestContext};
use crate::wire::Uuid;

#[tokio::test]
async fn offsets_are_kept_by_topic_id_from_version_10_on() {
    let peer = peer();
    let context = RequestContext {
        broker: Arc::clone(&peer.broker),
        node: peer.node,
        listener: 0,
        version: 10,
        client_id: None,
        peer: peer.address,
    };
    let id = peer.broker.catalog().image().topic("orders").unwrap().id;
    let unknown = ErrorCode::UNKNOWN_TOPIC_ID;
    let cases = [(id, ErrorCode::NONE, 7), (Uuid::random(), unknown, -1)];
    for (topic_id, code, offset) in cases {
        let partition = OffsetCommitRequestPartition {
            partition_index: 1,
            committed_offset: 7,
            ..Default::default()
        };
        let commit = OffsetCommitRequest {
            group_id: "g".to_owned(),
            topics: vec![OffsetCommitRequestTopic {
                topic_id,
                partitions: vec![partition],
                ..Default::default()
            }],
            ..Default::default()
        };
        let Answer::Reply(committed) = commit.handle(&context).await else {
            panic!("no reply")
        };
        let topic = &committed.topics[0];
        assert_eq!(
            (topic.topic_id, topic.partitions[0].error_code),
            (topic_id, code)
        );

        let group = OffsetFetchRequestGroup {
            group_id: "g".to_owned(),
            topics: Some(vec![OffsetFetchRequestTopics {
                topic_id,
                partition_indexes: vec![1],
                ..Default::default()
            }]),
            ..Default::default()
        };
        let fetch = OffsetFetchRequest {
            groups: vec![group],
            ..Default::default()
        };
        let Answer::Reply(fetched) = fetch.handle(&context).await else {
            panic!("no reply")
        };
        let partition = &fetched.groups[0].topics[0].partitions[0];
        assert_eq!(
            (partition.error_code, partition.committed_offset),
            (code, offset)
        );
    }
}
