//! DeleteTopics (key 20).
//!
//! Versions 1–6. 4 is flexible, 5 adds messages, 6 takes names or ids.
//!
//! Deviations: none known; the timeout is never reached.

use std::collections::HashMap;

use crate::api::{Answer, ErrorCode, Handler, RequestContext};
use crate::meta::TopicRef;
use crate::wire::Uuid;

api! {
    key 20, versions 1..=6, flexible 4;

    request DeleteTopicsRequest {
        topics: Vec<DeleteTopicState> [6..],
        topic_names: Vec<String> [..=5],
        timeout_ms: i32,
    }

    response DeleteTopicsResponse {
        throttle_time_ms: i32,
        responses: Vec<DeletableTopicResult>,
    }

    struct DeleteTopicState {
        name: Option<String>,
        topic_id: Uuid,
    }

    struct DeletableTopicResult {
        name: Option<String> [0.., nullable 6..],
        topic_id: Uuid [6..],
        error_code: ErrorCode,
        error_message: Option<String> [5..],
    }
}

impl Handler for DeleteTopicsRequest {
    async fn handle(self, context: &RequestContext) -> Answer<DeleteTopicsResponse> {
        let named = self.topic_names.into_iter().map(|name| DeleteTopicState {
            name: Some(name),
            ..DeleteTopicState::default()
        });
        let asked: Vec<_> = self.topics.into_iter().chain(named).collect();
        let mut times: HashMap<(Option<&str>, Uuid), usize> = HashMap::new();
        for topic in &asked {
            *times.entry(topic.key()).or_default() += 1;
        }
        let mut responses = Vec::with_capacity(asked.len());
        for topic in &asked {
            // One answer for all of a name or an id.
            if let Some(count) = times.remove(&topic.key()) {
                responses.push(delete(context, topic, count > 1));
            }
        }
        DeleteTopicsResponse {
            responses,
            ..DeleteTopicsResponse::default()
        }
        .into()
    }
}

impl DeleteTopicState {
    fn key(&self) -> (Option<&str>, Uuid) {
        (self.name.as_deref(), self.topic_id)
    }
}

fn delete(context: &RequestContext, topic: &DeleteTopicState, twice: bool) -> DeletableTopicResult {
    let refused = |error_code, message: &str| DeletableTopicResult {
        name: topic.name.clone(),
        topic_id: topic.topic_id,
        error_code,
        error_message: Some(message.to_owned()),
    };
    if twice {
        return refused(
            ErrorCode::INVALID_REQUEST,
            "Duplicate topic in the request.",
        );
    }
    if !context.broker.config().flag("delete.topic.enable") {
        return refused(
            ErrorCode::TOPIC_DELETION_DISABLED,
            "Topic deletion is disabled.",
        );
    }
    let target = match &topic.name {
        Some(_) if !topic.topic_id.is_zero() => {
            let message = "A topic is deleted by its name or by its id, not by both.";
            return refused(ErrorCode::INVALID_REQUEST, message);
        }
        Some(name) => TopicRef::Name(name),
        None if topic.topic_id.is_zero() => {
            return refused(
                ErrorCode::INVALID_REQUEST,
                "Neither a name nor an id was given.",
            );
        }
        None => TopicRef::Id(topic.topic_id),
    };
    match context.broker.catalog().delete_topic(target) {
        Ok(deleted) => DeletableTopicResult {
            name: Some(deleted.name.to_string()),
            topic_id: deleted.id,
            ..DeletableTopicResult::default()
        },
        Err(error) => refused(ErrorCode::from(&error), &error.to_string()),
    }
}
