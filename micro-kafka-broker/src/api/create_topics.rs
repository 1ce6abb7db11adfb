//! CreateTopics (key 19).
//!
//! Versions 2–7. 5 is flexible and answers with the topic's configuration, 7 with its id.
//!
//! Deviations: none known; the timeout is never reached.

use std::collections::HashMap;

use crate::api::{Answer, ErrorCode, Handler, RequestContext};
use crate::meta::{Catalog, CatalogError, NewTopic, Topic, describe_topic};
use crate::wire::Uuid;

api! {
    key 19, versions 2..=7, flexible 5;

    request CreateTopicsRequest {
        topics: Vec<CreatableTopic>,
        timeout_ms: i32 = 60000,
        validate_only: bool,
    }

    response CreateTopicsResponse {
        throttle_time_ms: i32,
        topics: Vec<CreatableTopicResult>,
    }

    struct CreatableTopic {
        name: String,
        num_partitions: i32,
        replication_factor: i16,
        assignments: Vec<CreatableReplicaAssignment>,
        configs: Vec<CreatableTopicConfig>,
    }

    struct CreatableReplicaAssignment {
        partition_index: i32,
        broker_ids: Vec<i32>,
    }

    struct CreatableTopicConfig {
        name: String,
        value: Option<String>,
    }

    struct CreatableTopicResult {
        name: String,
        topic_id: Uuid [7..],
        error_code: ErrorCode,
        error_message: Option<String>,
        topic_config_error_code: ErrorCode [5.., tag 0],
        num_partitions: i32 [5..] = -1,
        replication_factor: i16 [5..] = -1,
        configs: Option<Vec<CreatableTopicConfigs>> [5..] = Some(Vec::new()),
    }

    struct CreatableTopicConfigs {
        name: String,
        value: Option<String>,
        read_only: bool,
        config_source: i8 = -1,
        is_sensitive: bool,
    }
}

/// Most partitions that one request may create, as in Apache Kafka.
const MAX_PARTITIONS: i64 = 10_000;

impl CreateTopicsRequest {
    fn partitions(&self, catalog: &Catalog) -> i64 {
        let wanted = |topic: &CreatableTopic| match topic.num_partitions {
            -1 if topic.assignments.is_empty() => catalog.config().number("num.partitions"),
            -1 => i64::try_from(topic.assignments.len()).unwrap_or(i64::MAX),
            given => i64::from(given.max(0)),
        };
        self.topics.iter().map(wanted).fold(0, i64::saturating_add)
    }

    fn refused(self) -> CreateTopicsResponse {
        let topics = self.topics.into_iter().map(|topic| CreatableTopicResult {
            name: topic.name,
            error_code: ErrorCode::POLICY_VIOLATION,
            error_message: Some("Excessively large number of partitions per request.".to_owned()),
            ..CreatableTopicResult::default()
        });
        CreateTopicsResponse {
            topics: topics.collect(),
            ..CreateTopicsResponse::default()
        }
    }
}

impl Handler for CreateTopicsRequest {
    async fn handle(self, context: &RequestContext) -> Answer<CreateTopicsResponse> {
        let catalog = context.broker.catalog();
        if self.partitions(catalog) > MAX_PARTITIONS {
            return self.refused().into();
        }
        let mut times: HashMap<String, usize> = HashMap::new();
        for topic in &self.topics {
            *times.entry(topic.name.clone()).or_default() += 1;
        }
        let mut results = Vec::with_capacity(self.topics.len());
        for topic in self.topics {
            match times.remove(&topic.name) {
                Some(1) => results.push(create(catalog, topic, self.validate_only)),
                Some(_) => results.push(CreatableTopicResult {
                    name: topic.name,
                    error_code: ErrorCode::INVALID_REQUEST,
                    error_message: Some("Duplicate topic name.".to_owned()),
                    ..CreatableTopicResult::default()
                }),
                // One answer for all of a name.
                None => {}
            }
        }
        CreateTopicsResponse {
            topics: results,
            ..CreateTopicsResponse::default()
        }
        .into()
    }
}

fn create(catalog: &Catalog, topic: CreatableTopic, validate_only: bool) -> CreatableTopicResult {
    let assignment = |a: CreatableReplicaAssignment| (a.partition_index, a.broker_ids);
    let config = |c: CreatableTopicConfig| (c.name, c.value);
    let new = NewTopic {
        name: topic.name,
        partitions: topic.num_partitions,
        replication_factor: topic.replication_factor,
        assignments: topic.assignments.into_iter().map(assignment).collect(),
        configs: topic.configs.into_iter().map(config).collect(),
    };
    match catalog.create_topic(&new, validate_only) {
        Ok(created) => success(catalog, &created),
        Err(error) => failure(new.name, &error),
    }
}

fn failure(name: String, error: &CatalogError) -> CreatableTopicResult {
    CreatableTopicResult {
        name,
        error_code: error.into(),
        error_message: Some(error.to_string()),
        ..CreatableTopicResult::default()
    }
}

fn success(catalog: &Catalog, topic: &Topic) -> CreatableTopicResult {
    let factor = topic.partitions.first().map_or(0, |p| p.replicas.len());
    let configs = describe_topic(topic, catalog.config());
    let configs = configs.into_iter().map(|entry| CreatableTopicConfigs {
        name: entry.name,
        value: entry.value,
        read_only: entry.read_only,
        config_source: entry.source as i8,
        is_sensitive: entry.sensitive,
    });
    CreatableTopicResult {
        name: topic.name.to_string(),
        topic_id: topic.id,
        num_partitions: i32::try_from(topic.partitions.len()).unwrap_or(i32::MAX),
        replication_factor: i16::try_from(factor).unwrap_or(i16::MAX),
        configs: Some(configs.collect()),
        ..CreatableTopicResult::default()
    }
}
