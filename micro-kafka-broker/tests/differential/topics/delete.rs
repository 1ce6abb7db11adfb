//! DeleteTopics, by name and by id.

use kafka_protocol::messages::delete_topics_request::DeleteTopicState;
use kafka_protocol::messages::delete_topics_response::DeletableTopicResult;
use kafka_protocol::messages::{ApiKey, DeleteTopicsRequest, DeleteTopicsResponse};
use rand::RngExt;
use rand::rngs::StdRng;
use uuid::Uuid;

use crate::records::pick;
use crate::side::{Side, topic_name};

pub(super) async fn topics(side: &mut Side, rng: &mut StdRng) {
    let version = rng.random_range(1..=6);
    let count = pick(rng, &[1, 1, 1, 2, 0]);
    let names: Vec<_> = (0..count)
        .map(|_| pick(rng, &["t0", "t1", "t2", "missing"]))
        .collect();
    let by_id = version >= 6 && rng.random_bool(0.5);
    let mut request = DeleteTopicsRequest::default().with_timeout_ms(10_000);
    if version >= 6 {
        let state = |name: &&str| match by_id {
            true => DeleteTopicState::default()
                .with_name(None)
                .with_topic_id(side.topic_ids.get(*name).copied().unwrap_or(Uuid::max())),
            false => DeleteTopicState::default().with_name(Some(topic_name(&side.name(name)))),
        };
        request = request.with_topics(names.iter().map(state).collect());
    } else {
        let named = names.iter().map(|name| topic_name(&side.name(name)));
        request = request.with_topic_names(named.collect());
    }
    let what = format!("{names:?} by_id={by_id}");
    let masks = side.masks.clone();
    let sort = |answer: &mut DeleteTopicsResponse| {
        // Apache Kafka puts what it refuses at random places.
        let key = |of: &DeletableTopicResult| {
            masks.mask(&format!("{:?} {} {}", of.name, of.topic_id, of.error_code))
        };
        answer.responses.sort_by_cached_key(key);
        String::new()
    };
    side.ask_with(&what, ApiKey::DeleteTopics, version, &request, sort)
        .await;
}
