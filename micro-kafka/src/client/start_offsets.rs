//! Where to begin reading newly assigned partitions, found out before they are assigned.
//!
//! librdkafka would do it by itself, but by a query on a timer that costs 100 ms for a partition
//! without a commit, and without telling the position that a fresh group starts at.

use std::ptr::{self, NonNull};
use std::sync::Arc;

use rdkafka::bindings as rdsys;
use rdsys::rd_kafka_IsolationLevel_t as Isolation;
use rdsys::rd_kafka_OffsetSpec_t as Spec;

use super::ClientError;
use super::handle::{ClientHandle, check};
use super::partition_list::PartitionList;

/// How long each of the two questions may take; every partition stands still meanwhile.
const TIMEOUT_MS: i32 = 1_000;

/// What to do where a group has no offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reset {
    Earliest,
    Latest,
    Error,
}

impl Reset {
    /// By the value of `auto.offset.reset`; librdkafka's own default is `largest`.
    pub(super) fn of(value: Option<&str>) -> Self {
        match value {
            Some("smallest" | "earliest" | "beginning") => Self::Earliest,
            Some("error") => Self::Error,
            _ => Self::Latest,
        }
    }
}

/// The isolation by the value of `isolation.level`.
pub(super) fn isolation(value: Option<&str>) -> Isolation {
    match value {
        Some("read_uncommitted") => Isolation::RD_KAFKA_ISOLATION_LEVEL_READ_UNCOMMITTED,
        _ => Isolation::RD_KAFKA_ISOLATION_LEVEL_READ_COMMITTED,
    }
}

fn ask_committed(client: &Arc<ClientHandle>, list: &mut PartitionList) -> Result<(), ClientError> {
    // SAFETY: client and list are alive.
    let code = unsafe { rdsys::rd_kafka_committed(client.raw(), list.raw(), TIMEOUT_MS) };
    check("rd_kafka_committed", code)
}

/// Fills in the committed offsets of `list`; every partition must be answered for.
pub(super) fn committed(
    client: &Arc<ClientHandle>,
    list: &mut PartitionList,
) -> Result<(), ClientError> {
    ask_committed(client, list)?;
    list.entries()
        .try_for_each(|entry| check("rd_kafka_committed", entry.error()))
}

/// Fills in the offsets of `list`: committed ones, and by `reset` where there is none. An offset
/// that cannot be found out in time stays open, and librdkafka goes on trying.
///
/// Returns the entries, by index, that had no committed offset and have one now.
pub(super) fn resolve(
    client: &Arc<ClientHandle>,
    list: &mut PartitionList,
    reset: Reset,
    isolation: Isolation,
) -> Result<Vec<usize>, ClientError> {
    ask_committed(client, list)?;
    let spec = match reset {
        Reset::Earliest => Spec::RD_KAFKA_OFFSET_SPEC_EARLIEST,
        Reset::Latest => Spec::RD_KAFKA_OFFSET_SPEC_LATEST,
        Reset::Error => return Ok(Vec::new()),
    };
    let fine = rdsys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR;
    let open = list
        .entries()
        .enumerate()
        .filter_map(|(index, entry)| {
            (entry.error() == fine && entry.offset().is_none()).then_some(index)
        })
        .collect::<Vec<_>>();
    if open.is_empty() {
        return Ok(open);
    }
    let ends = list_offsets(client, list, &open, i64::from(spec as i32), isolation)?;
    let mut found = Vec::with_capacity(open.len());
    let mut ends = ends;
    for (index, mut entry) in list.entries().enumerate() {
        if !open.contains(&index) {
            continue;
        }
        let end = ends.find(entry.topic(), entry.partition());
        if let Some((offset, epoch)) = end.and_then(|e| Some((e.offset()?, e.leader_epoch()))) {
            entry.set_offset(offset);
            entry.set_leader_epoch(epoch);
            found.push(index);
        }
    }
    Ok(found)
}

