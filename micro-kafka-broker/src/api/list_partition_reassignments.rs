//! ListPartitionReassignments (key 46): replicas on their way to other brokers.
//!
//! Version 0, which is flexible.
//!
//! Deviations: with one broker none is ever on its way.

use crate::api::{Answer, ErrorCode, Handler, RequestContext};

api! {
    key 46, versions 0..=0, flexible 0;

    request ListPartitionReassignmentsRequest {
        timeout_ms: i32 = 60000,
        topics: Option<Vec<ListPartitionReassignmentsTopics>>,
    }

    response ListPartitionReassignmentsResponse {
        throttle_time_ms: i32,
        error_code: ErrorCode,
        error_message: Option<String>,
        topics: Vec<OngoingTopicReassignment>,
    }

    struct ListPartitionReassignmentsTopics {
        name: String,
        partition_indexes: Vec<i32>,
    }

    struct OngoingTopicReassignment {
        name: String,
        partitions: Vec<OngoingPartitionReassignment>,
    }

    struct OngoingPartitionReassignment {
        partition_index: i32,
        replicas: Vec<i32>,
        adding_replicas: Vec<i32>,
        removing_replicas: Vec<i32>,
    }
}

impl Handler for ListPartitionReassignmentsRequest {
    async fn handle(self, _: &RequestContext) -> Answer<ListPartitionReassignmentsResponse> {
        ListPartitionReassignmentsResponse::default().into()
    }
}
