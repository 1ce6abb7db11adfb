//! Fetch sessions: what is remembered, what is left out, and what ends them.

use kafka_protocol::messages::fetch_request::{FetchTopic, ForgottenTopic};
use kafka_protocol::messages::{
    ApiKey, DeleteTopicsRequest, DeleteTopicsResponse, FetchRequest, FetchResponse,
};

use crate::batch::Batch;
use crate::kafka::{Kafka, fetch_partition, fetch_request, topic_name};

const UNKNOWN_TOPIC_OR_PARTITION: i16 = 3;
const FETCH_SESSION_ID_NOT_FOUND: i16 = 70;
const INVALID_FETCH_SESSION_EPOCH: i16 = 71;
const UNKNOWN_TOPIC_ID: i16 = 100;
const INCONSISTENT_TOPIC_ID: i16 = 103;
const FETCH_SESSION_TOPIC_ID_ERROR: i16 = 106;

/// The last version that names topics, and one that has ids for names.
const BY_NAME: i16 = 12;
const BY_ID: i16 = 17;

/// A client's session with all it asks in one version.
struct Session<'a> {
    kafka: &'a mut Kafka,
    version: i16,
    id: i32,
    epoch: i32,
}

impl<'a> Session<'a> {
    /// Opens a session of these topics, of which each has one partition.
    async fn open(kafka: &'a mut Kafka, version: i16, topics: &[&str]) -> Session<'a> {
        let mut session = Self {
            kafka,
            version,
            id: 0,
            epoch: 0,
        };
        let first = session.next(topics, &[]).await;
        assert_eq!(first.responses.len(), topics.len(), "the first is whole");
        assert!(first.session_id > 0);
        session
    }

    async fn asked(&mut self, topic: &str) -> FetchTopic {
        let partitions = vec![fetch_partition(0)];
        if self.version < 13 {
            return fetch_request(topic, partitions).topics.remove(0);
        }
        FetchTopic::default()
            .with_topic_id(self.kafka.topic_id(topic).await.topic_id)
            .with_partitions(partitions)
    }

    /// The next request, which names these topics and forgets those; its answer has no error.
    async fn next(&mut self, named: &[&str], forgotten: &[&str]) -> FetchResponse {
        let answer = self.ask(named, forgotten, 1 << 20).await;
        assert_eq!(answer.error_code, 0);
        answer
    }

    async fn ask(&mut self, named: &[&str], forgotten: &[&str], max: i32) -> FetchResponse {
        let mut topics = Vec::new();
        for topic in named {
            topics.push(self.asked(topic).await);
        }
        let mut gone = Vec::new();
        for topic in forgotten {
            let asked = self.asked(topic).await;
            gone.push(
                ForgottenTopic::default()
                    .with_topic(asked.topic)
                    .with_topic_id(asked.topic_id)
                    .with_partitions(vec![0]),
            );
        }
        let request = FetchRequest::default()
            .with_max_bytes(max)
            .with_session_id(self.id)
            .with_session_epoch(self.epoch)
            .with_topics(topics)
            .with_forgotten_topics_data(gone);
        let answer = self.send(&request).await;
        self.epoch += 1;
        self.id = answer.session_id;
        answer
    }

    async fn send(&mut self, request: &FetchRequest) -> FetchResponse {
        self.kafka
            .client
            .call(ApiKey::Fetch, self.version, request)
            .await
    }

    /// Sends a request without partitions.
    async fn send_as(&mut self, version: i16, id: i32, epoch: i32) -> FetchResponse {
        let request = FetchRequest::default()
            .with_max_bytes(1 << 20)
            .with_session_id(id)
            .with_session_epoch(epoch);
        self.kafka
            .client
            .call(ApiKey::Fetch, version, &request)
            .await
    }
}

/// High watermark and bytes of records of every topic in an answer.
fn told(answer: &FetchResponse) -> Vec<(i64, usize)> {
    let partitions = answer.responses.iter().flat_map(|topic| &topic.partitions);
    partitions
        .map(|p| (p.high_watermark, p.records.as_ref().unwrap().len()))
        .collect()
}

fn errors(answer: &FetchResponse) -> Vec<i16> {
    let partitions = answer.responses.iter().flat_map(|topic| &topic.partitions);
    partitions.map(|p| p.error_code).collect()
}

#[tokio::test]
async fn an_answer_leaves_out_what_has_not_changed() {
    let mut kafka = Kafka::start().await;
    let a = kafka.topic("a", 1, &[]).await;
    let b = kafka.topic("b", 1, &[]).await;
    let size = Batch::of(1, 100).bytes().len();
    for (version, end) in [(BY_NAME, 1), (BY_ID, 2)] {
        let mut session = Session::open(&mut kafka, version, &[&a]).await;
        assert_eq!(told(&session.next(&[], &[]).await), []);
        let added = session.next(&[&b], &[]).await;
        let had = usize::try_from(end - 1).unwrap() * size;
        assert_eq!(told(&added), [(end - 1, had)], "version {version}");
        session.kafka.append(&b, &Batch::of(1, 100)).await;
        let grown = session.next(&[], &[]).await;
        assert_eq!(told(&grown), [(end, had + size)], "version {version}");
        let again = session.next(&[], &[]).await;
        assert_eq!(told(&again), told(&grown), "records are told each time");
        assert_eq!(told(&session.next(&[], &[&b]).await), []);
    }
}

#[tokio::test]
async fn a_session_without_partitions_ends() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("t", 1, &[]).await;
    let mut session = Session::open(&mut kafka, BY_NAME, &[&topic]).await;
    let (id, epoch) = (session.id, session.epoch);
    let last = session.next(&[], &[&topic]).await;
    assert_eq!((last.session_id, last.responses.len()), (0, 0));
    let after = session.send_as(BY_NAME, id, epoch + 1).await;
    assert_eq!(after.error_code, FETCH_SESSION_ID_NOT_FOUND);
}

