//! Produce (key 0): appends record batches to partitions.
//!
//! Versions 3–13. Versions 0–2 are advertised too, as Apache Kafka does, but refused: librdkafka
//! before 2.11.1 switches compression off without them.
//! 8 adds record errors, 9 is flexible, 10 adds the current leader, 11 an error of transactions,
//! 12 makes partitions part of a transaction by itself (KIP-890), 13 has topic ids for names.

mod admit;
mod refusal;

use std::sync::Arc;

use bytes::Bytes;

use self::admit::check_sole_batch;
use self::refusal::{Refusal, refused_transaction};
use crate::api::replica::find_replica;
use crate::api::transaction::WriteClient;
use crate::api::{Answer, ErrorCode, Handler, RequestContext};
use crate::batch::Header;
use crate::coord::group::PartitionKey;
use crate::coord::transaction::{Producer, Protocol};
use crate::meta::{Image, Topic, TopicRef};
use crate::partition::{Admission, AppendError, Appended, Partition};
use crate::wire::Uuid;

api! {
    key 0, versions 3..=13, flexible 9;

    request ProduceRequest {
        transactional_id: Option<String>,
        acks: i16,
        timeout_ms: i32,
        topic_data: Vec<TopicProduceData>,
    }

    response ProduceResponse {
        responses: Vec<TopicProduceResponse>,
        throttle_time_ms: i32,
        node_endpoints: Vec<NodeEndpoint> [10.., tag 0],
    }

    struct TopicProduceData {
        name: String [..=12],
        topic_id: Uuid [13..],
        partition_data: Vec<PartitionProduceData>,
    }

    struct PartitionProduceData {
        index: i32,
        records: Option<Bytes>,
    }

    struct TopicProduceResponse {
        name: String [..=12],
        topic_id: Uuid [13..],
        partition_responses: Vec<PartitionProduceResponse>,
    }

    struct PartitionProduceResponse {
        index: i32,
        error_code: ErrorCode,
        base_offset: i64,
        log_append_time_ms: i64 = -1,
        log_start_offset: i64 [5..] = -1,
        record_errors: Vec<BatchIndexAndErrorMessage> [8..],
        error_message: Option<String> [8..],
        current_leader: LeaderIdAndEpoch [10.., tag 0],
    }

    struct BatchIndexAndErrorMessage {
        batch_index: i32,
        batch_index_error_message: Option<String>,
    }

    struct LeaderIdAndEpoch {
        leader_id: i32 = -1,
        leader_epoch: i32 = -1,
    }

    struct NodeEndpoint {
        node_id: i32,
        host: String,
        port: i32,
        rack: Option<String>,
    }
}

/// The client that may write to the broker's own topics: Apache Kafka's tools call themselves so.
const ADMIN_CLIENT: &str = "__admin_client";
/// The first version in which batches may be compressed with zstd.
const ZSTD_FROM: i16 = 7;

impl Handler for ProduceRequest {
    async fn handle(self, context: &RequestContext) -> Answer<ProduceResponse> {
        let image = context.broker.catalog().image();
        let records = self
            .topic_data
            .iter()
            .flat_map(|topic| &topic.partition_data);
        let producing = Producing {
            context,
            image: &image,
            bytes: records
                .map(|data| data.records.as_ref().map_or(0, Bytes::len))
                .sum(),
            acks: self.acks,
            transactional_id: self.transactional_id.as_deref(),
            refused: self.refused_whole(context.version, |topic, data| {
                let found = image.find(asked(context.version, topic));
                found.is_some_and(|topic| topic.partition(data.index).is_some())
            }),
        };
        let mut failed = false;
        let responses = self.topic_data.into_iter().map(|topic| {
            let response = producing.topic(topic);
            failed |= response
                .partition_responses
                .iter()
                .any(|p| !p.error_code.is_none());
            response
        });
        let mut responses: Vec<_> = responses.collect();
        failed |= flush(context, &image, &mut responses).await;
        match (self.acks, failed) {
            (0, false) => Answer::Silence,
            (0, true) => Answer::Close("records with acks=0 could not be appended"),
            _ => ProduceResponse {
                node_endpoints: match failed {
                    true => node_endpoints(context, &responses),
                    false => Vec::new(),
                },
                responses,
                ..ProduceResponse::default()
            }
            .into(),
        }
    }
}

