//! Creating, describing and deleting topics.

use std::ffi::{c_char, c_int};
use std::time::Duration;

use rdkafka::bindings as rdsys;
use rdsys::rd_kafka_admin_op_t as Op;

use super::admin::{Answers, Natives, Refusal, c_string, elements, request, string};
use super::producer_config::{ERROR_TEXT, error_text};
use super::{AnyClient, ErrorCode};

/// A topic to create; -1 asks for the broker's default.
#[derive(Debug)]
pub(crate) struct TopicSpec<'s> {
    pub(crate) name: &'s str,
    pub(crate) partitions: c_int,
    pub(crate) replication: c_int,
    pub(crate) configs: &'s [(String, String)],
}

pub(crate) async fn create_topics(
    client: &AnyClient,
    specs: &[TopicSpec<'_>],
    timeout: Duration,
) -> Result<Answers<()>, Refusal> {
    let answer = {
        let mut topics = Natives::new(rdsys::rd_kafka_NewTopic_destroy);
        for spec in specs {
            new_topic(&mut topics, spec)?;
        }
        let (list, count) = (topics.as_mut_ptr(), topics.len());
        let operation = Op::RD_KAFKA_ADMIN_OP_CREATETOPICS;
        request(client, operation, timeout, |client, options, queue| {
            // SAFETY: all of them live, and librdkafka copies what it needs.
            unsafe { rdsys::rd_kafka_CreateTopics(client, list, count, options, queue) };
        })?
    };
    let event = answer.event().await?;
    let mut count = 0;
    // SAFETY: an event of that kind; its results live as long as it.
    Ok(unsafe {
        let result = rdsys::rd_kafka_event_CreateTopics_result(event.as_ptr());
        let topics = rdsys::rd_kafka_CreateTopics_result_topics(result, &raw mut count);
        topic_results(elements(topics, count))
    })
}

fn new_topic(
    topics: &mut Natives<rdsys::rd_kafka_NewTopic_t>,
    spec: &TopicSpec<'_>,
) -> Result<(), Refusal> {
    let name = c_string(spec.name)?;
    let mut reason = [0 as c_char; ERROR_TEXT];
    // SAFETY: the name is zero-terminated; the buffer is as long as we say.
    let topic = unsafe {
        rdsys::rd_kafka_NewTopic_new(
            name.as_ptr(),
            spec.partitions,
            spec.replication,
            reason.as_mut_ptr(),
            reason.len(),
        )
    };
    let topic = topics.push(topic).map_err(|refusal| Refusal {
        reason: error_text(&reason),
        ..refusal
    })?;
    for (key, value) in spec.configs {
        let (key, value) = (c_string(key)?, c_string(value)?);
        // SAFETY: the topic lives; the strings are zero-terminated and copied.
        let code =
            unsafe { rdsys::rd_kafka_NewTopic_set_config(topic, key.as_ptr(), value.as_ptr()) };
        // SAFETY: null is allowed.
        unsafe { Refusal::check(ErrorCode::of(code), std::ptr::null()) }?;
    }
    Ok(())
}

pub(crate) async fn delete_topics(
    client: &AnyClient,
    names: &[&str],
    timeout: Duration,
) -> Result<Answers<()>, Refusal> {
    let answer = {
        let mut topics = Natives::new(rdsys::rd_kafka_DeleteTopic_destroy);
        for name in names {
            let name = c_string(name)?;
            // SAFETY: the name is zero-terminated and copied.
            topics.push(unsafe { rdsys::rd_kafka_DeleteTopic_new(name.as_ptr()) })?;
        }
        let (list, count) = (topics.as_mut_ptr(), topics.len());
        let operation = Op::RD_KAFKA_ADMIN_OP_DELETETOPICS;
        request(client, operation, timeout, |client, options, queue| {
            // SAFETY: all of them live, and librdkafka copies what it needs.
            unsafe { rdsys::rd_kafka_DeleteTopics(client, list, count, options, queue) };
        })?
    };
    let event = answer.event().await?;
    let mut count = 0;
    // SAFETY: an event of that kind; its results live as long as it.
    Ok(unsafe {
        let result = rdsys::rd_kafka_event_DeleteTopics_result(event.as_ptr());
        let topics = rdsys::rd_kafka_DeleteTopics_result_topics(result, &raw mut count);
        topic_results(elements(topics, count))
    })
}

/// # Safety
/// The results must live.
pub(super) unsafe fn topic_results(
    topics: &[*const rdsys::rd_kafka_topic_result_t],
) -> Answers<()> {
    topics
        .iter()
        .map(|topic| {
            // SAFETY: promised by the caller.
            unsafe {
                let code = ErrorCode::of(rdsys::rd_kafka_topic_result_error(*topic));
                let reason = rdsys::rd_kafka_topic_result_error_string(*topic);
                let name = string(rdsys::rd_kafka_topic_result_name(*topic));
                (name, Refusal::check(code, reason))
            }
        })
        .collect()
}
