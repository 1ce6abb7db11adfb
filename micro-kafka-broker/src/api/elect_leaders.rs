//! ElectLeaders (key 43): gives partitions another leader.
//!
//! Versions 0–2. 1 adds the kind of election and a top-level error, 2 is flexible.
//!
//! Deviations: every partition is led by its one replica, so no election is ever needed.

use crate::api::{Answer, ErrorCode, Handler, RequestContext};
use crate::meta::Image;

api! {
    key 43, versions 0..=2, flexible 2;

    request ElectLeadersRequest {
        election_type: i8 [1..],
        topic_partitions: Option<Vec<TopicPartitions>>,
        timeout_ms: i32 = 60000,
    }

    response ElectLeadersResponse {
        throttle_time_ms: i32,
        error_code: ErrorCode [1..],
        replica_election_results: Vec<ReplicaElectionResult>,
    }

    struct TopicPartitions {
        topic: String,
        partitions: Vec<i32>,
    }

    struct ReplicaElectionResult {
        topic: String,
        partition_result: Vec<PartitionResult>,
    }

    struct PartitionResult {
        partition_id: i32,
        error_code: ErrorCode,
        error_message: Option<String>,
    }
}

/// The kinds of election: of the preferred leader, or of any replica that lives.
const PREFERRED: i8 = 0;
const UNCLEAN: i8 = 1;

impl Handler for ElectLeadersRequest {
    async fn handle(self, context: &RequestContext) -> Answer<ElectLeadersResponse> {
        let image = context.broker.catalog().image();
        let known = matches!(self.election_type, PREFERRED | UNCLEAN);
        let results = match self.topic_partitions {
            None => everywhere(&image),
            Some(asked) => asked
                .into_iter()
                .map(|asked| {
                    let elected = |partition_id| {
                        let (error_code, message) = match known {
                            true => elect(&image, &asked.topic, partition_id),
                            false => wrong_kind(self.election_type),
                        };
                        PartitionResult {
                            partition_id,
                            error_code,
                            error_message: Some(message),
                        }
                    };
                    ReplicaElectionResult {
                        partition_result: asked.partitions.into_iter().map(elected).collect(),
                        topic: asked.topic,
                    }
                })
                .collect(),
        };
        ElectLeadersResponse {
            error_code: match known {
                true => ErrorCode::NONE,
                false => ErrorCode::INVALID_REQUEST,
            },
            replica_election_results: results,
            ..ElectLeadersResponse::default()
        }
        .into()
    }
}

/// An election in all partitions tells only of those where one was needed.
fn everywhere(image: &Image) -> Vec<ReplicaElectionResult> {
    let nothing = |topic: String| ReplicaElectionResult {
        topic,
        partition_result: Vec::new(),
    };
    image
        .topics()
        .map(|topic| nothing(topic.name.to_string()))
        .collect()
}

fn elect(image: &Image, topic: &str, partition: i32) -> (ErrorCode, String) {
    let unknown = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
    match image.topic(topic) {
        None => (unknown, format!("No such topic as {topic}")),
        Some(found) if found.partition(partition).is_none() => {
            (unknown, format!("No such partition as {topic}-{partition}"))
        }
        Some(_) => (
            ErrorCode::ELECTION_NOT_NEEDED,
            "Leader election not needed for topic partition.".to_owned(),
        ),
    }
}

fn wrong_kind(kind: i8) -> (ErrorCode, String) {
    (
        ErrorCode::INVALID_REQUEST,
        format!("Unknown election type {kind}"),
    )
}
