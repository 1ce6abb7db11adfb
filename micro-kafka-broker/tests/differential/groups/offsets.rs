//! OffsetCommit, OffsetFetch, OffsetDelete.

use kafka_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_protocol::messages::offset_delete_request::{
    OffsetDeleteRequestPartition, OffsetDeleteRequestTopic,
};
use kafka_protocol::messages::{
    ApiKey, OffsetCommitRequest, OffsetCommitResponse, OffsetDeleteRequest, OffsetDeleteResponse,
};
use rand::RngExt;
use rand::rngs::StdRng;

use super::seat::Seat;
use super::{Identity, OTHERS, group};
use crate::offset_fetch::{Wanted, fetch_offsets};
use crate::records::pick;
use crate::side::{Side, text, topic_name};

/// Of a text beside an offset.
const TOO_LONG: usize = 4097;
const TOPICS: [&str; 5] = ["plain", "plain", "plain", "other", "missing"];

pub(super) async fn commit(side: &mut Side, rng: &mut StdRng, seats: &[Seat]) {
    let identity = match rng.random_bool(0.3) {
        true => Identity {
            member: String::new(),
            instance: None,
            generation: pick(rng, &[-1, -1, -1, 0]),
            told: "simple".to_owned(),
        },
        false => Identity::drawn(rng, seats),
    };
    let (version, of) = (rng.random_range(2..=9), pick(rng, &OTHERS));
    let (topic, partition) = (pick(rng, &TOPICS), pick(rng, &[0, 0, 0, 1, 7, -1]));
    let (offset, epoch) = (
        pick(rng, &[0, 1, 5, 1 << 40, -1, -2]),
        pick(rng, &[-1, -1, 0, 3]),
    );
    let metadata = pick(
        rng,
        &[Some(0), Some(0), Some(1), Some(4096), Some(TOO_LONG), None],
    );
    let mut data = OffsetCommitRequestPartition::default()
        .with_partition_index(partition)
        .with_committed_offset(offset)
        .with_committed_metadata(metadata.map(|length| text(&"m".repeat(length))));
    if version >= 6 {
        data = data.with_committed_leader_epoch(epoch);
    }
    let of_topic = |topic: &str, data| {
        OffsetCommitRequestTopic::default()
            .with_name(topic_name(&side.name(topic)))
            .with_partitions(vec![data])
    };
    let mut topics = vec![of_topic(topic, data)];
    if metadata == Some(TOO_LONG) {
        // Where all is refused Apache Kafka keeps a group that it has not written down, and that is
        // there for some requests only.
        let taken = if topic == "plain" { "other" } else { "plain" };
        topics.push(of_topic(taken, OffsetCommitRequestPartition::default()));
    }
    let request = OffsetCommitRequest::default()
        .with_group_id(group(side, of))
        .with_generation_id_or_member_epoch(identity.generation)
        .with_member_id(text(&identity.member))
        .with_group_instance_id(identity.instance(version, 7))
        .with_topics(topics);
    let what = format!(
        "{of} {} {topic}-{partition}@{offset} epoch={epoch} {metadata:?}",
        identity.told
    );
    let _: Option<OffsetCommitResponse> = side
        .ask(&what, ApiKey::OffsetCommit, version, &request)
        .await;
}

pub(super) async fn fetch(side: &mut Side, rng: &mut StdRng) {
    let wanted = Wanted {
        group: pick(rng, &OTHERS),
        topic: pick(rng, &TOPICS),
        stable: rng.random_bool(0.5),
        all: rng.random_bool(0.4),
    };
    fetch_offsets(side, rng.random_range(1..=9), &wanted).await;
}

pub(super) async fn delete(side: &mut Side, rng: &mut StdRng) {
    let (of, topic) = (pick(rng, &OTHERS), pick(rng, &TOPICS));
    let partition = pick(rng, &[0, 0, 1, 7]);
    let asked = OffsetDeleteRequestPartition::default().with_partition_index(partition);
    let data = OffsetDeleteRequestTopic::default()
        .with_name(topic_name(&side.name(topic)))
        .with_partitions(vec![asked]);
    let request = OffsetDeleteRequest::default()
        .with_group_id(group(side, of))
        .with_topics(vec![data]);
    let what = format!("{of} {topic}-{partition}");
    let _: Option<OffsetDeleteResponse> = side.ask(&what, ApiKey::OffsetDelete, 0, &request).await;
}
