//! DescribeGroups, ListGroups, DeleteGroups.

use kafka_protocol::messages::{
    ApiKey, DeleteGroupsRequest, DeleteGroupsResponse, DescribeGroupsRequest,
    DescribeGroupsResponse, ListGroupsRequest, ListGroupsResponse,
};
use rand::RngExt;
use rand::rngs::StdRng;

use super::{OTHERS, group};
use crate::records::pick;
use crate::side::{Side, text};

pub(super) async fn describe(side: &mut Side, rng: &mut StdRng) {
    let (version, of) = (rng.random_range(0..=6), pick(rng, &OTHERS));
    let operations = version >= 3 && rng.random_bool(0.3);
    let request = DescribeGroupsRequest::default()
        .with_groups(vec![group(side, of)])
        .with_include_authorized_operations(operations);
    let what = format!("{of} operations={operations}");
    let masked = side.masks.clone();
    let sort = |answer: &mut DescribeGroupsResponse| {
        for group in &mut answer.groups {
            group
                .members
                .sort_by_key(|member| masked.mask(&member.member_id));
        }
        String::new()
    };
    side.ask_with(&what, ApiKey::DescribeGroups, version, &request, sort)
        .await;
}

pub(super) async fn list(side: &mut Side, rng: &mut StdRng) {
    let version = rng.random_range(0..=5);
    let states: &[&str] = pick(
        rng,
        &[
            &[][..],
            &["Stable"],
            &["Empty", "PreparingRebalance"],
            &["stable", "Nonsense"],
        ],
    );
    let types: &[&str] = pick(rng, &[&[][..], &["classic"], &["Consumer"], &["nonsense"]]);
    let list = |of: &[&str], from| match version >= from {
        true => of.iter().map(|name| text(name)).collect(),
        false => Vec::new(),
    };
    let request = ListGroupsRequest::default()
        .with_states_filter(list(states, 4))
        .with_types_filter(list(types, 5));
    let prefix = side.name("");
    let own = |answer: &mut ListGroupsResponse| {
        answer
            .groups
            .retain(|group| group.group_id.0.starts_with(&prefix));
        answer
            .groups
            .sort_by(|a, b| a.group_id.0.cmp(&b.group_id.0));
        String::new()
    };
    let what = format!("{states:?} {types:?}");
    side.ask_with(&what, ApiKey::ListGroups, version, &request, own)
        .await;
}

pub(super) async fn delete(side: &mut Side, rng: &mut StdRng) {
    let (version, of) = (rng.random_range(0..=2), pick(rng, &OTHERS));
    let request = DeleteGroupsRequest::default().with_groups_names(vec![group(side, of)]);
    let _: Option<DeleteGroupsResponse> =
        side.ask(of, ApiKey::DeleteGroups, version, &request).await;
}
