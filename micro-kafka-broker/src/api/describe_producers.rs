//! DescribeProducers (key 61): the producers that a partition remembers.
//!
//! Version 0, which is flexible.

use crate::api::replica::find_any_replica;
use crate::api::{Answer, ErrorCode, Handler, RequestContext};
use crate::meta::{Image, TopicRef};
use crate::partition::ActiveProducer;

api! {
    key 61, versions 0..=0, flexible 0;

    request DescribeProducersRequest {
        topics: Vec<TopicRequest>,
    }

    response DescribeProducersResponse {
        throttle_time_ms: i32,
        topics: Vec<TopicResponse>,
    }

    struct TopicRequest {
        name: String,
        partition_indexes: Vec<i32>,
    }

    struct TopicResponse {
        name: String,
        partitions: Vec<PartitionResponse>,
    }

    struct PartitionResponse {
        partition_index: i32,
        error_code: ErrorCode,
        error_message: Option<String>,
        active_producers: Vec<ProducerState>,
    }

    struct ProducerState {
        producer_id: i64,
        producer_epoch: i32,
        last_sequence: i32 = -1,
        last_timestamp: i64 = -1,
        coordinator_epoch: i32,
        current_txn_start_offset: i64 = -1,
    }
}

impl Handler for DescribeProducersRequest {
    async fn handle(self, context: &RequestContext) -> Answer<DescribeProducersResponse> {
        let image = context.broker.catalog().image();
        let topics = self.topics.into_iter().map(|topic| {
            let describe = |&index| describe(context, &image, &topic.name, index);
            let partitions = topic.partition_indexes.iter().map(describe).collect();
            TopicResponse {
                name: topic.name,
                partitions,
            }
        });
        DescribeProducersResponse {
            topics: topics.collect(),
            ..DescribeProducersResponse::default()
        }
        .into()
    }
}

fn describe(context: &RequestContext, image: &Image, topic: &str, index: i32) -> PartitionResponse {
    let nothing = PartitionResponse {
        partition_index: index,
        ..PartitionResponse::default()
    };
    match find_any_replica(context, image, TopicRef::Name(topic), index) {
        Ok((_, partition)) => PartitionResponse {
            active_producers: partition
                .active_producers()
                .into_iter()
                .map(ProducerState::from)
                .collect(),
            ..nothing
        },
        Err(error_code) => PartitionResponse {
            error_code,
            // As Kafka, which says so of topics and not of partitions.
            error_message: image
                .topic(topic)
                .is_none()
                .then(|| "This server does not host this topic-partition.".to_owned()),
            ..nothing
        },
    }
}

impl From<ActiveProducer> for ProducerState {
    fn from(producer: ActiveProducer) -> Self {
        Self {
            producer_id: producer.producer_id,
            producer_epoch: producer.epoch.into(),
            last_sequence: producer.last_sequence,
            last_timestamp: producer.seen_at,
            coordinator_epoch: producer.coordinator_epoch,
            current_txn_start_offset: producer.open.unwrap_or(-1),
        }
    }
}
