//! Fetch (key 1): reads record batches, and waits for them.
//!
//! Versions 4–18. 5 adds the log start offset, 7 sessions, 9 the current leader epoch, 11 the
//! rack, 12 is flexible, 13 has topic ids for names, 15 tags the replica, 16 adds endpoints.
//! Records leave as slices of the log ([`Records`]) and are never null.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::api::replica::find_replica;
use crate::api::{Answer, ErrorCode, Handler, RequestContext};
use crate::meta::{Image, TopicRef};
use crate::partition::{FetchWait, FetchWaiter, Isolation, Partition, ReadRequest};
use crate::wire::{Records, Uuid};

api! {
    key 1, versions 4..=18, flexible 12;

    request FetchRequest {
        cluster_id: Option<String> [12.., tag 0],
        replica_id: i32 [..=14] = -1,
        replica_state: ReplicaState [15.., tag 1],
        max_wait_ms: i32,
        min_bytes: i32,
        max_bytes: i32 = i32::MAX,
        isolation_level: i8,
        session_id: i32 [7..],
        session_epoch: i32 [7..] = -1,
        topics: Vec<FetchTopic>,
        forgotten_topics_data: Vec<ForgottenTopic> [7..],
        rack_id: String [11..],
    }

    response FetchResponse {
        throttle_time_ms: i32,
        error_code: ErrorCode [7..],
        session_id: i32 [7..],
        responses: Vec<FetchableTopicResponse>,
        node_endpoints: Vec<NodeEndpoint> [16.., tag 0],
    }

    struct ReplicaState {
        replica_id: i32 = -1,
        replica_epoch: i64 = -1,
    }

    struct FetchTopic {
        topic: String [..=12],
        topic_id: Uuid [13..],
        partitions: Vec<FetchPartition>,
    }

    struct FetchPartition {
        partition: i32,
        current_leader_epoch: i32 [9..] = -1,
        fetch_offset: i64,
        last_fetched_epoch: i32 [12..] = -1,
        log_start_offset: i64 [5..] = -1,
        partition_max_bytes: i32,
        replica_directory_id: Uuid [17.., tag 0],
        high_watermark: i64 [18.., tag 1] = i64::MAX,
    }

    struct ForgottenTopic {
        topic: String [..=12],
        topic_id: Uuid [13..],
        partitions: Vec<i32>,
    }

    struct FetchableTopicResponse {
        topic: String [..=12],
        topic_id: Uuid [13..],
        partitions: Vec<PartitionData>,
    }

    struct PartitionData {
        partition_index: i32,
        error_code: ErrorCode,
        high_watermark: i64,
        last_stable_offset: i64 = -1,
        log_start_offset: i64 [5..] = -1,
        diverging_epoch: EpochEndOffset [12.., tag 0],
        current_leader: LeaderIdAndEpoch [12.., tag 1],
        snapshot_id: SnapshotId [12.., tag 2],
        aborted_transactions: Option<Vec<AbortedTransaction>> = Some(Vec::new()),
        preferred_read_replica: i32 [11..] = -1,
        records: Records,
    }

    struct EpochEndOffset {
        epoch: i32 = -1,
        end_offset: i64 = -1,
    }

    struct LeaderIdAndEpoch {
        leader_id: i32 = -1,
        leader_epoch: i32 = -1,
    }

    struct SnapshotId {
        end_offset: i64 = -1,
        epoch: i32 = -1,
    }

    struct AbortedTransaction {
        producer_id: i64,
        first_offset: i64,
    }

    struct NodeEndpoint {
        node_id: i32,
        host: String,
        port: i32,
        rack: Option<String>,
    }
}

/// The epoch of a request that ends its session or wants none.
const FINAL_EPOCH: i32 = -1;
/// The epoch of a request that wants a session.
const INITIAL_EPOCH: i32 = 0;
/// From this version on topics have ids for names.
const TOPIC_IDS_FROM: i16 = 13;
/// From this version on the leader is told beside an error.
const LEADERS_FROM: i16 = 16;

