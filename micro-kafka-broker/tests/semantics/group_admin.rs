//! What operators do with groups.

use bytes::Bytes;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::offset_delete_request::{
    OffsetDeleteRequestPartition, OffsetDeleteRequestTopic,
};
use kafka_protocol::messages::{
    ApiKey, DeleteGroupsRequest, DeleteGroupsResponse, DescribeGroupsRequest,
    DescribeGroupsResponse, LeaveGroupRequest, LeaveGroupResponse, ListGroupsRequest,
    ListGroupsResponse, OffsetDeleteRequest, OffsetDeleteResponse,
};

use crate::group_offsets::commit;
use crate::groups::{MEMBER_ID_REQUIRED, enter, group_id, join, joining, sync};
use crate::kafka::{Kafka, text, topic_name};

const UNKNOWN_TOPIC_OR_PARTITION: i16 = 3;
const INVALID_GROUP_ID: i16 = 24;
const NON_EMPTY_GROUP: i16 = 68;
const GROUP_ID_NOT_FOUND: i16 = 69;
const GROUP_SUBSCRIBED_TO_TOPIC: i16 = 86;

impl Kafka {
    pub(crate) async fn delete_groups(&mut self, version: i16, groups: &[&str]) -> Vec<i16> {
        let names = groups.iter().map(|group| group_id(group)).collect();
        let request = DeleteGroupsRequest::default().with_groups_names(names);
        let answer: DeleteGroupsResponse = self
            .client
            .call(ApiKey::DeleteGroups, version, &request)
            .await;
        let code = |group: &&str| {
            let result = answer.results.iter().find(|r| *r.group_id.0 == **group);
            result.unwrap().error_code
        };
        groups.iter().map(code).collect()
    }

    async fn delete_offsets(
        &mut self,
        group: &str,
        topic: &str,
        partitions: &[i32],
    ) -> Result<Vec<i16>, i16> {
        let partition =
            |index: &i32| OffsetDeleteRequestPartition::default().with_partition_index(*index);
        let topic = OffsetDeleteRequestTopic::default()
            .with_name(topic_name(topic))
            .with_partitions(partitions.iter().map(partition).collect());
        let request = OffsetDeleteRequest::default()
            .with_group_id(group_id(group))
            .with_topics(vec![topic]);
        let answer: OffsetDeleteResponse =
            self.client.call(ApiKey::OffsetDelete, 0, &request).await;
        if answer.error_code != 0 {
            return Err(answer.error_code);
        }
        let code = |index: &i32| {
            let mut answered = answer.topics[0].partitions.iter();
            let found = answered.find(|p| p.partition_index == *index);
            found.unwrap().error_code
        };
        Ok(partitions.iter().map(code).collect())
    }

    pub(crate) async fn leave(&mut self, group: &str, member: &str) {
        let member = MemberIdentity::default().with_member_id(text(member));
        let request = LeaveGroupRequest::default()
            .with_group_id(group_id(group))
            .with_members(vec![member]);
        let left: LeaveGroupResponse = self.client.call(ApiKey::LeaveGroup, 4, &request).await;
        assert_eq!((left.error_code, left.members[0].error_code), (0, 0));
    }

    async fn states(&mut self, filter: &[&str]) -> Vec<(String, String)> {
        let filter = filter.iter().map(|state| text(state)).collect();
        self.listed(ListGroupsRequest::default().with_states_filter(filter))
            .await
    }

    async fn listed(&mut self, request: ListGroupsRequest) -> Vec<(String, String)> {
        let answer: ListGroupsResponse = self.client.call(ApiKey::ListGroups, 5, &request).await;
        let mine = answer.groups.into_iter();
        let mine = mine.filter(|group| group.group_id.0.starts_with(&self.prefix));
        mine.map(|group| (group.group_id.0.to_string(), group.group_state.to_string()))
            .collect()
    }
}

/// A subscription to one topic.
fn subscription(topic: &str) -> Bytes {
    let mut bytes = vec![0, 0, 0, 0, 0, 1, 0, u8::try_from(topic.len()).unwrap()];
    bytes.extend(topic.as_bytes());
    bytes.extend([0xff; 4]);
    bytes.into()
}

#[tokio::test]
async fn groups_without_members_are_deleted_with_their_offsets() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("t", 2, &[]).await;
    let (group, simple) = (kafka.name("g"), kafka.name("simple"));
    let never = kafka.name("never");
    let member = enter(&mut kafka.client, &group).await.member_id.to_string();
    sync(&mut kafka.client, &group, 1, &member, None, &[]).await;
    let committed = commit(&mut kafka.client, 7, &simple, -1, "", &topic, "").await;
    assert_eq!(committed, [0, 0]);
    for version in 0..=2 {
        let codes = kafka.delete_groups(version, &[&group, &never]).await;
        assert_eq!(codes, [NON_EMPTY_GROUP, GROUP_ID_NOT_FOUND], "{version}");
    }
    kafka.leave(&group, &member).await;
    assert_eq!(kafka.delete_groups(2, &[&group, &simple]).await, [0, 0]);
    assert_eq!(kafka.offset(&simple, &topic, false).await, (-1, 0));
    let codes = kafka.delete_groups(2, &[&group, &simple]).await;
    assert_eq!(codes, [GROUP_ID_NOT_FOUND; 2]);
    assert!(kafka.states(&[]).await.is_empty());
}

