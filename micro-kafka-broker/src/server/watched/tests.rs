use std::time::Duration;

use bytes::{Buf, Bytes};
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::api::Answer;
use crate::fault::{Action, ApiKey, Ending, ErrorCode, Failure, Matcher, Rule};
use crate::server::connection::Peer;
use crate::server::dispatch::{dispatch, encode, read_answer, sample_request, served_apis};
use crate::server::reply::Then;
use crate::server::tests::peer;
use crate::wire::sample::KNOWN_TOPIC;
use crate::wire::{Frame, HeaderStart, Message, Reader, Request, RequestHeader};

fn bytes_of(mut frame: Frame) -> Bytes {
    frame.copy_to_bytes(frame.remaining())
}

fn start_of(key: i16, version: i16) -> HeaderStart {
    HeaderStart {
        key,
        version,
        correlation_id: 9,
    }
}

/// A frame of this request, without its length.
fn frame<R: Request>(version: i16, request: &R) -> Bytes {
    let header = RequestHeader {
        start: start_of(R::KEY, version),
        client_id: Some("test".to_owned()),
    };
    bytes_of(header.request(request).unwrap()).slice(4..)
}

/// Sends a request and reads its answer.
async fn ask<R: Request>(peer: &Peer, version: i16, request: &R) -> R::Response {
    let reply = dispatch(peer, frame(version, request)).await.unwrap();
    let mut answer = bytes_of(reply.frame.unwrap());
    answer.advance(8);
    let shape = R::Response::shape(version);
    let mut reader = Reader::new(answer);
    if shape.flexible {
        reader.tagged_fields(|_, _| Ok(false)).unwrap();
    }
    crate::wire::Wire::decode(&mut reader, shape).unwrap()
}

fn failed(topic: &str, partition: i32, error: ErrorCode) -> Failure {
    Failure {
        topic: Some(topic.to_owned()),
        partition: Some(partition),
        error,
    }
}

/// What the youngest answer says.
fn failures(peer: &Peer) -> Vec<Failure> {
    let last = peer.broker.journal().entries().pop().unwrap();
    last.answer.unwrap().failures
}

#[tokio::test(start_paused = true)]
async fn every_version_of_every_api_can_be_refused_readably() {
    let mut rng = StdRng::seed_from_u64(11);
    let peer = peer();
    peer.broker.journal().keep(1);
    peer.broker
        .faults()
        .on_any()
        .answer(ErrorCode::REQUEST_TIMED_OUT);
    for api in served_apis() {
        for version in api.min..=api.max {
            let mut refused = 0;
            for _ in 0..20 {
                let mut frame = sample_request(start_of(api.key, version), &mut rng).unwrap();
                frame.advance(4);
                let Ok(reply) = dispatch(&peer, bytes_of(frame)).await else {
                    continue;
                };
                let mut answer = bytes_of(reply.frame.unwrap());
                answer.advance(8);
                let start = start_of(api.key, version);
                let left = read_answer(start, Reader::new(answer)).unwrap();
                assert_eq!(left, 0, "{} {version} leaves bytes over", api.name);
                let errors = failures(&peer);
                let told = errors
                    .iter()
                    .filter(|f| f.error == ErrorCode::REQUEST_TIMED_OUT);
                refused += usize::from(told.count() > 0);
            }
            // Requests for nothing have no place for an error in some answers.
            assert!(refused > 5, "{} {version}: {refused} of 20", api.name);
        }
    }
}

mod parts {
    use super::*;
    use crate::api::fetch::{FetchPartition, FetchRequest, FetchTopic};
    use crate::api::metadata::{MetadataRequest, MetadataRequestTopic};
    use crate::api::offset_commit::{
        OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
        OffsetCommitResponse,
    };

