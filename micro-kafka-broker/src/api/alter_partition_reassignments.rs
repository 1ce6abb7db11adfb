//! AlterPartitionReassignments (key 45): sends replicas to other brokers.
//!
//! Versions 0–1, flexible from the start. 1 may forbid another number of replicas.
//!
//! Deviations: with one broker the only possible set of replicas is the present one.

use crate::api::{Answer, ErrorCode, Handler, RequestContext};
use crate::meta::Catalog;

api! {
    key 45, versions 0..=1, flexible 0;

    request AlterPartitionReassignmentsRequest {
        timeout_ms: i32 = 60000,
        allow_replication_factor_change: bool [1..] = true,
        topics: Vec<ReassignableTopic>,
    }

    response AlterPartitionReassignmentsResponse {
        throttle_time_ms: i32,
        allow_replication_factor_change: bool [1..] = true,
        error_code: ErrorCode,
        error_message: Option<String>,
        responses: Vec<ReassignableTopicResponse>,
    }

    struct ReassignableTopic {
        name: String,
        partitions: Vec<ReassignablePartition>,
    }

    struct ReassignablePartition {
        partition_index: i32,
        replicas: Option<Vec<i32>>,
    }

    struct ReassignableTopicResponse {
        name: String,
        partitions: Vec<ReassignablePartitionResponse>,
    }

    struct ReassignablePartitionResponse {
        partition_index: i32,
        error_code: ErrorCode,
        error_message: Option<String>,
    }
}

impl Handler for AlterPartitionReassignmentsRequest {
    async fn handle(self, context: &RequestContext) -> Answer<AlterPartitionReassignmentsResponse> {
        let catalog = context.broker.catalog();
        let responses = self.topics.into_iter().map(|topic| {
            let reassigned = |partition: &ReassignablePartition| {
                let (error_code, error_message) = reassign(catalog, &topic.name, partition);
                ReassignablePartitionResponse {
                    partition_index: partition.partition_index,
                    error_code,
                    error_message,
                }
            };
            let partitions = topic.partitions.iter().map(reassigned).collect();
            ReassignableTopicResponse {
                name: topic.name,
                partitions,
            }
        });
        AlterPartitionReassignmentsResponse {
            allow_replication_factor_change: self.allow_replication_factor_change,
            responses: responses.collect(),
            ..AlterPartitionReassignmentsResponse::default()
        }
        .into()
    }
}

fn reassign(
    catalog: &Catalog,
    topic: &str,
    partition: &ReassignablePartition,
) -> (ErrorCode, Option<String>) {
    let index = partition.partition_index;
    let unknown = |text| (ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, Some(text));
    let image = catalog.image();
    let Some(found) = image.topic(topic) else {
        return unknown(format!("Unable to find a topic named {topic}."));
    };
    if found.partition(index).is_none() {
        return unknown(format!("Unable to find partition {topic}:{index}."));
    }
    let Some(replicas) = &partition.replicas else {
        return (ErrorCode::NO_REASSIGNMENT_IN_PROGRESS, None);
    };
    match catalog.check_replicas(replicas, replicas.len()) {
        Ok(()) => (ErrorCode::NONE, None),
        Err(error) => (ErrorCode::from(&error), Some(error.to_string())),
    }
}
