//! AlterReplicaLogDirs (key 34): moves replicas to another directory.
//!
//! Versions 1–2; 2 is flexible.
//!
//! Deviations: there is one directory, so nothing ever moves.

use crate::api::{Answer, ErrorCode, Handler, RequestContext};
use crate::meta::Image;

api! {
    key 34, versions 1..=2, flexible 2;

    request AlterReplicaLogDirsRequest {
        dirs: Vec<AlterReplicaLogDir>,
    }

    response AlterReplicaLogDirsResponse {
        throttle_time_ms: i32,
        results: Vec<AlterReplicaLogDirTopicResult>,
    }

    struct AlterReplicaLogDir {
        path: String,
        topics: Vec<AlterReplicaLogDirTopic>,
    }

    struct AlterReplicaLogDirTopic {
        name: String,
        partitions: Vec<i32>,
    }

    struct AlterReplicaLogDirTopicResult {
        topic_name: String,
        partitions: Vec<AlterReplicaLogDirPartitionResult>,
    }

    struct AlterReplicaLogDirPartitionResult {
        partition_index: i32,
        error_code: ErrorCode,
    }
}

impl Handler for AlterReplicaLogDirsRequest {
    async fn handle(self, context: &RequestContext) -> Answer<AlterReplicaLogDirsResponse> {
        let image = context.broker.catalog().image();
        let own = context.broker.log_dir();
        let mut results = Vec::new();
        for dir in self.dirs {
            let known = dir.path == own;
            results.extend(dir.topics.into_iter().map(|topic| {
                let partitions = topic.partitions.into_iter().map(|partition_index| {
                    let error_code = match known {
                        true => placed(&image, &topic.name, partition_index),
                        false => ErrorCode::LOG_DIR_NOT_FOUND,
                    };
                    AlterReplicaLogDirPartitionResult {
                        partition_index,
                        error_code,
                    }
                });
                let partitions = partitions.collect();
                AlterReplicaLogDirTopicResult {
                    topic_name: topic.name,
                    partitions,
                }
            }));
        }
        AlterReplicaLogDirsResponse {
            results,
            ..AlterReplicaLogDirsResponse::default()
        }
        .into()
    }
}

fn placed(image: &Image, topic: &str, index: i32) -> ErrorCode {
    let found = image.topic(topic).and_then(|topic| topic.partition(index));
    match found {
        Some(_) => ErrorCode::NONE,
        None => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
    }
}