#[tokio::test]
async fn an_empty_group_id_can_be_described_and_deleted() {
    let mut kafka = Kafka::start().await;
    assert_eq!(kafka.delete_groups(2, &[""]).await, [GROUP_ID_NOT_FOUND]);
    for (version, code) in [(5, 0), (6, GROUP_ID_NOT_FOUND)] {
        let request = DescribeGroupsRequest::default().with_groups(vec![group_id("")]);
        let answer: DescribeGroupsResponse = kafka
            .client
            .call(ApiKey::DescribeGroups, version, &request)
            .await;
        let described = &answer.groups[0];
        assert_eq!(
            (described.error_code, &*described.group_state),
            (code, "Dead"),
            "version {version}"
        );
        let message = (version == 6).then_some("Group  not found.");
        assert_eq!(described.error_message.as_deref(), message);
    }
}

#[tokio::test]
async fn what_may_be_done_with_a_group_that_is_an_error_is_not_told() {
    let mut kafka = Kafka::start().await;
    for (version, operations) in [(5, 3400), (6, i32::MIN)] {
        let request = DescribeGroupsRequest::default()
            .with_groups(vec![group_id(&kafka.name("never"))])
            .with_include_authorized_operations(true);
        let answer: DescribeGroupsResponse = kafka
            .client
            .call(ApiKey::DescribeGroups, version, &request)
            .await;
        let told = answer.groups[0].authorized_operations;
        assert_eq!(told, operations, "version {version}");
    }
}

#[tokio::test]
async fn offsets_are_deleted_where_no_member_reads() {
    let mut kafka = Kafka::start().await;
    let (read, other) = (
        kafka.topic("read", 2, &[]).await,
        kafka.topic("o", 2, &[]).await,
    );
    let group = kafka.name("g");
    let never = kafka.name("never");
    let refused = kafka.delete_offsets(&never, &read, &[0]).await;
    assert_eq!(refused, Err(GROUP_ID_NOT_FOUND));
    let refused = kafka.delete_offsets("", &read, &[0]).await;
    assert_eq!(refused, Err(INVALID_GROUP_ID));

    let mut first = joining(&group, "");
    first.protocols[0].metadata = subscription(&read);
    let member = join(&mut kafka.client, 3, &first)
        .await
        .member_id
        .to_string();
    sync(&mut kafka.client, &group, 1, &member, None, &[]).await;
    for topic in [&read, &other] {
        let committed = commit(&mut kafka.client, 7, &group, 1, &member, topic, "").await;
        assert_eq!(committed, [0, 0]);
    }
    let deleted = kafka.delete_offsets(&group, &read, &[0, 7]).await;
    let expected = [GROUP_SUBSCRIBED_TO_TOPIC, UNKNOWN_TOPIC_OR_PARTITION];
    assert_eq!(deleted, Ok(expected.to_vec()));
    assert_eq!(
        kafka.delete_offsets(&group, &other, &[0]).await,
        Ok(vec![0])
    );
    assert_eq!(kafka.offset(&group, &other, false).await, (-1, 0));
    assert_eq!(kafka.offset(&group, &read, false).await, (40, 0));

    kafka.leave(&group, &member).await;
    assert_eq!(kafka.delete_offsets(&group, &read, &[0]).await, Ok(vec![0]));
    assert_eq!(kafka.offset(&group, &read, false).await, (-1, 0));
}

#[tokio::test]
async fn a_living_group_of_workers_keeps_its_offsets() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("t", 1, &[]).await;
    let group = kafka.name("g");
    let worker = joining(&group, "").with_protocol_type(text("connect"));
    let joined = join(&mut kafka.client, 3, &worker).await;
    assert_eq!(joined.error_code, 0);
    let refused = kafka.delete_offsets(&group, &topic, &[0]).await;
    assert_eq!(refused, Err(NON_EMPTY_GROUP));
}

#[tokio::test]
async fn groups_are_listed_by_their_state() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("t", 2, &[]).await;
    let (stable, empty) = (kafka.name("stable"), kafka.name("empty"));
    let pending = kafka.name("pending");
    let member = enter(&mut kafka.client, &stable)
        .await
        .member_id
        .to_string();
    sync(&mut kafka.client, &stable, 1, &member, None, &[]).await;
    commit(&mut kafka.client, 7, &empty, -1, "", &topic, "").await;
    // An id was given out; nobody has joined.
    let admitted = join(&mut kafka.client, 5, &joining(&pending, "")).await;
    assert_eq!(admitted.error_code, MEMBER_ID_REQUIRED);
    let listed = |group: &str, state: &str| (group.to_owned(), state.to_owned());
    assert_eq!(kafka.states(&["STABLE"]).await, [listed(&stable, "Stable")]);
    let mut all = kafka.states(&["Empty"]).await;
    all.sort();
    assert_eq!(all, [listed(&empty, "Empty"), listed(&pending, "Empty")]);
    assert!(kafka.states(&["Dead"]).await.is_empty());
    assert_eq!(kafka.states(&["Empty", "stable"]).await.len(), 3);
    for (kind, count) in [("Classic", 3), ("consumer", 0), ("share", 0)] {
        let request = ListGroupsRequest::default().with_types_filter(vec![text(kind)]);
        assert_eq!(kafka.listed(request).await.len(), count, "{kind}");
    }
}
