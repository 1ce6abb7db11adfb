//! The journal of requests, as JSON.

use serde::Serialize;

use crate::fault::{AnswerView, Ending, Exchange, Failure};

/// A request, and what became of it.
#[derive(Debug, Serialize)]
pub(crate) struct ExchangeView {
    /// Milliseconds by the broker's clock, since its start.
    at_ms: f64,
    api: &'static str,
    version: i16,
    connection: u64,
    correlation_id: i32,
    client_id: Option<String>,
    client: String,
    topics: Vec<NamedTopic>,
    groups: Vec<String>,
    transactional_ids: Vec<String>,
    /// The rule that it met, if any.
    fault: Option<String>,
    /// How it ended; null as long as it has not.
    answer: Option<AnswerShown>,
}

#[derive(Debug, Serialize)]
struct NamedTopic {
    topic: String,
    partitions: Vec<i32>,
}

#[derive(Debug, Serialize)]
struct AnswerShown {
    latency_ms: f64,
    ending: &'static str,
    errors: Vec<FailureView>,
}

#[derive(Debug, Serialize)]
struct FailureView {
    topic: Option<String>,
    partition: Option<i32>,
    error: String,
}

impl From<Exchange> for ExchangeView {
    fn from(exchange: Exchange) -> Self {
        let request = exchange.request;
        let topics = request.topics.into_iter().map(|named| NamedTopic {
            topic: named.topic,
            partitions: named.partitions,
        });
        Self {
            at_ms: exchange.at.as_secs_f64() * 1_000.0,
            api: request.api.name(),
            version: request.version,
            connection: request.connection,
            correlation_id: request.correlation_id,
            client_id: request.client_id,
            client: request.peer.to_string(),
            topics: topics.collect(),
            groups: request.groups,
            transactional_ids: request.transactional_ids,
            fault: exchange.fault,
            answer: exchange.answer.map(AnswerShown::from),
        }
    }
}

impl From<AnswerView> for AnswerShown {
    fn from(answer: AnswerView) -> Self {
        Self {
            latency_ms: answer.latency.as_secs_f64() * 1_000.0,
            ending: match answer.ending {
                Ending::Answered => "answered",
                Ending::Unanswered => "unanswered",
                Ending::Closed => "closed",
                Ending::Cut => "cut",
                Ending::Silenced => "silenced",
            },
            errors: answer.failures.into_iter().map(FailureView::from).collect(),
        }
    }
}

impl From<Failure> for FailureView {
    fn from(failure: Failure) -> Self {
        Self {
            topic: failure.topic,
            partition: failure.partition,
            error: failure.error.to_string(),
        }
    }
}
