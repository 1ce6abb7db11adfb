//! What a cluster says of a group.

use std::time::Duration;

use rdkafka::bindings as rdsys;
use rdsys::rd_kafka_admin_op_t as Op;
use rdsys::rd_kafka_consumer_group_state_t as State;

use super::admin::{Refusal, c_string, elements, request, string};
use super::{AnyClient, ErrorCode};

/// A group as its coordinator sees it now.
#[derive(Debug, Default)]
pub(super) struct GroupView {
    /// No rebalance is under way.
    pub(super) is_stable: bool,
    /// What its members have.
    pub(super) assigned: Vec<(String, i32)>,
}

/// Asks a group's coordinator.
pub(super) async fn describe_group(
    client: &AnyClient,
    group: &str,
    timeout: Duration,
) -> Result<GroupView, Refusal> {
    let answer = {
        let name = c_string(group)?;
        let mut names = [name.as_ptr()];
        let operation = Op::RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS;
        request(client, operation, timeout, |client, options, queue| {
            let (names, count) = (names.as_mut_ptr(), names.len());
            // SAFETY: all of them live, and librdkafka copies what it needs.
            unsafe {
                rdsys::rd_kafka_DescribeConsumerGroups(client, names, count, options, queue);
            }
        })?
    };
    let event = answer.event().await?;
    let mut count = 0;
    // SAFETY: an event of that kind; its results live as long as it.
    let groups = unsafe {
        let result = rdsys::rd_kafka_event_DescribeConsumerGroups_result(event.as_ptr());
        let groups = rdsys::rd_kafka_DescribeConsumerGroups_result_groups(result, &raw mut count);
        elements(groups, count)
    };
    match groups.first() {
        // SAFETY: the event still lives.
        Some(group) => unsafe { view(*group) },
        None => Ok(GroupView::default()),
    }
}

/// # Safety
/// The description must live.
unsafe fn view(
    group: *const rdsys::rd_kafka_ConsumerGroupDescription_t,
) -> Result<GroupView, Refusal> {
    // SAFETY: promised by the caller.
    unsafe {
        let error = rdsys::rd_kafka_ConsumerGroupDescription_error(group);
        if !error.is_null() {
            let code = ErrorCode::of(rdsys::rd_kafka_error_code(error));
            Refusal::check(code, rdsys::rd_kafka_error_string(error))?;
        }
        let state = rdsys::rd_kafka_ConsumerGroupDescription_state(group);
        let members = rdsys::rd_kafka_ConsumerGroupDescription_member_count(group);
        let member = |index| rdsys::rd_kafka_ConsumerGroupDescription_member(group, index);
        Ok(GroupView {
            is_stable: state == State::RD_KAFKA_CONSUMER_GROUP_STATE_STABLE,
            assigned: (0..members)
                .flat_map(|index| assigned(member(index)))
                .collect(),
        })
    }
}

/// # Safety
/// The description must live.
unsafe fn assigned(member: *const rdsys::rd_kafka_MemberDescription_t) -> Vec<(String, i32)> {
    // SAFETY: promised by the caller.
    let list = unsafe {
        let assignment = rdsys::rd_kafka_MemberDescription_assignment(member);
        rdsys::rd_kafka_MemberAssignment_partitions(assignment).as_ref()
    };
    let Some(list) = list else {
        return Vec::new();
    };
    let count = usize::try_from(list.cnt).unwrap_or(0);
    // SAFETY: the list has that many elements.
    let partitions = unsafe { elements(list.elems, count) };
    partitions
        .iter()
        // SAFETY: an element of a live list.
        .map(|partition| unsafe { (string(partition.topic), partition.partition) })
        .collect()
}