impl Handler for FetchRequest {
    /// No session is ever opened: the answer to a request for one has session id 0, and clients
    /// go on with whole requests.
    async fn handle(self, context: &RequestContext) -> Answer<FetchResponse> {
        if !matches!(self.session_epoch, FINAL_EPOCH | INITIAL_EPOCH) {
            let error_code = ErrorCode::FETCH_SESSION_ID_NOT_FOUND;
            return FetchResponse {
                error_code,
                ..FetchResponse::default()
            }
            .into();
        }
        let fetch = Fetch::new(self, context);
        let until = context.broker.clock().now() + fetch.max_wait;
        loop {
            let image = context.broker.catalog().image();
            let round = fetch.read(context, &image);
            if round.is_enough(&fetch) || !wait(context, &fetch, &round, until).await {
                return round.into_response(context).into();
            }
        }
    }
}

/// A request with its limits applied.
struct Fetch {
    topics: Vec<FetchTopic>,
    isolation: Isolation,
    max_wait: Duration,
    min_bytes: usize,
    max_bytes: usize,
}

/// What one look at all partitions found.
struct Round {
    responses: Vec<FetchableTopicResponse>,
    bytes: usize,
    /// Whether something must be told at once.
    urgent: bool,
    /// The partitions, with the end offset that was seen.
    seen: Vec<(Arc<Partition>, i64)>,
}

/// Waits for more; false when the time is up.
async fn wait(context: &RequestContext, fetch: &Fetch, round: &Round, until: Instant) -> bool {
    let clock = context.broker.clock();
    if clock.now() >= until {
        return false;
    }
    let waiter = FetchWaiter::new(fetch.min_bytes - round.bytes, fetch.isolation);
    let wait = FetchWait::register(waiter, round.seen.iter().cloned());
    tokio::select! {
        biased;
        () = wait.woken() => true,
        // What came in the last moment is read once more.
        () = clock.sleep_until(until) => true,
    }
}

impl Fetch {
    fn new(request: FetchRequest, context: &RequestContext) -> Self {
        let size = |bytes: i32| usize::try_from(bytes).unwrap_or(0);
        let most = context.broker.config().number("fetch.max.bytes");
        let max_bytes = size(request.max_bytes).min(usize::try_from(most).unwrap_or(usize::MAX));
        Self {
            isolation: Isolation::from_wire(request.isolation_level),
            max_wait: Duration::from_millis(u64::try_from(request.max_wait_ms).unwrap_or(0)),
            min_bytes: size(request.min_bytes).min(max_bytes),
            max_bytes,
            topics: request.topics,
        }
    }

    fn read(&self, context: &RequestContext, image: &Image) -> Round {
        let mut round = Round {
            responses: Vec::with_capacity(self.topics.len()),
            bytes: 0,
            urgent: false,
            seen: Vec::new(),
        };
        for topic in &self.topics {
            let read = |asked| self.read_partition(context, image, topic, asked, &mut round);
            let partitions = topic.partitions.iter().map(read).collect();
            round.responses.push(FetchableTopicResponse {
                topic: topic.topic.clone(),
                topic_id: topic.topic_id,
                partitions,
            });
        }
        round
    }

    fn read_partition(
        &self,
        context: &RequestContext,
        image: &Image,
        topic: &FetchTopic,
        asked: &FetchPartition,
        round: &mut Round,
    ) -> PartitionData {
        let found = self.try_read(context, image, topic, asked, round);
        found.unwrap_or_else(|error_code| {
            round.urgent = true;
            PartitionData {
                error_code,
                current_leader: current_leader(context, image, topic, asked, error_code),
                aborted_transactions: self.aborted_transactions([]),
                ..nothing(asked.partition)
            }
        })
    }

