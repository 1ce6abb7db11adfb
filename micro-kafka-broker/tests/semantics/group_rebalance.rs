//! Rebalances in which somebody does not do its part.

use kafka_protocol::messages::{
    ApiKey, DescribeGroupsRequest, DescribeGroupsResponse, JoinGroupRequest, JoinGroupResponse,
};

use crate::client::{Client, frame};
use crate::groups::{MEMBER_ID_REQUIRED, enter, group_id, heartbeat, join, joining, sync};
use crate::kafka::{Kafka, text};

const ILLEGAL_GENERATION: i16 = 22;
const UNKNOWN_MEMBER_ID: i16 = 25;
const REBALANCE_IN_PROGRESS: i16 = 27;

/// A member that the others wait a second for.
fn hasty(group: &str, member: &str) -> JoinGroupRequest {
    joining(group, member).with_rebalance_timeout_ms(1000)
}

async fn members(client: &mut Client, group: &str) -> usize {
    let request = DescribeGroupsRequest::default().with_groups(vec![group_id(group)]);
    let answer: DescribeGroupsResponse = client.call(ApiKey::DescribeGroups, 5, &request).await;
    answer.groups[0].members.len()
}

/// Two members of generation 2 that have joined and not yet synced; the first leads.
async fn pair(kafka: &mut Kafka, other: &mut Client, group: &str) -> [String; 2] {
    let mut ids = Vec::new();
    for _ in 0..2 {
        let admitted = join(&mut kafka.client, 5, &hasty(group, "")).await;
        assert_eq!(admitted.error_code, MEMBER_ID_REQUIRED);
        ids.push(admitted.member_id.to_string());
        if ids.len() == 1 {
            let first = join(&mut kafka.client, 5, &hasty(group, &ids[0])).await;
            assert_eq!((first.error_code, first.generation_id), (0, 1));
            sync(&mut kafka.client, group, 1, &ids[0], None, &[]).await;
        }
    }
    other
        .send(&frame(ApiKey::JoinGroup, 5, 9, &hasty(group, &ids[1])))
        .await;
    let first = &ids[0];
    while heartbeat(&mut kafka.client, group, 1, first, None).await != REBALANCE_IN_PROGRESS {}
    let led: JoinGroupResponse = join(&mut kafka.client, 5, &hasty(group, first)).await;
    assert_eq!((led.generation_id, led.members.len()), (2, 2));
    assert!(other.receive().await.is_some());
    [ids.remove(0), ids.remove(0)]
}

#[tokio::test]
async fn whoever_never_asks_for_its_assignment_is_removed() {
    let mut kafka = Kafka::start().await;
    let group = kafka.name("g");
    let mut other = kafka.connect().await;
    let [first, second] = pair(&mut kafka, &mut other, &group).await;
    let client = &mut kafka.client;
    let synced = sync(client, &group, 2, &first, None, &[(&first, "all")]).await;
    assert_eq!(synced.error_code, 0);
    assert_eq!(heartbeat(client, &group, 2, &second, None).await, 0);
    while members(client, &group).await == 2 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let gone = heartbeat(client, &group, 2, &second, None).await;
    assert_eq!(gone, UNKNOWN_MEMBER_ID);
    let left = heartbeat(client, &group, 2, &first, None).await;
    assert_eq!(left, REBALANCE_IN_PROGRESS);
}

#[tokio::test]
async fn one_that_leaves_before_it_has_joined_makes_a_stable_group_rebalance() {
    let mut kafka = Kafka::start().await;
    let group = kafka.name("g");
    let joined = enter(&mut kafka.client, &group).await;
    let member = joined.member_id.to_string();
    sync(&mut kafka.client, &group, 1, &member, None, &[]).await;
    let admitted = join(&mut kafka.client, 5, &joining(&group, "")).await;
    assert_eq!(admitted.error_code, MEMBER_ID_REQUIRED);
    assert_eq!(
        heartbeat(&mut kafka.client, &group, 1, &member, None).await,
        0
    );
    kafka.leave(&group, &admitted.member_id).await;
    let beat = heartbeat(&mut kafka.client, &group, 1, &member, None).await;
    assert_eq!(beat, REBALANCE_IN_PROGRESS);
}

#[tokio::test]
async fn of_two_assignors_with_as_many_votes_the_same_is_chosen_always() {
    for (mine, others) in [("range", "roundrobin"), ("roundrobin", "range")] {
        let mut kafka = Kafka::start().await;
        let group = kafka.name("g");
        let mut other = kafka.connect().await;
        let voting = |member: &str, first: &str, second: &str| {
            let mut joining = joining(&group, member);
            let mut protocols = vec![joining.protocols[0].clone(); 2];
            protocols[0].name = text(first);
            protocols[1].name = text(second);
            joining.protocols = protocols;
            joining
        };
        let first = join(&mut kafka.client, 3, &voting("", mine, others)).await;
        let request = voting("", others, mine);
        other.send(&frame(ApiKey::JoinGroup, 3, 9, &request)).await;
        let id = first.member_id.to_string();
        while heartbeat(&mut kafka.client, &group, 1, &id, None).await != REBALANCE_IN_PROGRESS {}
        let again = join(&mut kafka.client, 3, &voting(&id, mine, others)).await;
        assert_eq!((again.generation_id, again.members.len()), (2, 2));
        assert_eq!(again.protocol_name.as_deref(), Some("range"));
    }
}

#[tokio::test]
async fn whoever_does_not_join_again_is_left_behind() {
    let mut kafka = Kafka::start().await;
    let group = kafka.name("g");
    let mut other = kafka.connect().await;
    let [first, second] = pair(&mut kafka, &mut other, &group).await;
    let client = &mut kafka.client;
    // The leader joins again; the second only sends heartbeats.
    let again = join(client, 5, &hasty(&group, &first)).await;
    assert_eq!((again.error_code, again.generation_id), (0, 2), "repeated");
    sync(client, &group, 2, &first, None, &[]).await;
    let request = kafka_protocol::messages::SyncGroupRequest::default()
        .with_group_id(group_id(&group))
        .with_generation_id(2)
        .with_member_id(text(&second));
    let _: kafka_protocol::messages::SyncGroupResponse =
        client.call(ApiKey::SyncGroup, 3, &request).await;
    let third = join(client, 5, &hasty(&group, &first)).await;
    assert_eq!((third.generation_id, third.members.len()), (3, 1));
    let gone = heartbeat(client, &group, 2, &second, None).await;
    assert_eq!(gone, UNKNOWN_MEMBER_ID);
    let late = heartbeat(client, &group, 2, &first, None).await;
    assert_eq!(late, ILLEGAL_GENERATION);
}
