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

    #[derive(Eq, Hash)]
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
        let responses = match context.broker.config().flag("delete.topic.enable") {
            true => delete_all(context, asked),
            false => {
                let code = match context.version < 3 {
                    true => ErrorCode::INVALID_REQUEST,
                    false => ErrorCode::TOPIC_DELETION_DISABLED,
                };
                let refused = |topic| {
                    DeletableTopicResult::refused(topic, code, "Topic deletion is disabled.")
                };
                asked.into_iter().map(refused).collect()
            }
        };
        DeleteTopicsResponse {
            responses,
            ..DeleteTopicsResponse::default()
        }
        .into()
    }
}

impl DeletableTopicResult {
    fn refused(topic: DeleteTopicState, error_code: ErrorCode, message: &str) -> Self {
        Self {
            name: topic.name,
            topic_id: topic.topic_id,
            error_code,
            error_message: Some(message.to_owned()),
        }
    }
}

/// Deletes the topics that are named once, by their name or by their id.
fn delete_all(context: &RequestContext, asked: Vec<DeleteTopicState>) -> Vec<DeletableTopicResult> {
    let image = context.broker.catalog().image();
    let mut times: HashMap<DeleteTopicState, usize> = HashMap::new();
    for topic in &asked {
        *times.entry(topic.clone()).or_default() += 1;
    }
    // A topic that is named by its name and by its id is answered under its name.
    let mut by_both = HashMap::new();
    for topic in times.keys() {
        let found = topic.name.as_ref().and_then(|name| image.topic(name));
        if let Some(found) = found.filter(|_| topic.topic_id.is_zero()) {
            let by_id = DeleteTopicState {
                name: None,
                topic_id: found.id,
            };
            if times.contains_key(&by_id) {
                by_both.insert(topic.clone(), by_id);
            }
        }
    }
    for by_id in by_both.values() {
        times.remove(by_id);
    }
    let mut results = Vec::with_capacity(times.len());
    for topic in asked {
        // One answer for all of a name or an id.
        let Some(count) = times.remove(&topic) else {
            continue;
        };
        results.push(match by_both.get(&topic) {
            Some(by_id) => {
                let topic_id = by_id.topic_id;
                let message = "The provided topic name maps to an ID that was already supplied.";
                let named = DeleteTopicState { topic_id, ..topic };
                DeletableTopicResult::refused(named, ErrorCode::INVALID_REQUEST, message)
            }
            None => delete(context, topic, count > 1),
        });
    }
    results
}

fn delete(context: &RequestContext, topic: DeleteTopicState, twice: bool) -> DeletableTopicResult {
    let problem = match (&topic.name, topic.topic_id.is_zero()) {
        (None, true) => Some("Neither topic name nor id were specified."),
        (Some(_), false) => Some("You may not specify both topic name and topic id."),
        (Some(_), true) if twice => Some("Duplicate topic name."),
        (None, false) if twice => Some("Duplicate topic id."),
        _ => None,
    };
    if let Some(problem) = problem {
        return DeletableTopicResult::refused(topic, ErrorCode::INVALID_REQUEST, problem);
    }
    let target = match &topic.name {
        Some(name) => TopicRef::Name(name),
        None => TopicRef::Id(topic.topic_id),
    };
    match context.broker.catalog().delete_topic(target) {
        Ok(deleted) => DeletableTopicResult {
            name: Some(deleted.name.to_string()),
            topic_id: deleted.id,
            ..DeletableTopicResult::default()
        },
        Err(error) => {
            let (code, message) = (ErrorCode::from(&error), error.to_string());
            DeletableTopicResult::refused(topic, code, &message)
        }
    }
}
