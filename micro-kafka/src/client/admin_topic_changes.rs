//! Growing topics, reading their configurations, and changing them.

use std::collections::BTreeMap;
use std::ffi::c_char;
use std::time::Duration;

use rdkafka::bindings as rdsys;
use rdsys::rd_kafka_admin_op_t as Op;

use super::admin::{Answers, Natives, Refusal, c_string, elements, request, string};
use super::admin_topics::topic_results;
use super::producer_config::{ERROR_TEXT, error_text};
use super::{AnyClient, ErrorCode};

/// Gives topics more partitions: so many in all.
pub(crate) async fn create_partitions(
    client: &AnyClient,
    topics: &[(String, u32)],
    timeout: Duration,
) -> Result<Answers<()>, Refusal> {
    let answer = {
        let mut list = Natives::new(rdsys::rd_kafka_NewPartitions_destroy);
        for (name, count) in topics {
            let name = c_string(name)?;
            let mut reason = [0 as c_char; ERROR_TEXT];
            let count = usize::try_from(*count).unwrap_or(usize::MAX);
            // SAFETY: the name is zero-terminated; the buffer is as long as we say.
            let grown = unsafe {
                rdsys::rd_kafka_NewPartitions_new(
                    name.as_ptr(),
                    count,
                    reason.as_mut_ptr(),
                    reason.len(),
                )
            };
            list.push(grown).map_err(|refusal| Refusal {
                reason: error_text(&reason),
                ..refusal
            })?;
        }
        let (start, count) = (list.as_mut_ptr(), list.len());
        let operation = Op::RD_KAFKA_ADMIN_OP_CREATEPARTITIONS;
        request(client, operation, timeout, |client, options, queue| {
            // SAFETY: all of them live, and librdkafka copies what it needs.
            unsafe { rdsys::rd_kafka_CreatePartitions(client, start, count, options, queue) };
        })?
    };
    let event = answer.event().await?;
    let mut count = 0;
    // SAFETY: an event of that kind; its results live as long as it.
    Ok(unsafe {
        let result = rdsys::rd_kafka_event_CreatePartitions_result(event.as_ptr());
        let topics = rdsys::rd_kafka_CreatePartitions_result_topics(result, &raw mut count);
        topic_results(elements(topics, count))
    })
}

/// All settings of topics.
pub(crate) async fn describe_topic_configs(
    client: &AnyClient,
    topics: &[&str],
    timeout: Duration,
) -> Result<Answers<BTreeMap<String, Option<String>>>, Refusal> {
    let answer = {
        let mut list = Natives::new(rdsys::rd_kafka_ConfigResource_destroy);
        for topic in topics {
            resource(&mut list, topic)?;
        }
        let (start, count) = (list.as_mut_ptr(), list.len());
        let operation = Op::RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS;
        request(client, operation, timeout, |client, options, queue| {
            // SAFETY: all of them live, and librdkafka copies what it needs.
            unsafe { rdsys::rd_kafka_DescribeConfigs(client, start, count, options, queue) };
        })?
    };
    let event = answer.event().await?;
    let mut count = 0;
    // SAFETY: an event of that kind; its results live as long as it.
    Ok(unsafe {
        let result = rdsys::rd_kafka_event_DescribeConfigs_result(event.as_ptr());
        let resources = rdsys::rd_kafka_DescribeConfigs_result_resources(result, &raw mut count);
        let resources = elements(resources, count).iter();
        resources
            .map(|one| {
                let (name, outcome) = resource_result(*one);
                (name, outcome.map(|()| entries(*one)))
            })
            .collect()
    })
}

/// Sets settings of topics; all others stay as they are (KIP-339).
pub(crate) async fn alter_topic_configs(
    client: &AnyClient,
    topics: &[(String, Vec<(String, String)>)],
    timeout: Duration,
) -> Result<Answers<()>, Refusal> {
    let answer = {
        let mut list = Natives::new(rdsys::rd_kafka_ConfigResource_destroy);
        for (topic, configs) in topics {
            let one = resource(&mut list, topic)?;
            for (name, value) in configs {
                let (name, value) = (c_string(name)?, c_string(value)?);
                let set = rdsys::rd_kafka_AlterConfigOpType_t::RD_KAFKA_ALTER_CONFIG_OP_TYPE_SET;
                // SAFETY: the resource lives; the strings are zero-terminated and copied.
                let error = unsafe {
                    rdsys::rd_kafka_ConfigResource_add_incremental_config(
                        one,
                        name.as_ptr(),
                        set,
                        value.as_ptr(),
                    )
                };
                if !error.is_null() {
                    // SAFETY: the error is ours.
                    unsafe { rdsys::rd_kafka_error_destroy(error) };
                    return Err(Refusal::of(ErrorCode::INVALID_ARGUMENT));
                }
            }
        }
        let (start, count) = (list.as_mut_ptr(), list.len());
        let operation = Op::RD_KAFKA_ADMIN_OP_INCREMENTALALTERCONFIGS;
        request(client, operation, timeout, |client, options, queue| {
            // SAFETY: all of them live, and librdkafka copies what it needs.
            unsafe {
                rdsys::rd_kafka_IncrementalAlterConfigs(client, start, count, options, queue)
            };
        })?
    };
    let event = answer.event().await?;
    let mut count = 0;
    // SAFETY: an event of that kind; its results live as long as it.
    Ok(unsafe {
        let result = rdsys::rd_kafka_event_IncrementalAlterConfigs_result(event.as_ptr());
        let resources =
            rdsys::rd_kafka_IncrementalAlterConfigs_result_resources(result, &raw mut count);
        let resources = elements(resources, count).iter();
        resources.map(|one| resource_result(*one)).collect()
    })
}

fn resource(
    list: &mut Natives<rdsys::rd_kafka_ConfigResource_t>,
    topic: &str,
) -> Result<*mut rdsys::rd_kafka_ConfigResource_t, Refusal> {
    let name = c_string(topic)?;
    let kind = rdsys::rd_kafka_ResourceType_t::RD_KAFKA_RESOURCE_TOPIC;
    // SAFETY: the name is zero-terminated and copied.
    list.push(unsafe { rdsys::rd_kafka_ConfigResource_new(kind, name.as_ptr()) })
}

/// # Safety
/// The resource must live.
unsafe fn resource_result(
    one: *const rdsys::rd_kafka_ConfigResource_t,
) -> (String, Result<(), Refusal>) {
    // SAFETY: promised by the caller.
    unsafe {
        let code = ErrorCode::of(rdsys::rd_kafka_ConfigResource_error(one));
        let reason = rdsys::rd_kafka_ConfigResource_error_string(one);
        let name = string(rdsys::rd_kafka_ConfigResource_name(one));
        (name, Refusal::check(code, reason))
    }
}

/// # Safety
/// The resource must live.
unsafe fn entries(
    one: *const rdsys::rd_kafka_ConfigResource_t,
) -> BTreeMap<String, Option<String>> {
    let mut count = 0;
    // SAFETY: promised by the caller; the entries live as long as the resource.
    unsafe {
        let start = rdsys::rd_kafka_ConfigResource_configs(one, &raw mut count);
        let all = elements(start.cast_const(), count).iter();
        all.map(|entry| {
            let value = rdsys::rd_kafka_ConfigEntry_value(*entry);
            let value = (!value.is_null()).then(|| string(value));
            (string(rdsys::rd_kafka_ConfigEntry_name(*entry)), value)
        })
        .collect()
    }
}
