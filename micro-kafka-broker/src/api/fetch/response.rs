//! The answer, as clients read it.

use super::read::Fetch;
use super::{
    FetchResponse, FetchableTopicResponse, LEADERS_FROM, LeaderIdAndEpoch, NodeEndpoint,
    PartitionData,
};
use crate::api::{ErrorCode, RequestContext};
use crate::meta::Image;
use crate::session::{SessionAnswer, SessionTopic, Wanted};
use crate::wire::Uuid;

impl FetchableTopicResponse {
    fn of(topic: &SessionTopic) -> Self {
        let (topic, topic_id) = match topic {
            SessionTopic::Name(name) => (name.to_string(), Uuid::default()),
            SessionTopic::Id(id) => (String::new(), *id),
        };
        Self {
            topic,
            topic_id,
            partitions: Vec::new(),
        }
    }
}

impl Fetch<'_> {
    /// The answer with what the session lets be told. Neighbours of one topic are told together.
    pub(super) fn into_response(
        self,
        answer: &SessionAnswer,
        found: Vec<PartitionData>,
    ) -> FetchResponse {
        let mut responses: Vec<FetchableTopicResponse> = Vec::new();
        let mut last = None;
        let told = self.wanted.iter().zip(found).zip(&answer.told);
        for ((wanted, data), _) in told.filter(|(_, told)| **told) {
            let topic = &wanted.key.topic;
            if last.replace(topic) != Some(topic) {
                responses.push(FetchableTopicResponse::of(topic));
            }
            if let Some(response) = responses.last_mut() {
                response.partitions.push(data);
            }
        }
        FetchResponse {
            session_id: answer.id,
            node_endpoints: node_endpoints(self.context, &responses),
            responses,
            ..FetchResponse::default()
        }
    }
}

/// The addresses of the leaders named in the answer.
fn node_endpoints(
    context: &RequestContext,
    responses: &[FetchableTopicResponse],
) -> Vec<NodeEndpoint> {
    let partitions = || responses.iter().flat_map(|topic| &topic.partitions);
    let named = |id| partitions().any(|p| p.current_leader.leader_id == id);
    let endpoints = context.brokers().filter(|(id, _)| named(*id));
    endpoints
        .map(|(node_id, endpoint)| NodeEndpoint {
            node_id,
            host: endpoint.host.clone(),
            port: endpoint.port.into(),
            rack: None,
        })
        .collect()
}

/// Whom to ask instead, for a client that asked in the wrong place or too early.
pub(super) fn current_leader(
    context: &RequestContext,
    image: &Image,
    wanted: &Wanted,
    error_code: ErrorCode,
) -> LeaderIdAndEpoch {
    let moved = [
        ErrorCode::NOT_LEADER_OR_FOLLOWER,
        ErrorCode::FENCED_LEADER_EPOCH,
    ];
    if context.version < LEADERS_FROM || !moved.contains(&error_code) {
        return LeaderIdAndEpoch::default();
    }
    let topic = image.find(super::sessions::topic_ref(&wanted.key.topic));
    match topic.and_then(|topic| topic.partition(wanted.key.index)) {
        Some(info) => LeaderIdAndEpoch {
            leader_id: info.leader,
            leader_epoch: info.leader_epoch,
        },
        None => LeaderIdAndEpoch::default(),
    }
}
