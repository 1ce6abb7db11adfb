//! The settings of topics, as the brokers have them.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::bindings as rdsys;
use rdsys::rd_kafka_ResourceType_t as Resource;
use rdsys::rd_kafka_admin_op_t as Op;

use super::admin::{Answers, Natives, Refusal, c_string, elements, request, string};
use super::{AnyClient, ErrorCode};

/// Every setting of these topics, defaults included.
pub(crate) async fn describe_topic_configs(
    client: &AnyClient,
    topics: &[&str],
    timeout: Duration,
) -> Result<Answers<BTreeMap<String, String>>, Refusal> {
    let answer = {
        let mut resources = Natives::new(rdsys::rd_kafka_ConfigResource_destroy);
        for topic in topics {
            let name = c_string(topic)?;
            let kind = Resource::RD_KAFKA_RESOURCE_TOPIC;
            // SAFETY: the name is zero-terminated and copied.
            resources.push(unsafe { rdsys::rd_kafka_ConfigResource_new(kind, name.as_ptr()) })?;
        }
        let (list, count) = (resources.as_mut_ptr(), resources.len());
        let operation = Op::RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS;
        request(client, operation, timeout, |client, options, queue| {
            // SAFETY: all of them live, and librdkafka copies what it needs.
            unsafe { rdsys::rd_kafka_DescribeConfigs(client, list, count, options, queue) };
        })?
    };
    let event = answer.event().await?;
    let mut count = 0;
    // SAFETY: an event of that kind; its resources live as long as it.
    let resources = unsafe {
        let result = rdsys::rd_kafka_event_DescribeConfigs_result(event.as_ptr());
        let resources = rdsys::rd_kafka_DescribeConfigs_result_resources(result, &raw mut count);
        elements(resources, count)
    };
    // SAFETY: as above.
    let described = resources.iter().map(|resource| unsafe { of(*resource) });
    Ok(described.collect())
}

/// # Safety
/// The resource must live.
unsafe fn of(
    resource: *const rdsys::rd_kafka_ConfigResource_t,
) -> (String, Result<BTreeMap<String, String>, Refusal>) {
    let mut count = 0;
    // SAFETY: promised by the caller; the entries live as long as the resource.
    unsafe {
        let name = string(rdsys::rd_kafka_ConfigResource_name(resource));
        let code = ErrorCode::of(rdsys::rd_kafka_ConfigResource_error(resource));
        let reason = rdsys::rd_kafka_ConfigResource_error_string(resource);
        if let Err(refusal) = Refusal::check(code, reason) {
            return (name, Err(refusal));
        }
        let entries = rdsys::rd_kafka_ConfigResource_configs(resource, &raw mut count);
        let entries = elements(entries, count).iter().map(|entry| {
            let name = string(rdsys::rd_kafka_ConfigEntry_name(*entry));
            (name, string(rdsys::rd_kafka_ConfigEntry_value(*entry)))
        });
        (name, Ok(entries.collect()))
    }
}
