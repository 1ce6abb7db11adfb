//! ElectLeaders (key 43): gives partitions another leader.
//!
//! Versions 0–2. 1 adds the kind of election and a top-level error, 2 is flexible.
//!
//! Deviations: replicas share one log, so an unclean election loses nothing.

use crate::api::{Answer, ErrorCode, Handler, RequestContext};
use crate::meta::{Catalog, Election, NoElection, Topic};

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
        let catalog = context.broker.catalog();
        let election = match self.election_type {
            PREFERRED => Some(Election::Preferred),
            UNCLEAN => Some(Election::Unclean),
            _ => None,
        };
        let results = match self.topic_partitions {
            None => everywhere(catalog, election),
            Some(asked) => asked
                .into_iter()
                .map(|asked| {
                    let elected = |partition_id| {
                        let (error_code, message) = match election {
                            Some(election) => elect(catalog, &asked.topic, partition_id, election),
                            None => wrong_kind(self.election_type),
                        };
                        PartitionResult {
                            partition_id,
                            error_code,
                            error_message: message,
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
            error_code: match election {
                Some(_) => ErrorCode::NONE,
                None => ErrorCode::INVALID_REQUEST,
            },
            replica_election_results: results,
            ..ElectLeadersResponse::default()
        }
        .into()
    }
}

/// An election in all partitions tells only of those where one was needed.
fn everywhere(catalog: &Catalog, election: Option<Election>) -> Vec<ReplicaElectionResult> {
    let elected = |topic: &Topic, partition_id: i32| {
        let (error_code, error_message) = elect(catalog, &topic.name, partition_id, election?);
        (error_code != ErrorCode::ELECTION_NOT_NEEDED).then_some(PartitionResult {
            partition_id,
            error_code,
            error_message,
        })
    };
    let image = catalog.image();
    let results = image.topics().map(|topic| {
        let partitions = (0..).zip(&topic.partitions);
        ReplicaElectionResult {
            topic: topic.name.to_string(),
            partition_result: partitions
                .filter_map(|(index, _)| elected(topic, index))
                .collect(),
        }
    });
    results.collect()
}

fn elect(
    catalog: &Catalog,
    topic: &str,
    partition: i32,
    election: Election,
) -> (ErrorCode, Option<String>) {
    let Err(error) = catalog.elect(topic, partition, election) else {
        return (ErrorCode::NONE, None);
    };
    let code = match error {
        NoElection::UnknownPartition => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
        NoElection::NotNeeded => ErrorCode::ELECTION_NOT_NEEDED,
        NoElection::PreferredNotAvailable => ErrorCode::PREFERRED_LEADER_NOT_AVAILABLE,
        NoElection::NoneEligible => ErrorCode::ELIGIBLE_LEADERS_NOT_AVAILABLE,
    };
    let text = match error {
        NoElection::UnknownPartition if catalog.image().topic(topic).is_none() => {
            format!("No such topic as {topic}")
        }
        NoElection::UnknownPartition => format!("No such partition as {topic}-{partition}"),
        error => error.to_string(),
    };
    (code, Some(text))
}

fn wrong_kind(kind: i8) -> (ErrorCode, Option<String>) {
    let text = format!("Unknown election type {kind}");
    (ErrorCode::INVALID_REQUEST, Some(text))
}
