//! The offsets of partitions and of groups.

use std::time::Duration;

use rdkafka::bindings as rdsys;
use rdsys::rd_kafka_admin_op_t as Op;

use super::admin::{Natives, Refusal, c_string, elements, request, string};
use super::{AnyClient, ErrorCode};

/// Which end of a partition is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The offset of the first record that is still there.
    First,
    /// The offset that the next record will have.
    Next,
}

/// An offset of a partition.
#[derive(Debug)]
pub(crate) struct PartitionOffset {
    pub(crate) topic: String,
    pub(crate) partition: i32,
    pub(crate) offset: i64,
}

/// The ends of partitions of one topic.
pub(crate) async fn list_offsets(
    client: &AnyClient,
    topic: &str,
    partitions: std::ops::Range<i32>,
    end: End,
    timeout: Duration,
) -> Result<Vec<PartitionOffset>, Refusal> {
    let answer = {
        let mut lists = Natives::new(rdsys::rd_kafka_topic_partition_list_destroy);
        let list = question(&mut lists, topic, partitions, end)?;
        let operation = Op::RD_KAFKA_ADMIN_OP_LISTOFFSETS;
        request(client, operation, timeout, |client, options, queue| {
            // SAFETY: all of them live, and librdkafka copies what it needs.
            unsafe { rdsys::rd_kafka_ListOffsets(client, list, options, queue) };
        })?
    };
    let event = answer.event().await?;
    let mut count = 0;
    // SAFETY: an event of that kind; its results live as long as it.
    let infos = unsafe {
        let result = rdsys::rd_kafka_event_ListOffsets_result(event.as_ptr());
        elements(
            rdsys::rd_kafka_ListOffsets_result_infos(result, &raw mut count),
            count,
        )
    };
    infos
        .iter()
        // SAFETY: the event still lives.
        .map(|info| unsafe {
            partition(rdsys::rd_kafka_ListOffsetsResultInfo_topic_partition(*info))
        })
        .collect()
}

fn question(
    lists: &mut Natives<rdsys::rd_kafka_topic_partition_list_t>,
    topic: &str,
    partitions: std::ops::Range<i32>,
    end: End,
) -> Result<*mut rdsys::rd_kafka_topic_partition_list_t, Refusal> {
    let name = c_string(topic)?;
    let end = match end {
        End::First => rdsys::rd_kafka_OffsetSpec_t::RD_KAFKA_OFFSET_SPEC_EARLIEST,
        End::Next => rdsys::rd_kafka_OffsetSpec_t::RD_KAFKA_OFFSET_SPEC_LATEST,
    };
    // SAFETY: no preconditions.
    let list = lists.push(unsafe { rdsys::rd_kafka_topic_partition_list_new(partitions.end) })?;
    for partition in partitions {
        // SAFETY: the list lives and its new element with it; the name is copied.
        unsafe {
            let element = rdsys::rd_kafka_topic_partition_list_add(list, name.as_ptr(), partition);
            (*element).offset = i64::from(end as i32);
        }
    }
    Ok(list)
}

/// What a group has committed; partitions without a commit are left out.
pub(crate) async fn committed(
    client: &AnyClient,
    group: &str,
    timeout: Duration,
) -> Result<Vec<PartitionOffset>, Refusal> {
    let answer = {
        let group = c_string(group)?;
        let mut groups = Natives::new(rdsys::rd_kafka_ListConsumerGroupOffsets_destroy);
        // SAFETY: the name is zero-terminated and copied; null asks for all partitions.
        groups.push(unsafe {
            rdsys::rd_kafka_ListConsumerGroupOffsets_new(group.as_ptr(), std::ptr::null())
        })?;
        let (list, count) = (groups.as_mut_ptr(), groups.len());
        let operation = Op::RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS;
        request(client, operation, timeout, |client, options, queue| {
            // SAFETY: all of them live, and librdkafka copies what it needs.
            unsafe {
                rdsys::rd_kafka_ListConsumerGroupOffsets(client, list, count, options, queue);
            }
        })?
    };
    let event = answer.event().await?;
    let mut count = 0;
    // SAFETY: an event of that kind; its results live as long as it.
    let groups = unsafe {
        let result = rdsys::rd_kafka_event_ListConsumerGroupOffsets_result(event.as_ptr());
        let groups = rdsys::rd_kafka_ListConsumerGroupOffsets_result_groups(result, &raw mut count);
        elements(groups, count)
    };
    let mut offsets = Vec::new();
    for group in groups {
        // SAFETY: the event still lives.
        offsets.extend(unsafe { group_offsets(*group) }?);
    }
    Ok(offsets)
}

/// # Safety
/// The group's result must live.
unsafe fn group_offsets(
    group: *const rdsys::rd_kafka_group_result_t,
) -> Result<Vec<PartitionOffset>, Refusal> {
    // SAFETY: promised by the caller.
    let list = unsafe {
        let error = rdsys::rd_kafka_group_result_error(group);
        if !error.is_null() {
            let code = ErrorCode::of(rdsys::rd_kafka_error_code(error));
            if code == ErrorCode::GROUP_NOT_FOUND {
                return Ok(Vec::new());
            }
            Refusal::check(code, rdsys::rd_kafka_error_string(error))?;
        }
        rdsys::rd_kafka_group_result_partitions(group).as_ref()
    };
    let Some(list) = list else {
        return Ok(Vec::new());
    };
    let count = usize::try_from(list.cnt).unwrap_or(0);
    // SAFETY: the list has that many elements.
    let partitions = unsafe { elements(list.elems, count) };
    partitions
        .iter()
        .filter(|committed| committed.offset >= 0)
        // SAFETY: an element of a live list.
        .map(|committed| unsafe { partition(committed) })
        .collect()
}

/// # Safety
/// The element must live.
unsafe fn partition(
    element: *const rdsys::rd_kafka_topic_partition_t,
) -> Result<PartitionOffset, Refusal> {
    // SAFETY: promised by the caller.
    unsafe {
        Refusal::check(ErrorCode::of((*element).err), std::ptr::null())?;
        Ok(PartitionOffset {
            topic: string((*element).topic),
            partition: (*element).partition,
            offset: (*element).offset,
        })
    }
}