#[tokio::test]
async fn a_request_out_of_turn_leaves_the_session_as_it_is() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("t", 1, &[]).await;
    for (version, other) in [(BY_NAME, BY_ID), (BY_ID, BY_NAME)] {
        let mut session = Session::open(&mut kafka, version, &[&topic]).await;
        let id = session.id;
        let wrong = session.send_as(version, id, 2).await;
        assert_eq!(
            (wrong.error_code, wrong.session_id, wrong.responses.len()),
            (INVALID_FETCH_SESSION_EPOCH, 0, 0)
        );
        let wrong = session.send_as(other, id, 1).await;
        assert_eq!(wrong.error_code, FETCH_SESSION_TOPIC_ID_ERROR);
        let right = session.send_as(version, id, 1).await;
        assert_eq!((right.error_code, right.session_id), (0, id));
        let repeated = session.send_as(version, id, 1).await;
        assert_eq!(repeated.error_code, INVALID_FETCH_SESSION_EPOCH);
    }
}

#[tokio::test]
async fn a_full_request_ends_the_session_that_it_names() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("t", 1, &[]).await;
    for last_epoch in [0, -1] {
        let mut session = Session::open(&mut kafka, BY_NAME, &[&topic]).await;
        let (id, epoch) = (session.id, session.epoch);
        session.epoch = last_epoch;
        let full = session.next(&[&topic], &[]).await;
        assert_eq!(
            (full.session_id > 0, told(&full).len()),
            (last_epoch == 0, 1)
        );
        assert_ne!(full.session_id, id);
        let old = session.send_as(BY_NAME, id, epoch).await;
        assert_eq!(old.error_code, FETCH_SESSION_ID_NOT_FOUND);
    }
}

#[tokio::test]
async fn a_partition_that_was_left_out_for_want_of_room_comes_first_next_time() {
    let mut kafka = Kafka::start().await;
    let names = ["a", "b", "c"].map(|name| kafka.name(name));
    for name in ["a", "b", "c"] {
        let topic = kafka.topic(name, 1, &[]).await;
        kafka.append(&topic, &Batch::of(1, 1000)).await;
    }
    let topics = names.each_ref().map(String::as_str);
    let mut session = Session::open(&mut kafka, BY_NAME, &topics).await;
    let mut order = Vec::new();
    for _ in 0..6 {
        let answer = session.ask(&[], &[], 1).await;
        let full = answer.responses.iter().filter(|topic| {
            let records = topic.partitions[0].records.as_ref();
            records.is_some_and(|records| !records.is_empty())
        });
        let full: Vec<_> = full.map(|topic| topic.topic.to_string()).collect();
        assert_eq!(full.len(), 1, "one batch always, and no more fit");
        order.extend(full);
    }
    let twice: Vec<_> = names.iter().chain(&names).cloned().collect();
    assert_eq!(order, twice);
}

#[tokio::test]
async fn an_error_is_told_until_it_is_over() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("t", 1, &[]).await;
    let mut session = Session::open(&mut kafka, BY_NAME, &[&topic]).await;
    let missing = session.kafka.name("missing");
    let named = session.next(&[&missing], &[]).await;
    assert_eq!(errors(&named), [UNKNOWN_TOPIC_OR_PARTITION]);
    let again = session.next(&[], &[]).await;
    assert_eq!(errors(&again), [UNKNOWN_TOPIC_OR_PARTITION]);
    session.kafka.topic("missing", 1, &[]).await;
    let found = session.next(&[], &[]).await;
    assert_eq!((errors(&found), told(&found)), (vec![0], vec![(0, 0)]));
    assert_eq!(told(&session.next(&[], &[]).await), []);
}

async fn delete(kafka: &mut Kafka, topic: &str) {
    let request = DeleteTopicsRequest::default()
        .with_topic_names(vec![topic_name(topic)])
        .with_timeout_ms(5000);
    let deleted: DeleteTopicsResponse = kafka.client.call(ApiKey::DeleteTopics, 4, &request).await;
    assert_eq!(deleted.responses[0].error_code, 0);
    while kafka.metadata(topic).await.topics[0].error_code == 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_topic_that_comes_again_is_another_to_a_session_that_knows_its_id() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("t", 1, &[]).await;
    let mut session = Session::open(&mut kafka, BY_ID, &[&topic]).await;
    delete(session.kafka, &topic).await;
    let gone = session.next(&[], &[]).await;
    assert_eq!(errors(&gone), [UNKNOWN_TOPIC_OR_PARTITION]);
    session.kafka.topic("t", 1, &[]).await;
    let other = session.next(&[], &[]).await;
    assert_eq!(errors(&other), [INCONSISTENT_TOPIC_ID]);
}

#[tokio::test]
async fn an_id_that_nobody_has_is_told_in_a_session_too() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("t", 1, &[]).await;
    let gone = kafka.topic("gone", 1, &[]).await;
    let id = kafka.topic_id(&gone).await.topic_id;
    delete(&mut kafka, &gone).await;
    let mut session = Session::open(&mut kafka, BY_ID, &[&topic]).await;
    let nobody = FetchTopic::default()
        .with_topic_id(id)
        .with_partitions(vec![fetch_partition(0)]);
    let request = FetchRequest::default()
        .with_max_bytes(1 << 20)
        .with_session_id(session.id)
        .with_session_epoch(1)
        .with_topics(vec![nobody]);
    let answer = session.send(&request).await;
    assert_eq!(errors(&answer), [UNKNOWN_TOPIC_ID]);
}