/// Asks the leaders for offsets of these entries of `list`, all at once: by librdkafka's number for
/// the first or last, or by a time.
pub(super) fn list_offsets(
    client: &Arc<ClientHandle>,
    list: &mut PartitionList,
    entries: &[usize],
    spec: i64,
    isolation: Isolation,
) -> Result<PartitionList, ClientError> {
    let out_of_memory = || ClientError::Create("out of memory".to_owned());
    let mut question = PartitionList::with_capacity(entries.len()).ok_or_else(out_of_memory)?;
    let mut answer = PartitionList::with_capacity(entries.len()).ok_or_else(out_of_memory)?;
    for (index, entry) in list.entries().enumerate() {
        if entries.contains(&index) {
            question.copy_from(&entry, spec);
        }
    }
    let queue = TemporaryQueue::new(client).ok_or_else(out_of_memory)?;
    // SAFETY: everything passed is alive for the call; librdkafka copies the question.
    unsafe {
        let options = rdsys::rd_kafka_AdminOptions_new(
            client.raw(),
            rdsys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_LISTOFFSETS,
        );
        rdsys::rd_kafka_AdminOptions_set_request_timeout(options, TIMEOUT_MS, ptr::null_mut(), 0);
        let refused = rdsys::rd_kafka_AdminOptions_set_isolation_level(options, isolation);
        if !refused.is_null() {
            rdsys::rd_kafka_error_destroy(refused);
        }
        rdsys::rd_kafka_ListOffsets(client.raw(), question.raw(), options, queue.0.as_ptr());
        rdsys::rd_kafka_AdminOptions_destroy(options);
    }
    let event = Event::wait(&queue).ok_or(ClientError::Call {
        call: "rd_kafka_ListOffsets",
        code: rdkafka::error::RDKafkaErrorCode::OperationTimedOut,
    })?;
    event.copy_offsets(&mut answer)?;
    Ok(answer)
}

struct TemporaryQueue<'c>(
    NonNull<rdsys::rd_kafka_queue_t>,
    std::marker::PhantomData<&'c ClientHandle>,
);

impl<'c> TemporaryQueue<'c> {
    fn new(client: &'c ClientHandle) -> Option<Self> {
        // SAFETY: the client is alive.
        let raw = NonNull::new(unsafe { rdsys::rd_kafka_queue_new(client.raw()) })?;
        Some(Self(raw, std::marker::PhantomData))
    }
}

impl Drop for TemporaryQueue<'_> {
    fn drop(&mut self) {
        // SAFETY: owned, released once, before its client.
        unsafe { rdsys::rd_kafka_queue_destroy(self.0.as_ptr()) };
    }
}

struct Event(NonNull<rdsys::rd_kafka_event_t>);

impl Event {
    fn wait(queue: &TemporaryQueue<'_>) -> Option<Self> {
        // SAFETY: the queue is alive.
        let raw = unsafe { rdsys::rd_kafka_queue_poll(queue.0.as_ptr(), TIMEOUT_MS) };
        NonNull::new(raw).map(Self)
    }

    fn copy_offsets(&self, into: &mut PartitionList) -> Result<(), ClientError> {
        // SAFETY: the event is alive, and with it everything that is read from it.
        unsafe {
            check(
                "rd_kafka_ListOffsets",
                rdsys::rd_kafka_event_error(self.0.as_ptr()),
            )?;
            let result = rdsys::rd_kafka_event_ListOffsets_result(self.0.as_ptr());
            if result.is_null() {
                return Ok(());
            }
            let mut count = 0;
            let infos = rdsys::rd_kafka_ListOffsets_result_infos(result, &raw mut count);
            for index in 0..count {
                let info = *infos.add(index);
                into.copy_raw(rdsys::rd_kafka_ListOffsetsResultInfo_topic_partition(info));
            }
        }
        Ok(())
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        // SAFETY: owned, destroyed once.
        unsafe { rdsys::rd_kafka_event_destroy(self.0.as_ptr()) };
    }
}
