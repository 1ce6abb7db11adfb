//! DescribeQuorum (key 55): the voters of the cluster's metadata.
//!
//! Versions 0–2, flexible from the start. 1 adds times, 2 messages, directories and addresses.
//!
//! Deviations: the brokers keep their metadata without a log, so all offsets are 0; the
//! controller has the address of the broker.

use crate::api::{Answer, ErrorCode, Handler, RequestContext};
use crate::wire::Uuid;

api! {
    key 55, versions 0..=2, flexible 0;

    request DescribeQuorumRequest {
        topics: Vec<TopicData>,
    }

    response DescribeQuorumResponse {
        error_code: ErrorCode,
        error_message: Option<String> [2..] = Some(String::new()),
        topics: Vec<QuorumTopic>,
        nodes: Vec<Node> [2..],
    }

    struct TopicData {
        topic_name: String,
        partitions: Vec<PartitionData>,
    }

    struct PartitionData {
        partition_index: i32,
    }

    struct QuorumTopic {
        topic_name: String,
        partitions: Vec<QuorumPartition>,
    }

    struct QuorumPartition {
        partition_index: i32,
        error_code: ErrorCode,
        error_message: Option<String> [2..] = Some(String::new()),
        leader_id: i32,
        leader_epoch: i32,
        high_watermark: i64,
        current_voters: Vec<ReplicaState>,
        observers: Vec<ReplicaState>,
    }

    struct ReplicaState {
        replica_id: i32,
        replica_directory_id: Uuid [2..],
        log_end_offset: i64,
        last_fetch_timestamp: i64 [1..] = -1,
        last_caught_up_timestamp: i64 [1..] = -1,
    }

    struct Node {
        node_id: i32,
        listeners: Vec<Listener>,
    }

    struct Listener {
        name: String,
        host: String,
        port: u16,
    }
}

/// The only partition that has a quorum.
const METADATA_TOPIC: &str = "__cluster_metadata";
/// The controller has led since the start.
const LEADER_EPOCH: i32 = 1;

impl Handler for DescribeQuorumRequest {
    async fn handle(self, context: &RequestContext) -> Answer<DescribeQuorumResponse> {
        let of_metadata = |topic: &TopicData| {
            let only_first = matches!(&topic.partitions[..], [only] if only.partition_index == 0);
            topic.topic_name == METADATA_TOPIC && only_first
        };
        let known = matches!(&self.topics[..], [only] if of_metadata(only));
        let described = |partition: PartitionData| match known {
            true => quorum(context),
            false => unknown(partition.partition_index),
        };
        let topics = self.topics.into_iter().map(|topic| QuorumTopic {
            topic_name: topic.topic_name,
            partitions: topic.partitions.into_iter().map(described).collect(),
        });
        DescribeQuorumResponse {
            topics: topics.collect(),
            nodes: if known { nodes(context) } else { Vec::new() },
            ..DescribeQuorumResponse::default()
        }
        .into()
    }
}

fn quorum(context: &RequestContext) -> QuorumPartition {
    let now = context.broker.clock().unix_millis();
    let voter = |node: &crate::server::Node| ReplicaState {
        replica_id: node.id,
        last_fetch_timestamp: now,
        last_caught_up_timestamp: now,
        ..ReplicaState::default()
    };
    QuorumPartition {
        leader_id: context.controller(),
        leader_epoch: LEADER_EPOCH,
        current_voters: context.broker.nodes().iter().map(voter).collect(),
        ..QuorumPartition::default()
    }
}

fn unknown(partition_index: i32) -> QuorumPartition {
    QuorumPartition {
        partition_index,
        error_code: ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
        error_message: Some("This server does not host this topic-partition.".to_owned()),
        ..QuorumPartition::default()
    }
}

fn nodes(context: &RequestContext) -> Vec<Node> {
    let nodes = context.brokers().map(|(node_id, endpoint)| Node {
        node_id,
        listeners: vec![Listener {
            name: "CONTROLLER".to_owned(),
            host: endpoint.host.clone(),
            port: endpoint.port,
        }],
    });
    nodes.collect()
}
