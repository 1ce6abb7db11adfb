//! OffsetFetch, with the offsets of an answer in order.

use kafka_protocol::messages::offset_fetch_request::{
    OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
};
use kafka_protocol::messages::{ApiKey, GroupId, OffsetFetchRequest, OffsetFetchResponse};

use crate::side::{Side, text, topic_name};

/// What is asked for.
pub(crate) struct Wanted {
    pub(crate) group: &'static str,
    pub(crate) topic: &'static str,
    pub(crate) stable: bool,
    /// All of the group's offsets, where the version knows how to ask for them.
    pub(crate) all: bool,
}

const PARTITIONS: [i32; 3] = [0, 1, 7];

pub(crate) async fn fetch_offsets(side: &mut Side, version: i16, wanted: &Wanted) {
    let Wanted {
        group,
        topic,
        stable,
        all,
    } = *wanted;
    let id = GroupId(text(&side.name(group)));
    let name = topic_name(&side.name(topic));
    let mut request = OffsetFetchRequest::default();
    if version >= 7 {
        request = request.with_require_stable(stable);
    }
    let some = version < 2 || !all;
    request = match version {
        8.. => {
            let topic = OffsetFetchRequestTopics::default()
                .with_name(name)
                .with_partition_indexes(PARTITIONS.to_vec());
            let asked = OffsetFetchRequestGroup::default()
                .with_group_id(id)
                .with_topics(some.then(|| vec![topic]));
            request.with_groups(vec![asked])
        }
        _ => {
            let topic = OffsetFetchRequestTopic::default()
                .with_name(name)
                .with_partition_indexes(PARTITIONS.to_vec());
            request
                .with_group_id(id)
                .with_topics(some.then(|| vec![topic]))
        }
    };
    let what = match topic {
        "plain" => format!("{group} stable={stable} some={some}"),
        _ => format!("{group} {topic} stable={stable} some={some}"),
    };
    side.ask_with(&what, ApiKey::OffsetFetch, version, &request, sort)
        .await;
}

/// Apache Kafka has all offsets of a group in no order.
fn sort(answer: &mut OffsetFetchResponse) -> String {
    answer.topics.sort_by(|a, b| a.name.cmp(&b.name));
    for topic in &mut answer.topics {
        topic
            .partitions
            .sort_by_key(|partition| partition.partition_index);
    }
    for group in &mut answer.groups {
        group.topics.sort_by(|a, b| a.name.cmp(&b.name));
        for topic in &mut group.topics {
            topic
                .partitions
                .sort_by_key(|partition| partition.partition_index);
        }
    }
    String::new()
}