/// Flushes what was appended where the topic's `flush.messages` wants it; true when that failed.
async fn flush(
    context: &RequestContext,
    image: &Image,
    responses: &mut [TopicProduceResponse],
) -> bool {
    let mut failed = false;
    if context.broker.partitions().data_dir().is_none() {
        return failed;
    }
    for response in responses {
        let asked = match context.version {
            13.. => TopicRef::Id(response.topic_id),
            _ => TopicRef::Name(&response.name),
        };
        let Some(topic) = image.find(asked) else {
            continue;
        };
        for answer in &mut response.partition_responses {
            let partition = context.broker.partitions().get(topic.id, answer.index);
            let due = partition.filter(|partition| {
                answer.error_code.is_none()
                    && partition.unflushed().0 >= topic.settings.flush_messages
            });
            let Some(partition) = due else { continue };
            if partition.flush_all().await.is_err() {
                failed = true;
                *answer = Refusal::from(ErrorCode::KAFKA_STORAGE_ERROR).into_response(answer.index);
            }
        }
    }
    failed
}

/// The addresses of the leaders named in the answer.
fn node_endpoints(
    context: &RequestContext,
    responses: &[TopicProduceResponse],
) -> Vec<NodeEndpoint> {
    let partitions = || {
        responses
            .iter()
            .flat_map(|topic| &topic.partition_responses)
    };
    let named = |id| partitions().any(|p| p.current_leader.leader_id == id);
    let endpoints = context.brokers().filter(|(id, _)| named(*id));
    endpoints
        .map(|(node_id, endpoint)| NodeEndpoint {
            node_id,
            host: endpoint.host.clone(),
            port: endpoint.port.into(),
            rack: None,
        })
        .collect()
}

/// What holds for a whole request.
struct Producing<'a> {
    context: &'a RequestContext,
    image: &'a Image,
    /// Bytes of all records.
    bytes: usize,
    acks: i16,
    transactional_id: Option<&'a str>,
    /// Why nothing is appended at all.
    refused: Option<Refusal>,
}

/// The topic, by its name or id.
fn asked(version: i16, topic: &TopicProduceData) -> TopicRef<'_> {
    match version {
        13.. => TopicRef::Id(topic.topic_id),
        _ => TopicRef::Name(&topic.name),
    }
}

