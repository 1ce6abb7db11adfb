//! Metadata (key 3): brokers, topics and leaders; creates topics if asked to.
//!
//! Versions 0–13. In 0 an empty list of topics means all, from 1 on a null one. 9 is flexible,
//! 10 adds topic ids, 12 asks by them, 13 has a top-level error.
//!
//! Deviations: none known.

use std::collections::BTreeSet;

use crate::api::{Answer, ErrorCode, Handler, Operations, RequestContext};
use crate::meta::{
    CatalogError, Image, NewTopic, PartitionInfo, Topic, TopicRef, check_topic_name,
};
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

impl Handler for MetadataRequest {
    async fn handle(self, context: &RequestContext) -> Answer<MetadataResponse> {
        let broker = &context.broker;
        let brokers = context
            .brokers()
            .map(|(node_id, endpoint)| MetadataResponseBroker {
                node_id,
                host: endpoint.host.clone(),
                port: endpoint.port.into(),
                rack: None,
            });
        MetadataResponse {
            brokers: brokers.collect(),
            cluster_id: Some(broker.cluster_id().to_owned()),
            controller_id: context.controller(),
            cluster_authorized_operations: Operations::CLUSTER
                .if_asked(self.include_cluster_authorized_operations)
                .bits(),
            topics: self.topics(context),
            ..MetadataResponse::default()
        }
        .into()
    }
}

impl MetadataRequest {
    fn topics(self, context: &RequestContext) -> Vec<MetadataResponseTopic> {
        let image = context.broker.catalog().image();
        let operations = Operations::TOPIC
            .if_asked(self.include_topic_authorized_operations)
            .bits();
        // Version 0 has no null: an empty list means all.
        let asked = self
            .topics
            .filter(|list| context.version > 0 || !list.is_empty());
        let mut topics: Vec<_> = match asked {
            None => image
                .topics()
                .map(|topic| described(&image, topic))
                .collect(),
            Some(list) => {
                let create = self.allow_auto_topic_creation
                    && context.broker.config().flag("auto.create.topics.enable");
                let distinct: BTreeSet<_> = list
                    .into_iter()
                    .map(|asked| (asked.topic_id, asked.name))
                    .collect();
                distinct
                    .into_iter()
                    .map(|asked| match asked {
                        (_, Some(name)) => by_name(context, &image, name, create),
                        (id, None) => by_id(&image, id),
                    })
                    .collect()
            }
        };
        // Kafka says nothing of a topic that was asked for by an id that it does not know.
        let known = topics
            .iter_mut()
            .filter(|topic| topic.error_code != ErrorCode::UNKNOWN_TOPIC_ID);
        for topic in known {
            topic.topic_authorized_operations = operations;
        }
        topics
    }
}

fn by_id(image: &Image, id: Uuid) -> MetadataResponseTopic {
    match image.find(TopicRef::Id(id)) {
        Some(topic) => described(image, topic),
        None => MetadataResponseTopic {
            error_code: ErrorCode::UNKNOWN_TOPIC_ID,
            topic_id: id,
            ..MetadataResponseTopic::default()
        },
    }
}

fn by_name(
    context: &RequestContext,
    image: &Image,
    name: String,
    create: bool,
) -> MetadataResponseTopic {
    let error_code = match image.find(TopicRef::Name(&name)) {
        Some(topic) => return described(image, topic),
        None if create => auto_create(context, &name),
        None if check_topic_name(&name).is_err() => ErrorCode::INVALID_TOPIC_EXCEPTION,
        None => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
    };
    MetadataResponseTopic {
        error_code,
        name: Some(name),
        ..MetadataResponseTopic::default()
    }
}

/// Creates a topic because a client asked for it; it is unknown in this answer, as in Kafka's, and
/// there when the client asks again.
fn auto_create(context: &RequestContext, name: &str) -> ErrorCode {
    let new = NewTopic {
        name: name.to_owned(),
        partitions: -1,
        replication_factor: -1,
        ..NewTopic::default()
    };
    match context.broker.catalog().create_topic(&new, false) {
        Ok(_) => {
            tracing::info!(topic = name, client = ?context.client_id, "topic auto-created");
            ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
        }
        // Another client may have been faster.
        Err(CatalogError::Exists(_) | CatalogError::InvalidRequest(_)) => {
            ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
        }
        Err(error) => ErrorCode::from(&error),
    }
}

fn described(image: &Image, topic: &Topic) -> MetadataResponseTopic {
    MetadataResponseTopic {
        name: Some(topic.name.to_string()),
        topic_id: topic.id,
        is_internal: topic.internal,
        partitions: (0..)
            .zip(&topic.partitions)
            .map(|told| partition(image, told))
            .collect(),
        ..MetadataResponseTopic::default()
    }
}

fn partition(
    image: &Image,
    (partition_index, info): (i32, &PartitionInfo),
) -> MetadataResponsePartition {
    let error_code = if info.leader < 0 {
        ErrorCode::LEADER_NOT_AVAILABLE
    } else {
        ErrorCode::NONE
    };
    MetadataResponsePartition {
        error_code,
        partition_index,
        leader_id: info.leader,
        leader_epoch: info.leader_epoch,
        replica_nodes: info.replicas.clone(),
        isr_nodes: info.isr.clone(),
        offline_replicas: image.offline(info),
    }
}
