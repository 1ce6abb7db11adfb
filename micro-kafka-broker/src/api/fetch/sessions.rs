//! Between the messages of Fetch and the machine of its sessions.

use std::sync::Arc;

use super::{FetchRequest, FetchResponse, ForgottenTopic, PartitionData, TOPIC_IDS_FROM};
use crate::api::ErrorCode;
use crate::meta::{Image, TopicRef};
use crate::session::{
    Interest, SessionError, SessionKey, SessionRequest, SessionTopic, Told, Wanted,
};
use crate::wire::Uuid;

impl FetchRequest {
    /// Whether a broker that follows has sent it.
    pub(super) fn is_of_follower(&self) -> bool {
        let replicas = [self.replica_id, self.replica_state.replica_id];
        replicas.iter().any(|id| *id >= 0)
    }

    /// Takes out what concerns the session.
    pub(super) fn take_session(&mut self, version: i16) -> SessionRequest {
        let topic_ids = version >= TOPIC_IDS_FROM;
        let wanted = std::mem::take(&mut self.topics).into_iter();
        let wanted = wanted.flat_map(|topic| {
            let name = session_topic(topic_ids, &topic.topic, topic.topic_id);
            topic.partitions.into_iter().map(move |partition| Wanted {
                key: SessionKey {
                    topic: name.clone(),
                    index: partition.partition,
                },
                name: None,
                interest: Interest {
                    offset: partition.fetch_offset,
                    max_bytes: partition.partition_max_bytes,
                    leader_epoch: partition.current_leader_epoch,
                    last_fetched_epoch: partition.last_fetched_epoch,
                },
            })
        });
        let forgotten = self.forgotten_topics_data.iter();
        SessionRequest {
            id: self.session_id,
            epoch: self.session_epoch,
            topic_ids,
            follower: self.is_of_follower(),
            wanted: wanted.collect(),
            forgotten: forgotten.flat_map(|t| t.keys(topic_ids)).collect(),
        }
    }
}

impl ForgottenTopic {
    fn keys(&self, topic_ids: bool) -> impl Iterator<Item = SessionKey> {
        let topic = session_topic(topic_ids, &self.topic, self.topic_id);
        self.partitions.iter().map(move |index| SessionKey {
            topic: topic.clone(),
            index: *index,
        })
    }
}

fn session_topic(topic_ids: bool, name: &str, id: Uuid) -> SessionTopic {
    match topic_ids {
        true => SessionTopic::Id(id),
        false => SessionTopic::Name(name.into()),
    }
}

/// The topic as the catalog finds it.
pub(super) fn topic_ref(topic: &SessionTopic) -> TopicRef<'_> {
    match topic {
        SessionTopic::Name(name) => TopicRef::Name(name),
        SessionTopic::Id(id) => TopicRef::Id(*id),
    }
}

/// The name of a topic that is named by id.
pub(super) fn name_of(image: &Image, topic: &SessionTopic) -> Option<Arc<str>> {
    match topic {
        SessionTopic::Name(_) => None,
        SessionTopic::Id(id) => Some(Arc::clone(&image.topic_by_id(*id)?.name)),
    }
}

/// Partitions that there are not are told after the others, as in Kafka: first those whose topic's
/// id says nothing.
pub(super) fn put_missing_last(image: &Image, wanted: &mut [Wanted]) {
    let place = |wanted: &Wanted| {
        let found = image.find(topic_ref(&wanted.key.topic));
        // A topic named by id may have a successor, which is looked into in vain.
        let named = || image.topic(wanted.name.as_deref()?);
        let found = found.or_else(named);
        let nameless = matches!(wanted.key.topic, SessionTopic::Id(_)) && wanted.name.is_none();
        match found.and_then(|topic| topic.partition(wanted.key.index)) {
            Some(_) => 0,
            None if found.is_none() && nameless => 1,
            None => 2,
        }
    };
    if wanted.iter().any(|wanted| place(wanted) > 0) {
        wanted.sort_by_cached_key(place);
    }
}

impl PartitionData {
    /// What a session must know of an answer.
    pub(super) fn told(&self) -> Told {
        Told {
            high_watermark: self.high_watermark,
            log_start_offset: self.log_start_offset,
            records: self.records.len() > 0,
            error: !self.error_code.is_none(),
            diverges: self.diverging_epoch.epoch >= 0,
        }
    }
}

impl FetchResponse {
    /// The answer to a request that does not fit its session.
    pub(super) fn refused(session_id: i32, error: SessionError) -> Self {
        Self {
            error_code: match error {
                SessionError::NotFound => ErrorCode::FETCH_SESSION_ID_NOT_FOUND,
                SessionError::WrongEpoch => ErrorCode::INVALID_FETCH_SESSION_EPOCH,
                SessionError::TopicNames => ErrorCode::FETCH_SESSION_TOPIC_ID_ERROR,
            },
            session_id,
            ..Self::default()
        }
    }
}