    fn try_read(
        &self,
        context: &RequestContext,
        image: &Image,
        topic: &FetchTopic,
        asked: &FetchPartition,
        round: &mut Round,
    ) -> Result<PartitionData, ErrorCode> {
        let topic = topic_ref(context, topic);
        let (_, partition) = find_replica(context, image, topic, asked.partition)?;
        // Here, unlike in ListOffsets, any negative epoch stands for none.
        partition.check_epoch(asked.current_leader_epoch.max(-1))?;
        if let Some(diverging_epoch) = diverging(&partition, asked)? {
            round.urgent = true;
            return Ok(PartitionData {
                diverging_epoch,
                ..nothing(asked.partition)
            });
        }
        let left = self.max_bytes.saturating_sub(round.bytes);
        let outcome = partition.read(ReadRequest {
            offset: asked.fetch_offset,
            max_bytes: usize::try_from(asked.partition_max_bytes)
                .unwrap_or(0)
                .min(left),
            at_least_one: round.bytes == 0,
            isolation: self.isolation,
        });
        let outcome = outcome?;
        let visible_end = outcome.visible_end(self.isolation);
        let records: Records = outcome.records.into_iter().collect();
        round.bytes += records.len();
        round.seen.push((partition, visible_end));
        let aborted = outcome.aborted.iter().map(|aborted| AbortedTransaction {
            producer_id: aborted.producer_id,
            first_offset: aborted.first_offset,
        });
        Ok(PartitionData {
            high_watermark: outcome.high_watermark,
            last_stable_offset: outcome.last_stable_offset,
            log_start_offset: outcome.log_start_offset,
            aborted_transactions: self.aborted_transactions(aborted),
            records,
            ..nothing(asked.partition)
        })
    }

    /// Only whoever reads committed records is told a list.
    fn aborted_transactions(
        &self,
        aborted: impl IntoIterator<Item = AbortedTransaction>,
    ) -> Option<Vec<AbortedTransaction>> {
        (self.isolation == Isolation::ReadCommitted).then(|| aborted.into_iter().collect())
    }
}

impl Round {
    fn is_enough(&self, fetch: &Fetch) -> bool {
        self.urgent || self.bytes >= fetch.min_bytes || self.seen.is_empty()
    }

    fn into_response(self, context: &RequestContext) -> FetchResponse {
        let partitions = || self.responses.iter().flat_map(|topic| &topic.partitions);
        let leaders: Vec<i32> = partitions().map(|p| p.current_leader.leader_id).collect();
        let endpoints = context.brokers().filter(|(id, _)| leaders.contains(id));
        let node_endpoints = endpoints.map(|(node_id, endpoint)| NodeEndpoint {
            node_id,
            host: endpoint.host.clone(),
            port: endpoint.port.into(),
            rack: None,
        });
        FetchResponse {
            node_endpoints: node_endpoints.collect(),
            responses: self.responses,
            ..FetchResponse::default()
        }
    }
}

fn topic_ref<'a>(context: &RequestContext, topic: &'a FetchTopic) -> TopicRef<'a> {
    match context.version {
        TOPIC_IDS_FROM.. => TopicRef::Id(topic.topic_id),
        _ => TopicRef::Name(&topic.topic),
    }
}

fn nothing(partition_index: i32) -> PartitionData {
    PartitionData {
        partition_index,
        high_watermark: -1,
        ..PartitionData::default()
    }
}

/// Where the reader's log and this one part, if they do.
fn diverging(
    partition: &Partition,
    asked: &FetchPartition,
) -> Result<Option<EpochEndOffset>, ErrorCode> {
    if asked.last_fetched_epoch < 0 {
        return Ok(None);
    }
    let end = partition.epoch_end(asked.last_fetched_epoch);
    if end.epoch < 0 {
        return Err(ErrorCode::OFFSET_OUT_OF_RANGE);
    }
    let parted = end.epoch < asked.last_fetched_epoch || end.end_offset < asked.fetch_offset;
    Ok(parted.then_some(EpochEndOffset {
        epoch: end.epoch,
        end_offset: end.end_offset,
    }))
}

/// Whom to ask instead, for a client that asked in the wrong place or too early.
fn current_leader(
    context: &RequestContext,
    image: &Image,
    topic: &FetchTopic,
    asked: &FetchPartition,
    error_code: ErrorCode,
) -> LeaderIdAndEpoch {
    let moved = [
        ErrorCode::NOT_LEADER_OR_FOLLOWER,
        ErrorCode::FENCED_LEADER_EPOCH,
    ];
    if context.version < LEADERS_FROM || !moved.contains(&error_code) {
        return LeaderIdAndEpoch::default();
    }
    let topic = image.find(topic_ref(context, topic));
    match topic.and_then(|topic| topic.partition(asked.partition)) {
        Some(info) => LeaderIdAndEpoch {
            leader_id: info.leader,
            leader_epoch: info.leader_epoch,
        },
        None => LeaderIdAndEpoch::default(),
    }
}