    fn commit(topics: &[(&str, &[i32])]) -> OffsetCommitRequest {
        let partition = |index: &i32| OffsetCommitRequestPartition {
            partition_index: *index,
            committed_offset: 5,
            ..OffsetCommitRequestPartition::default()
        };
        let topic = |(name, partitions): &(&str, &[i32])| OffsetCommitRequestTopic {
            name: (*name).to_owned(),
            partitions: partitions.iter().map(partition).collect(),
            ..OffsetCommitRequestTopic::default()
        };
        OffsetCommitRequest {
            group_id: "g".to_owned(),
            topics: topics.iter().map(topic).collect(),
            ..OffsetCommitRequest::default()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn only_the_partition_named_by_a_rule_is_refused_and_the_rest_has_its_effect() {
        let peer = peer();
        peer.broker.journal().keep(1);
        let error = ErrorCode::COORDINATOR_LOAD_IN_PROGRESS;
        let rule = peer.broker.faults().on(ApiKey::OffsetCommit);
        let rule = rule.topic(KNOWN_TOPIC).partition(1).answer(error);
        let answer = ask(&peer, 8, &commit(&[(KNOWN_TOPIC, &[0, 1, 2])])).await;
        assert_eq!(answer.topics.len(), 1);
        assert_eq!(answer.topics[0].partitions.len(), 3);
        assert_eq!(failures(&peer), [failed(KNOWN_TOPIC, 1, error)]);
        let committed: Vec<_> = peer.broker.groups().all_offsets("g").into_keys().collect();
        let indexes: Vec<_> = committed.iter().map(|key| key.partition).collect();
        assert_eq!(indexes, [0, 2]);
        assert_eq!(rule.hits(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_request_has_no_effect_and_an_applied_one_has() {
        let peer = peer();
        peer.broker.journal().keep(1);
        let error = ErrorCode::REQUEST_TIMED_OUT;
        let faults = peer.broker.faults();
        faults.on(ApiKey::OffsetCommit).once().answer(error);
        faults
            .on(ApiKey::OffsetCommit)
            .once()
            .apply_then_answer(error);
        let request = commit(&[(KNOWN_TOPIC, &[0])]);
        for effects in [0, 1] {
            ask(&peer, 8, &request).await;
            assert_eq!(failures(&peer), [failed(KNOWN_TOPIC, 0, error)]);
            assert_eq!(peer.broker.groups().all_offsets("g").len(), effects);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_fetch_is_refused_at_once_for_the_partition_of_the_rule() {
        let peer = peer();
        peer.broker.journal().keep(1);
        let error = ErrorCode::NOT_LEADER_OR_FOLLOWER;
        let faults = peer.broker.faults();
        faults.on(ApiKey::Fetch).partition(2).answer(error);
        let partition = |partition| FetchPartition {
            partition,
            partition_max_bytes: 1 << 20,
            ..FetchPartition::default()
        };
        let request = FetchRequest {
            max_wait_ms: 60_000,
            min_bytes: 1,
            topics: vec![FetchTopic {
                topic: KNOWN_TOPIC.to_owned(),
                partitions: vec![partition(1), partition(2)],
                ..FetchTopic::default()
            }],
            ..FetchRequest::default()
        };
        let begun = tokio::time::Instant::now();
        let answer = ask(&peer, 12, &request).await;
        assert!(begun.elapsed() < Duration::from_secs(1));
        assert_eq!(answer.responses[0].partitions.len(), 2);
        assert_eq!(failures(&peer), [failed(KNOWN_TOPIC, 2, error)]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_fetch_that_names_nothing_is_refused_for_what_its_session_knows() {
        let peer = peer();
        let partition = FetchPartition {
            partition: 1,
            partition_max_bytes: 1 << 20,
            ..FetchPartition::default()
        };
        let image = peer.broker.catalog().image();
        let first = FetchRequest {
            session_epoch: 0,
            topics: vec![FetchTopic {
                topic_id: image.topic(KNOWN_TOPIC).unwrap().id,
                partitions: vec![partition],
                ..FetchTopic::default()
            }],
            ..FetchRequest::default()
        };
        let begun = ask(&peer, 13, &first).await;
        assert!(begun.session_id > 0);
        peer.broker.journal().keep(1);
        let error = ErrorCode::NOT_LEADER_OR_FOLLOWER;
        let refused = peer.broker.faults().on(ApiKey::Fetch).topic(KNOWN_TOPIC);
        refused.partition(1).answer(error);
        let next = FetchRequest {
            session_id: begun.session_id,
            session_epoch: 1,
            max_wait_ms: 60_000,
            min_bytes: 1,
            ..FetchRequest::default()
        };
        ask(&peer, 13, &next).await;
        assert_eq!(failures(&peer), [failed(KNOWN_TOPIC, 1, error)]);
    }

    #[tokio::test(start_paused = true)]
    async fn refused_metadata_still_names_the_brokers() {
        let peer = peer();
        let error = ErrorCode::LEADER_NOT_AVAILABLE;
        let faults = peer.broker.faults();
        faults.on(ApiKey::Metadata).topic(KNOWN_TOPIC).answer(error);
        let topic = |name: &str| MetadataRequestTopic {
            name: Some(name.to_owned()),
            ..MetadataRequestTopic::default()
        };
        let request = MetadataRequest {
            topics: Some(vec![topic(KNOWN_TOPIC), topic("other")]),
            allow_auto_topic_creation: false,
            ..MetadataRequest::default()
        };
        let answer = ask(&peer, 9, &request).await;
        assert_eq!(answer.brokers.len(), 1);
        let mut told: Vec<_> = answer
            .topics
            .iter()
            .map(|topic| (topic.name.as_deref().unwrap(), topic.error_code))
            .collect();
        told.sort_by_key(|(name, _)| *name);
        let unknown = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
        let mut expected = [(KNOWN_TOPIC, error), ("other", unknown)];
        expected.sort_by_key(|(name, _)| *name);
        assert_eq!(told, expected);
    }

    #[tokio::test(start_paused = true)]
    async fn a_throttled_answer_says_so_and_mutes_the_connection() {
        let peer = peer();
        let time = Duration::from_millis(700);
        peer.broker.faults().on(ApiKey::OffsetCommit).throttle(time);
        let request = commit(&[(KNOWN_TOPIC, &[0])]);
        let reply = dispatch(&peer, frame(8, &request)).await.unwrap();
        assert_eq!(reply.then, Then::Mute(time));
        let answer = ask(&peer, 8, &request).await;
        assert_eq!(answer.throttle_time_ms, 700);
    }

    #[test]
    fn any_answer_that_throttles_mutes_the_connection() {
        let apis = served_apis();
        let api = *apis.iter().find(|api| api.key == 8).unwrap();
        let response = OffsetCommitResponse {
            throttle_time_ms: 500,
            ..OffsetCommitResponse::default()
        };
        let reply = encode(api, start_of(8, 8), Answer::Reply(response)).unwrap();
        assert_eq!(reply.then, Then::Mute(Duration::from_millis(500)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_held_request_goes_on_when_the_rule_is_removed() {
        let peer = peer();
        let held = peer.broker.faults().on(ApiKey::OffsetCommit).hold();
        let asking = tokio::spawn({
            let peer = peer.clone();
            async move { ask(&peer, 8, &commit(&[(KNOWN_TOPIC, &[0])])).await }
        });
        held.wait_for_hits(1, Duration::from_secs(5)).await.unwrap();
        assert!(peer.broker.groups().all_offsets("g").is_empty());
        held.remove();
        asking.await.unwrap();
        assert_eq!(peer.broker.groups().all_offsets("g").len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn endings_are_noted_in_the_journal() {
        let peer = peer();
        let journal = peer.broker.journal();
        journal.keep(9);
        let request = commit(&[(KNOWN_TOPIC, &[0])]);
        for (action, ending) in [
            (Action::Proceed, Ending::Answered),
            (Action::Disconnect, Ending::Closed),
            (Action::Silence, Ending::Silenced),
            (Action::CutAnswer(3), Ending::Cut),
            (
                Action::ApplyThen(Box::new(Action::Disconnect)),
                Ending::Closed,
            ),
        ] {
            let rule = peer.broker.faults().add(Rule {
                action,
                ..Rule::default()
            });
            let mark = journal.mark();
            let _ = dispatch(&peer, frame(8, &request)).await;
            rule.remove();
            let noted = journal.since(mark);
            assert_eq!(noted.len(), 1);
            assert_eq!(noted[0].answer.as_ref().unwrap().ending, ending);
            assert_eq!(noted[0].fault, Some(rule.rule().to_string()));
            assert_eq!(noted[0].request.groups, ["g"]);
        }
        assert_eq!(
            journal.count(Matcher::on(ApiKey::OffsetCommit).with_group("g")),
            5
        );
        assert_eq!(journal.count(ApiKey::Fetch), 0);
    }
}
