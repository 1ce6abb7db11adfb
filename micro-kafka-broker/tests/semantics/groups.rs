//! Groups and their offsets, request by request.

use bytes::Bytes;
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use kafka_protocol::messages::{
    ApiKey, DescribeGroupsRequest, DescribeGroupsResponse, GroupId, HeartbeatRequest,
    HeartbeatResponse, JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest, LeaveGroupResponse,
    ListGroupsRequest, ListGroupsResponse, SyncGroupRequest, SyncGroupResponse,
};

use crate::client::{Client, frame};
use crate::kafka::{Kafka, text};

const ILLEGAL_GENERATION: i16 = 22;
const INCONSISTENT_GROUP_PROTOCOL: i16 = 23;
const INVALID_GROUP_ID: i16 = 24;
const UNKNOWN_MEMBER_ID: i16 = 25;
const INVALID_SESSION_TIMEOUT: i16 = 26;
const REBALANCE_IN_PROGRESS: i16 = 27;
const GROUP_ID_NOT_FOUND: i16 = 69;
pub(crate) const MEMBER_ID_REQUIRED: i16 = 79;
const FENCED_INSTANCE_ID: i16 = 82;

/// A consumer's subscription to no topics: version 0, empty list, no user data. Apache Kafka reads
/// it, and never answers a join with one that it cannot read.
const SUBSCRIPTION: &[u8] = &[0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff];

pub(crate) fn group_id(group: &str) -> GroupId {
    GroupId(text(group))
}

/// A join of an existing member, or with an empty id of a new one.
pub(crate) fn joining(group: &str, member: &str) -> JoinGroupRequest {
    let protocol = JoinGroupRequestProtocol::default()
        .with_name(text("range"))
        .with_metadata(Bytes::from_static(SUBSCRIPTION));
    JoinGroupRequest::default()
        .with_group_id(group_id(group))
        .with_session_timeout_ms(10_000)
        .with_rebalance_timeout_ms(10_000)
        .with_member_id(text(member))
        .with_protocol_type(text("consumer"))
        .with_protocols(vec![protocol])
}

pub(crate) async fn join(
    client: &mut Client,
    version: i16,
    request: &JoinGroupRequest,
) -> JoinGroupResponse {
    client.call(ApiKey::JoinGroup, version, request).await
}

/// Joins as a new member, twice if need be.
pub(crate) async fn enter(client: &mut Client, group: &str) -> JoinGroupResponse {
    let admitted = join(client, 5, &joining(group, "")).await;
    assert_eq!(admitted.error_code, MEMBER_ID_REQUIRED);
    join(client, 5, &joining(group, &admitted.member_id)).await
}

