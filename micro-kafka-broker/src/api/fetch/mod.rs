//! Fetch (key 1): reads record batches, and waits for them.
//!
//! Versions 4–18. 5 adds the log start offset, 7 sessions, 9 the current leader epoch, 11 the
//! rack, 12 is flexible, 13 has topic ids for names, 15 tags the replica, 16 adds endpoints.
//! Records leave as slices of the log ([`Records`]) and are never null.

mod read;
mod response;
mod sessions;

use self::read::Fetch;
use crate::api::{Answer, ErrorCode, Handler, RequestContext};
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

/// From this version on topics have ids for names.
const TOPIC_IDS_FROM: i16 = 13;
/// From this version on consumers may read from followers.
const FOLLOWERS_FROM: i16 = 11;
/// From this version on the leader is told beside an error.
const LEADERS_FROM: i16 = 16;

impl Handler for FetchRequest {
    async fn handle(mut self, context: &RequestContext) -> Answer<FetchResponse> {
        let broker = &context.broker;
        let sessions = broker.fetch_sessions();
        let asked = self.take_session(context.version);
        let mut session = match sessions.open(asked, broker.clock().now()) {
            Ok(session) => session,
            Err(error) => return FetchResponse::refused(0, error).into(),
        };
        let image = broker.catalog().image();
        let mut wanted = session.wanted(|topic| sessions::name_of(&image, topic));
        sessions::put_missing_last(&image, &mut wanted);
        drop(image);
        let fetch = Fetch::new(&self, wanted, context);
        let found = fetch.until_enough().await;
        let told = fetch.wanted.iter().zip(&found);
        let told = told.map(|(wanted, data)| (&wanted.key, data.told()));
        match session.answer(sessions, told, broker.clock().now()) {
            Ok(answer) => fetch.into_response(&answer, found).into(),
            Err((id, error)) => FetchResponse::refused(id, error).into(),
        }
    }
}
