//! CreatePartitions (key 37): adds partitions to topics.
//!
//! Versions 0–3. 2 is flexible, 3 may answer that a quota is exceeded.

use crate::api::ErrorCode;

api! {
    key 37, versions 0..=3, flexible 2;

    request CreatePartitionsRequest {
        topics: Vec<CreatePartitionsTopic>,
        timeout_ms: i32,
        validate_only: bool,
    }

    response CreatePartitionsResponse {
        throttle_time_ms: i32,
        results: Vec<CreatePartitionsTopicResult>,
    }

    struct CreatePartitionsTopic {
        name: String,
        count: i32,
        assignments: Option<Vec<CreatePartitionsAssignment>>,
    }

    struct CreatePartitionsAssignment {
        broker_ids: Vec<i32>,
    }

    struct CreatePartitionsTopicResult {
        name: String,
        error_code: ErrorCode,
        error_message: Option<String>,
    }
}