impl Producing<'_> {
    fn topic(&self, mut topic: TopicProduceData) -> TopicProduceResponse {
        let partition_data = std::mem::take(&mut topic.partition_data);
        let partitions = partition_data.into_iter().map(|data| {
            let index = data.index;
            match self.append(asked(self.context.version, &topic), data) {
                Ok(appended) => PartitionProduceResponse {
                    index,
                    base_offset: appended.base_offset,
                    log_append_time_ms: appended.log_append_time,
                    log_start_offset: appended.log_start_offset,
                    ..PartitionProduceResponse::default()
                },
                Err(refusal) => self.refuse(asked(self.context.version, &topic), index, refusal),
            }
        });
        let partition_responses = partitions.collect();
        TopicProduceResponse {
            name: topic.name,
            topic_id: topic.topic_id,
            partition_responses,
        }
    }

    /// The answer for a partition; whoever asked in the wrong place is told the right one.
    fn refuse(
        &self,
        asked: TopicRef<'_>,
        index: i32,
        refusal: Refusal,
    ) -> PartitionProduceResponse {
        let mut response = refusal.into_response(index);
        if response.error_code == ErrorCode::NOT_LEADER_OR_FOLLOWER
            && let Some(info) = self.image.find(asked).and_then(|t| t.partition(index))
        {
            response.current_leader = LeaderIdAndEpoch {
                leader_id: info.leader,
                leader_epoch: info.leader_epoch,
            };
        }
        response
    }

    fn append(&self, asked: TopicRef<'_>, data: PartitionProduceData) -> Result<Appended, Refusal> {
        if let Some(refusal) = &self.refused {
            return Err(refusal.clone());
        }
        let (topic, partition) = find_replica(self.context, self.image, asked, data.index)?;
        let records = data.records.unwrap_or_default();
        check_sole_batch(&records, self.context.version)?;
        if !(-1..=1).contains(&self.acks) {
            return Err(ErrorCode::INVALID_REQUIRED_ACKS.into());
        }
        if topic.internal && self.context.client_id.as_deref() != Some(ADMIN_CLIENT) {
            return Err(ErrorCode::INVALID_TOPIC_EXCEPTION.into());
        }
        if self.acks == -1 && !topic.has_enough_replicas(data.index) {
            return Err(ErrorCode::NOT_ENOUGH_REPLICAS.into());
        }
        let settings = &topic.settings;
        let limit = settings.rules.max_batch_bytes;
        if records.len() <= limit && records.len() > settings.layout.segment_bytes {
            return Err(ErrorCode::RECORD_LIST_TOO_LARGE.into());
        }
        let records = match records.len() >= self.bytes / 10 * 9 {
            true => records,
            // Otherwise a log that keeps these would keep the whole request in memory.
            false => Bytes::copy_from_slice(&records),
        };
        self.append_to(topic, data.index, &partition, &records)
    }

    fn append_to(
        &self,
        topic: &Topic,
        index: i32,
        partition: &Partition,
        records: &Bytes,
    ) -> Result<Appended, Refusal> {
        let now = self.context.broker.clock().unix_millis();
        let append = |admission| partition.append(records, &topic.settings, admission, now);
        let refused = |error: AppendError| {
            let name = format!("{}-{index}", topic.name);
            tracing::debug!(
                partition = %name, client = %self.context.peer, %error, "records refused"
            );
            Refusal::of(&error, &name, partition)
        };
        let header = Header::read(records).ok();
        // Without a producer's id a batch is in no transaction, whatever it says.
        let written = header.filter(|header| header.is_transactional() && header.has_producer());
        let Some(header) = written else {
            return append(Admission::Plain).map_err(refused);
        };
        // A transaction without a name is nobody's.
        let Some(transactional_id) = self.transactional_id else {
            return Err(ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED.into());
        };
        // As in Kafka the coordinator of a transaction that is open here is not asked again.
        if partition.has_open(&header) {
            match append(Admission::Open) {
                // It has ended meanwhile.
                Err(AppendError::NoTransaction { .. }) => {}
                appended => return appended.map_err(refused),
            }
        }
        if partition.has_newer(header.producer_id, header.producer_epoch) {
            return Err(ErrorCode::INVALID_PRODUCER_EPOCH.into());
        }
        let producer = Producer {
            id: header.producer_id,
            epoch: header.producer_epoch,
        };
        let key = PartitionKey {
            topic: Arc::clone(&topic.name),
            partition: index,
        };
        let client = WriteClient::of_produce(self.context.version);
        let (protocol, admission) = match client {
            WriteClient::Implicit => (Protocol::EpochPerTransaction, Admission::Added),
            WriteClient::Old | WriteClient::Abortable => (Protocol::Classic, Admission::Verified),
        };
        partition.verifying(&header, now);
        let transactions = self.context.broker.transactions();
        let written = transactions.write(transactional_id, producer, protocol, key, || {
            append(admission).map_err(refused)
        });
        written.map_err(|error| {
            tracing::debug!(transactional_id, client = %self.context.peer, %error, "records refused");
            refused_transaction(error, client)
        })?
    }
}
