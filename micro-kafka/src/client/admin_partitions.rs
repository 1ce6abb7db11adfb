//! What a cluster says of topics' partitions.

use std::time::Duration;

use rdkafka::bindings as rdsys;
use rdsys::rd_kafka_admin_op_t as Op;

use super::admin::{Answers, Natives, Refusal, c_string, elements, request, string};
use super::{AnyClient, ErrorCode};

/// A partition as its cluster sees it now: Spring's `PartitionInfo`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PartitionInfo {
    /// Its number.
    pub partition: i32,
    /// The broker that takes its records; `None` while it has none.
    pub leader: Option<BrokerNode>,
    /// The ids of the brokers that hold it, the preferred leader first.
    pub replicas: Vec<i32>,
    /// The ids of those among them that are up to date.
    pub in_sync: Vec<i32>,
}

/// A broker, and where it listens.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BrokerNode {
    /// Its id.
    pub id: i32,
    /// Its host, as it tells it to clients.
    pub host: String,
    /// Its port.
    pub port: u16,
}

/// The partitions of topics; does not create any.
pub(crate) async fn describe_topics(
    client: &AnyClient,
    names: &[&str],
    timeout: Duration,
) -> Result<Answers<Vec<PartitionInfo>>, Refusal> {
    let answer = {
        let names: Vec<_> = names
            .iter()
            .map(|name| c_string(name))
            .collect::<Result<_, _>>()?;
        let mut pointers: Vec<_> = names.iter().map(|name| name.as_ptr()).collect();
        let mut collection = Natives::new(rdsys::rd_kafka_TopicCollection_destroy);
        // SAFETY: the names are zero-terminated and copied.
        let topics = collection.push(unsafe {
            rdsys::rd_kafka_TopicCollection_of_topic_names(pointers.as_mut_ptr(), pointers.len())
        })?;
        let operation = Op::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS;
        request(client, operation, timeout, |client, options, queue| {
            // SAFETY: all of them live, and librdkafka copies what it needs.
            unsafe { rdsys::rd_kafka_DescribeTopics(client, topics, options, queue) };
        })?
    };
    let event = answer.event().await?;
    let mut count = 0;
    // SAFETY: an event of that kind; its results live as long as it.
    let topics = unsafe {
        let result = rdsys::rd_kafka_event_DescribeTopics_result(event.as_ptr());
        let topics = rdsys::rd_kafka_DescribeTopics_result_topics(result, &raw mut count);
        elements(topics, count)
    };
    // SAFETY: the event still lives.
    Ok(topics
        .iter()
        .map(|topic| unsafe { description(*topic) })
        .collect())
}

/// # Safety
/// The description must live.
unsafe fn description(
    topic: *const rdsys::rd_kafka_TopicDescription_t,
) -> (String, Result<Vec<PartitionInfo>, Refusal>) {
    let mut count = 0;
    // SAFETY: promised by the caller.
    unsafe {
        let partitions = rdsys::rd_kafka_TopicDescription_partitions(topic, &raw mut count);
        let partitions = elements(partitions, count).iter();
        let error = rdsys::rd_kafka_TopicDescription_error(topic);
        let name = string(rdsys::rd_kafka_TopicDescription_name(topic));
        if error.is_null() {
            return (name, Ok(partitions.map(|one| partition(*one)).collect()));
        }
        let code = ErrorCode::of(rdsys::rd_kafka_error_code(error));
        let reason = rdsys::rd_kafka_error_string(error);
        (name, Refusal::check(code, reason).map(|()| Vec::new()))
    }
}

/// # Safety
/// The description must live.
unsafe fn partition(partition: *const rdsys::rd_kafka_TopicPartitionInfo_t) -> PartitionInfo {
    let (mut held, mut current) = (0, 0);
    // SAFETY: promised by the caller.
    unsafe {
        let leader = rdsys::rd_kafka_TopicPartitionInfo_leader(partition);
        let replicas = rdsys::rd_kafka_TopicPartitionInfo_replicas(partition, &raw mut held);
        let in_sync = rdsys::rd_kafka_TopicPartitionInfo_isr(partition, &raw mut current);
        PartitionInfo {
            partition: rdsys::rd_kafka_TopicPartitionInfo_partition(partition),
            leader: (!leader.is_null()).then(|| node(leader)),
            replicas: ids(elements(replicas, held)),
            in_sync: ids(elements(in_sync, current)),
        }
    }
}

/// # Safety
/// The broker must live.
unsafe fn node(node: *const rdsys::rd_kafka_Node_t) -> BrokerNode {
    // SAFETY: promised by the caller.
    unsafe {
        BrokerNode {
            id: rdsys::rd_kafka_Node_id(node),
            host: string(rdsys::rd_kafka_Node_host(node)),
            port: rdsys::rd_kafka_Node_port(node),
        }
    }
}

/// # Safety
/// The brokers must live.
unsafe fn ids(nodes: &[*const rdsys::rd_kafka_Node_t]) -> Vec<i32> {
    let nodes = nodes.iter().filter(|node| !node.is_null());
    // SAFETY: promised by the caller.
    nodes
        .map(|node| unsafe { rdsys::rd_kafka_Node_id(*node) })
        .collect()
}
