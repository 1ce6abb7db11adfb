//! TxnOffsetCommit (key 28): stores a group's offsets as part of a transaction.
//!
//! Versions 0–5. 2 adds leader epochs, 3 is flexible and says which member commits, 4 adds an
//! error, 5 makes the offsets part of the transaction by itself (KIP-890).

use std::sync::Arc;

use crate::api::transaction::WriteClient;
use crate::api::{Answer, ErrorCode, Handler, RequestContext};
use crate::coord::Unavailable;
use crate::coord::group::{
    Caller, CommitPartition, CommittedOffset, OFFSETS_TOPIC, PartitionKey, Reply,
};
use crate::coord::transaction::{Producer, Protocol};
use crate::meta::{Image, Topic};

api! {
    key 28, versions 0..=5, flexible 3;

    request TxnOffsetCommitRequest {
        transactional_id: String,
        group_id: String,
        producer_id: i64,
        producer_epoch: i16,
        generation_id: i32 [3..] = -1,
        member_id: String [3..],
        group_instance_id: Option<String> [3..],
        topics: Vec<TxnOffsetCommitRequestTopic>,
    }

    response TxnOffsetCommitResponse {
        throttle_time_ms: i32,
        topics: Vec<TxnOffsetCommitResponseTopic>,
    }

    struct TxnOffsetCommitRequestTopic {
        name: String,
        partitions: Vec<TxnOffsetCommitRequestPartition>,
    }

    struct TxnOffsetCommitRequestPartition {
        partition_index: i32,
        committed_offset: i64,
        committed_leader_epoch: i32 [2..] = -1,
        committed_metadata: Option<String>,
    }

    struct TxnOffsetCommitResponseTopic {
        name: String,
        partitions: Vec<TxnOffsetCommitResponsePartition>,
    }

    struct TxnOffsetCommitResponsePartition {
        partition_index: i32,
        error_code: ErrorCode,
    }
}

impl Handler for TxnOffsetCommitRequest {
    async fn handle(mut self, context: &RequestContext) -> Answer<TxnOffsetCommitResponse> {
        let image = context.broker.catalog().image();
        let now = context.broker.clock().unix_millis();
        let mut commits = Vec::new();
        let answers = std::mem::take(&mut self.topics)
            .into_iter()
            .map(|topic| prepare(&image, now, topic, &mut commits));
        let mut topics: Vec<TxnOffsetCommitResponseTopic> = answers.collect();
        let mut outcomes = self.commit(context, commits).await.into_iter();
        let partitions = topics.iter_mut().flat_map(|topic| &mut topic.partitions);
        for partition in partitions.filter(|partition| partition.error_code.is_none()) {
            partition.error_code = outcomes.next().unwrap_or_default();
        }
        TxnOffsetCommitResponse {
            topics,
            ..TxnOffsetCommitResponse::default()
        }
        .into()
    }
}

/// Collects the commits of existing partitions; the others' answers have their error already.
fn prepare(
    image: &Image,
    now: i64,
    asked: TxnOffsetCommitRequestTopic,
    commits: &mut Vec<CommitPartition>,
) -> TxnOffsetCommitResponseTopic {
    let topic = image.topic(&asked.name);
    let partitions = asked.partitions.into_iter().map(|partition| {
        let partition_index = partition.partition_index;
        let known = topic.filter(|topic| topic.partition(partition_index).is_some());
        let error_code = match known {
            None => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
            Some(topic) => {
                commits.push(to_commit(topic, now, partition));
                ErrorCode::NONE
            }
        };
        TxnOffsetCommitResponsePartition {
            partition_index,
            error_code,
        }
    });
    TxnOffsetCommitResponseTopic {
        partitions: partitions.collect(),
        name: asked.name,
    }
}

fn to_commit(topic: &Topic, now: i64, asked: TxnOffsetCommitRequestPartition) -> CommitPartition {
    CommitPartition {
        key: PartitionKey {
            topic: Arc::clone(&topic.name),
            partition: asked.partition_index,
        },
        committed: CommittedOffset {
            offset: asked.committed_offset,
            leader_epoch: asked.committed_leader_epoch,
            metadata: asked.committed_metadata.unwrap_or_default(),
            committed_at: now,
            expires_at: None,
            topic_id: topic.id,
        },
    }
}

impl TxnOffsetCommitRequest {
    /// One code for each commit, in order.
    async fn commit(
        self,
        context: &RequestContext,
        commits: Vec<CommitPartition>,
    ) -> Vec<ErrorCode> {
        let count = commits.len();
        if count == 0 {
            return Vec::new();
        }
        let client = WriteClient::of_offset_commit(context.version);
        let reply = match self.keep(context, client, commits) {
            Ok(reply) => reply.await.unwrap_or(Err(Unavailable::Ended)),
            Err(code) => return vec![code.in_write(client); count],
        };
        match reply {
            Ok(Reply::Commit(Ok(outcomes))) => outcomes.into_iter().map(ErrorCode::of).collect(),
            Ok(Reply::Commit(Err(error))) => vec![error.into(); count],
            other => vec![ErrorCode::of_unanswered(&other); count],
        }
    }

    fn keep(
        self,
        context: &RequestContext,
        client: WriteClient,
        commits: Vec<CommitPartition>,
    ) -> Result<tokio::sync::oneshot::Receiver<Result<Reply, Unavailable>>, ErrorCode> {
        let groups = context.broker.groups();
        // Not while the transactional id is locked.
        if groups.ensure_topic().is_err() {
            return Err(ErrorCode::COORDINATOR_NOT_AVAILABLE);
        }
        context.groups().check_here(&self.group_id)?;
        let partition = PartitionKey {
            topic: OFFSETS_TOPIC.into(),
            partition: groups.partition_of(&self.group_id),
        };
        // As in Kafka the log knows an old epoch before the coordinator is asked.
        let image = context.broker.catalog().image();
        let log = image.topic(OFFSETS_TOPIC);
        let log = log.and_then(|topic| {
            context
                .broker
                .partitions()
                .get(topic.id, partition.partition)
        });
        if log.is_some_and(|log| log.has_newer(self.producer_id, self.producer_epoch)) {
            return Err(ErrorCode::INVALID_PRODUCER_EPOCH);
        }
        let producer = Producer {
            id: self.producer_id,
            epoch: self.producer_epoch,
        };
        let protocol = match client {
            WriteClient::Implicit => Protocol::EpochPerTransaction,
            WriteClient::Old | WriteClient::Abortable => Protocol::Classic,
        };
        let caller = Caller {
            generation: self.generation_id,
            member_id: self.member_id,
            instance_id: self.group_instance_id,
        };
        let transactions = context.broker.transactions();
        let kept = transactions.write(
            &self.transactional_id,
            producer,
            protocol,
            partition,
            || groups.commit_in_transaction(&self.group_id, caller, producer, commits),
        );
        kept.map_err(ErrorCode::from)
    }
}
