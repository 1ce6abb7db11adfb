//! Metadata (key 3): brokers, topics and leaders; creates topics if asked to.
//!
//! Versions 0–13. In 0 an empty list of topics means all, from 1 on a null one. 9 is flexible,
//! 10 adds topic ids, 12 asks by them, 13 has a top-level error.

use crate::api::ErrorCode;
use crate::wire::Uuid;

api! {
    key 3, versions 0..=13, flexible 9;

    request MetadataRequest {
        topics: Option<Vec<MetadataRequestTopic>> [0.., nullable 1..],
        allow_auto_topic_creation: bool [4..] = true,
        include_cluster_authorized_operations: bool [8..=10],
        include_topic_authorized_operations: bool [8..],
    }

    response MetadataResponse {
        throttle_time_ms: i32 [3..],
        brokers: Vec<MetadataResponseBroker>,
        cluster_id: Option<String> [2..],
        controller_id: i32 [1..] = -1,
        topics: Vec<MetadataResponseTopic>,
        cluster_authorized_operations: i32 [8..=10] = i32::MIN,
        error_code: ErrorCode [13..],
    }

    struct MetadataRequestTopic {
        topic_id: Uuid [10..],
        name: Option<String> [0.., nullable 10..],
    }

    struct MetadataResponseBroker {
        node_id: i32,
        host: String,
        port: i32,
        rack: Option<String> [1..],
    }

    struct MetadataResponseTopic {
        error_code: ErrorCode,
        name: Option<String> [0.., nullable 12..],
        topic_id: Uuid [10..],
        is_internal: bool [1..],
        partitions: Vec<MetadataResponsePartition>,
        topic_authorized_operations: i32 [8..] = i32::MIN,
    }

    struct MetadataResponsePartition {
        error_code: ErrorCode,
        partition_index: i32,
        leader_id: i32,
        leader_epoch: i32 [7..] = -1,
        replica_nodes: Vec<i32>,
        isr_nodes: Vec<i32>,
        offline_replicas: Vec<i32> [5..],
    }
}
