//! CreatePartitions (key 37): adds partitions to topics.
//!
//! Versions 0–3. 2 is flexible, 3 may answer that a quota is exceeded.
//!
//! Deviations: none known; the timeout is never reached.

use std::collections::HashMap;

use crate::api::{Answer, ErrorCode, Handler, RequestContext};
use crate::meta::{Catalog, CatalogError};

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

impl Handler for CreatePartitionsRequest {
    async fn handle(self, context: &RequestContext) -> Answer<CreatePartitionsResponse> {
        let mut times: HashMap<String, usize> = HashMap::new();
        for topic in &self.topics {
            *times.entry(topic.name.clone()).or_default() += 1;
        }
        let mut results = Vec::with_capacity(self.topics.len());
        for topic in self.topics {
            match times.remove(&topic.name) {
                Some(1) => {
                    results.push(grow(context.broker.catalog(), topic, self.validate_only));
                }
                Some(_) => results.push(CreatePartitionsTopicResult {
                    name: topic.name,
                    error_code: ErrorCode::INVALID_REQUEST,
                    error_message: Some("Duplicate topic name.".to_owned()),
                }),
                // One answer for all of a name.
                None => {}
            }
        }
        CreatePartitionsResponse {
            results,
            ..CreatePartitionsResponse::default()
        }
        .into()
    }
}

fn grow(
    catalog: &Catalog,
    topic: CreatePartitionsTopic,
    validate_only: bool,
) -> CreatePartitionsTopicResult {
    let assignments: Option<Vec<_>> = topic
        .assignments
        .map(|lists| lists.into_iter().map(|list| list.broker_ids).collect());
    let grown = catalog.grow_topic(
        &topic.name,
        topic.count,
        assignments.as_deref(),
        validate_only,
    );
    let error = grown.err();
    CreatePartitionsTopicResult {
        name: topic.name,
        error_code: error.as_ref().map_or(ErrorCode::NONE, ErrorCode::from),
        error_message: error
            .filter(|error| *error != CatalogError::UnknownTopic)
            .map(|error| error.to_string()),
    }
}