pub(crate) async fn sync(
    client: &mut Client,
    group: &str,
    generation: i32,
    member: &str,
    instance: Option<&str>,
    parts: &[(&str, &'static str)],
) -> SyncGroupResponse {
    let part = |(member, bytes): &(&str, &'static str)| {
        SyncGroupRequestAssignment::default()
            .with_member_id(text(member))
            .with_assignment(Bytes::from_static(bytes.as_bytes()))
    };
    let request = SyncGroupRequest::default()
        .with_group_id(group_id(group))
        .with_generation_id(generation)
        .with_member_id(text(member))
        .with_group_instance_id(instance.map(text))
        .with_assignments(parts.iter().map(part).collect());
    client.call(ApiKey::SyncGroup, 3, &request).await
}

pub(crate) async fn heartbeat(
    client: &mut Client,
    group: &str,
    generation: i32,
    member: &str,
    instance: Option<&str>,
) -> i16 {
    let request = HeartbeatRequest::default()
        .with_group_id(group_id(group))
        .with_generation_id(generation)
        .with_member_id(text(member))
        .with_group_instance_id(instance.map(text));
    let answer: HeartbeatResponse = client.call(ApiKey::Heartbeat, 3, &request).await;
    answer.error_code
}

#[tokio::test]
async fn a_member_joins_syncs_lives_and_leaves() {
    let mut kafka = Kafka::start().await;
    let group = kafka.name("g");
    let client = &mut kafka.client;
    let joined = enter(client, &group).await;
    assert_eq!((joined.error_code, joined.generation_id), (0, 1));
    assert_eq!(joined.leader, joined.member_id);
    assert_eq!(joined.members.len(), 1);
    assert!(joined.member_id.starts_with("test-"));
    let member = joined.member_id.to_string();
    assert_eq!(
        heartbeat(client, &group, 1, &member, None).await,
        0,
        "before the sync"
    );
    let synced = sync(client, &group, 1, &member, None, &[(&member, "all")]).await;
    assert_eq!(
        (synced.error_code, &synced.assignment[..]),
        (0, &b"all"[..])
    );
    assert_eq!(heartbeat(client, &group, 1, &member, None).await, 0);
    assert_eq!(
        heartbeat(client, &group, 2, &member, None).await,
        ILLEGAL_GENERATION
    );
    assert_eq!(
        heartbeat(client, &group, 1, "ghost", None).await,
        UNKNOWN_MEMBER_ID
    );

    let leave = |member: &str| {
        LeaveGroupRequest::default()
            .with_group_id(group_id(&group))
            .with_members(vec![MemberIdentity::default().with_member_id(text(member))])
    };
    let left: LeaveGroupResponse = client.call(ApiKey::LeaveGroup, 4, &leave(&member)).await;
    assert_eq!((left.error_code, left.members[0].error_code), (0, 0));
    let left: LeaveGroupResponse = client.call(ApiKey::LeaveGroup, 4, &leave(&member)).await;
    assert_eq!(
        (left.error_code, left.members[0].error_code),
        (0, UNKNOWN_MEMBER_ID)
    );
    assert_eq!(
        heartbeat(client, &group, 1, &member, None).await,
        UNKNOWN_MEMBER_ID
    );
}

#[tokio::test]
async fn wrong_joins_are_refused() {
    let mut kafka = Kafka::start().await;
    let group = kafka.name("g");
    let client = &mut kafka.client;
    let cases = [
        (joining("", ""), INVALID_GROUP_ID),
        (joining(&group, "ghost"), UNKNOWN_MEMBER_ID),
        (
            joining(&group, "").with_session_timeout_ms(10),
            INVALID_SESSION_TIMEOUT,
        ),
        (
            joining(&group, "").with_session_timeout_ms(i32::MAX),
            INVALID_SESSION_TIMEOUT,
        ),
        (
            joining(&group, "").with_protocols(Vec::new()),
            INCONSISTENT_GROUP_PROTOCOL,
        ),
        (
            joining(&group, "").with_protocol_type(text("")),
            INCONSISTENT_GROUP_PROTOCOL,
        ),
    ];
    for (nth, (request, code)) in cases.iter().enumerate() {
        for version in [3, 5, 9] {
            let joined = join(client, version, request).await;
            assert_eq!(
                (joined.error_code, joined.generation_id),
                (*code, -1),
                "case {nth} version {version}"
            );
        }
    }
    let alone = enter(client, &group).await;
    assert_eq!(alone.error_code, 0);
    let other = JoinGroupRequestProtocol::default().with_name(text("sticky"));
    let other = joining(&group, "").with_protocols(vec![other]);
    assert_eq!(
        join(client, 5, &other).await.error_code,
        INCONSISTENT_GROUP_PROTOCOL
    );
    let connect = joining(&group, "").with_protocol_type(text("connect"));
    assert_eq!(
        join(client, 5, &connect).await.error_code,
        INCONSISTENT_GROUP_PROTOCOL
    );
}

#[tokio::test]
async fn old_versions_join_at_once() {
    let mut kafka = Kafka::start().await;
    for version in 0..=3 {
        let group = kafka.name(&format!("g{version}"));
        let joined = join(&mut kafka.client, version, &joining(&group, "")).await;
        assert_eq!(
            (joined.error_code, joined.generation_id),
            (0, 1),
            "version {version}"
        );
        assert_eq!(joined.protocol_name.as_deref(), Some("range"));
    }
}

#[tokio::test]
async fn a_second_member_makes_the_first_join_again() {
    let mut kafka = Kafka::start().await;
    let group = kafka.name("g");
    let first = enter(&mut kafka.client, &group).await.member_id.to_string();
    sync(&mut kafka.client, &group, 1, &first, None, &[]).await;
    let mut other = kafka.connect().await;
    let admitted = join(&mut other, 5, &joining(&group, "")).await;
    assert_eq!(
        heartbeat(&mut kafka.client, &group, 1, &first, None).await,
        0,
        "an id alone rebalances nothing"
    );
    let second = admitted.member_id.to_string();
    other
        .send(&frame(ApiKey::JoinGroup, 5, 9, &joining(&group, &second)))
        .await;
    while heartbeat(&mut kafka.client, &group, 1, &first, None).await != REBALANCE_IN_PROGRESS {}
    let again = join(&mut kafka.client, 5, &joining(&group, &first)).await;
    assert_eq!((again.generation_id, again.members.len()), (2, 2));
    assert!(other.receive().await.is_some());

    // The second waits for the leader's assignment.
    let waiting = SyncGroupRequest::default()
        .with_group_id(group_id(&group))
        .with_generation_id(2)
        .with_member_id(text(&second));
    other.send(&frame(ApiKey::SyncGroup, 3, 10, &waiting)).await;
    sync(
        &mut kafka.client,
        &group,
        2,
        &first,
        None,
        &[(&first, "a"), (&second, "b")],
    )
    .await;
    let answer = other.receive().await.unwrap();
    assert_eq!(answer.last(), Some(&b'b'));
}

#[tokio::test]
async fn groups_are_described_and_listed() {
    let mut kafka = Kafka::start().await;
    let group = kafka.name("g");
    let unknown = kafka.name("nobody");
    let client = &mut kafka.client;
    let member = enter(client, &group).await.member_id.to_string();
    sync(client, &group, 1, &member, None, &[(&member, "b")]).await;
    let state = |group: &str| DescribeGroupsRequest::default().with_groups(vec![group_id(group)]);
    let described: DescribeGroupsResponse =
        client.call(ApiKey::DescribeGroups, 5, &state(&group)).await;
    let described = &described.groups[0];
    assert_eq!(
        (&*described.group_state, &*described.protocol_data),
        ("Stable", "range")
    );
    assert_eq!(described.members.len(), 1);
    let member = described
        .members
        .iter()
        .find(|m| m.member_id == *member)
        .unwrap();
    assert_eq!(
        (&member.member_metadata[..], &member.member_assignment[..]),
        (SUBSCRIPTION, &b"b"[..])
    );
    assert_eq!(
        (&*member.client_id, &*member.client_host),
        ("test", "/127.0.0.1")
    );

    let listed: ListGroupsResponse = client
        .call(
            ApiKey::ListGroups,
            5,
            &ListGroupsRequest::default().with_states_filter(vec![text("stable")]),
        )
        .await;
    let mine = listed
        .groups
        .iter()
        .find(|g| *g.group_id.0 == *group)
        .unwrap();
    assert_eq!(
        (&*mine.group_state, &*mine.group_type, &*mine.protocol_type),
        ("Stable", "classic", "consumer")
    );
    for (version, code) in [(5, 0), (6, GROUP_ID_NOT_FOUND)] {
        let described: DescribeGroupsResponse = client
            .call(ApiKey::DescribeGroups, version, &state(&unknown))
            .await;
        let described = &described.groups[0];
        assert_eq!(
            (described.error_code, &*described.group_state),
            (code, "Dead"),
            "version {version}"
        );
    }
}

#[tokio::test]
async fn a_static_member_is_replaced_without_a_rebalance_and_fenced() {
    let mut kafka = Kafka::start().await;
    let group = kafka.name("g");
    let client = &mut kafka.client;
    let fixed = |member: &str| joining(&group, member).with_group_instance_id(Some(text("one")));
    let joined = join(client, 5, &fixed("")).await;
    assert_eq!((joined.error_code, joined.generation_id), (0, 1));
    assert!(joined.member_id.starts_with("one-"));
    let old = joined.member_id.to_string();
    sync(client, &group, 1, &old, Some("one"), &[(&old, "all")]).await;

    let back = join(client, 5, &fixed("")).await;
    let new = back.member_id.to_string();
    assert_eq!(
        (back.error_code, back.generation_id, &*back.leader),
        (0, 1, &*old)
    );
    assert_ne!(new, old);
    let synced = sync(client, &group, 1, &new, Some("one"), &[]).await;
    assert_eq!(&synced.assignment[..], b"all");
    assert_eq!(
        heartbeat(client, &group, 1, &old, Some("one")).await,
        FENCED_INSTANCE_ID
    );
    assert_eq!(heartbeat(client, &group, 1, &new, Some("one")).await, 0);
    assert_eq!(
        join(client, 5, &fixed(&old)).await.error_code,
        FENCED_INSTANCE_ID
    );

    let newest = join(client, 9, &fixed("")).await;
    assert_eq!((newest.skip_assignment, newest.members.len()), (true, 1));
    assert_eq!(newest.leader, newest.member_id);

    let by_name = LeaveGroupRequest::default()
        .with_group_id(group_id(&group))
        .with_members(vec![
            MemberIdentity::default().with_group_instance_id(Some(text("one"))),
            MemberIdentity::default().with_group_instance_id(Some(text("two"))),
        ]);
    let left: LeaveGroupResponse = client.call(ApiKey::LeaveGroup, 4, &by_name).await;
    let codes: Vec<_> = left.members.iter().map(|m| m.error_code).collect();
    assert_eq!(codes, [0, UNKNOWN_MEMBER_ID]);
}

#[tokio::test]
async fn a_silent_member_is_removed() {
    let mut kafka = Kafka::start().await;
    let group = kafka.name("g");
    let client = &mut kafka.client;
    let request = joining(&group, "").with_session_timeout_ms(1000);
    let joined = join(client, 3, &request).await;
    let member = joined.member_id.to_string();
    sync(client, &group, 1, &member, None, &[]).await;
    let begun = std::time::Instant::now();
    let described = DescribeGroupsRequest::default().with_groups(vec![group_id(&group)]);
    loop {
        let answer: DescribeGroupsResponse =
            client.call(ApiKey::DescribeGroups, 5, &described).await;
        if &*answer.groups[0].group_state == "Empty" {
            break;
        }
        assert!(begun.elapsed().as_secs() < 5);
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert!(begun.elapsed().as_millis() > 900, "{:?}", begun.elapsed());
}
