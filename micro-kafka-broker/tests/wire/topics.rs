//! Topics as administrators see them.

use kafka_protocol::messages::create_partitions_request::CreatePartitionsTopic;
use kafka_protocol::messages::delete_topics_request::DeleteTopicState;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::{
    ApiKey, BrokerId, CreatePartitionsRequest, CreatePartitionsResponse, CreateTopicsRequest,
    CreateTopicsResponse, DeleteTopicsRequest, DeleteTopicsResponse,
};

use crate::admin::{Admin, assigned, config, text, topic, topic_name};

#[tokio::test]
async fn a_created_topic_is_described_and_seen_at_once() {
    let mut admin = Admin::new().await;
    let name = admin.name("orders");
    let wanted = topic(&name, 3, 1).with_configs(vec![config("retention.ms", Some("5000"))]);
    let created = admin.create(vec![wanted]).await.remove(0);
    assert_eq!(created.error_code, 0, "{:?}", created.error_message);
    assert_eq!((created.num_partitions, created.replication_factor), (3, 1));
    let configs = created.configs.expect("clients die on null");
    let retention = configs
        .iter()
        .find(|c| c.name == text("retention.ms"))
        .unwrap();
    assert_eq!(retention.value.as_deref(), Some("5000"));
    assert_eq!(retention.config_source, 1);
    assert!(configs.iter().all(|c| c.config_source > 0));

    let by_id = MetadataRequestTopic::default()
        .with_topic_id(created.topic_id)
        .with_name(None);
    let by_name = MetadataRequestTopic::default().with_name(Some(topic_name(&name)));
    for asked in [by_id, by_name] {
        let answer = admin.metadata(Some(vec![asked])).await;
        let seen = &answer.topics[0];
        assert_eq!(seen.error_code, 0);
        assert_eq!(seen.name, Some(topic_name(&name)));
        assert_eq!(seen.topic_id, created.topic_id);
        assert!(!seen.is_internal);
        let indexes: Vec<i32> = seen.partitions.iter().map(|p| p.partition_index).collect();
        let mut sorted = indexes.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, [0, 1, 2]);
        assert!(seen.partitions.iter().all(|p| p.leader_id == BrokerId(1)));
    }
}

#[tokio::test]
async fn impossible_topics_are_refused_with_kafkas_codes() {
    let mut admin = Admin::new().await;
    let exists = admin.name("exists.x");
    assert_eq!(admin.create_one(topic(&exists, 1, 1)).await.0, 0);
    let collides = admin.name("exists_x");
    let n = |admin: &Admin, s: &str| admin.name(s);
    let cases = [
        (topic(&exists, 1, 1), 36, "already exists"),
        (topic(&collides, 1, 1), 17, "collides"),
        (topic("a/b", 1, 1), 17, "a/b"),
        (topic("", 1, 1), 17, ""),
        (topic("..", 1, 1), 17, "'..'"),
        (topic("__cluster_metadata", 1, 1), 42, "prohibited"),
        (topic(&"x".repeat(250), 1, 1), 17, "249"),
        (topic(&n(&admin, "p0"), 0, 1), 37, ""),
        (topic(&n(&admin, "p-2"), -2, 1), 37, ""),
        (topic(&n(&admin, "rf0"), 1, 0), 38, "larger than 0"),
        (
            topic(&n(&admin, "rf3"), 1, 3),
            38,
            "The target replication factor of 3 cannot be reached",
        ),
        (
            topic(&n(&admin, "c1"), 1, 1).with_configs(vec![config("retention.mss", Some("1"))]),
            40,
            "retention.mss",
        ),
        (
            topic(&n(&admin, "c2"), 1, 1).with_configs(vec![config("retention.ms", Some("x"))]),
            40,
            "retention.ms",
        ),
        (
            topic(&n(&admin, "c3"), 1, 1).with_configs(vec![config("retention.ms", None)]),
            40,
            "retention.ms",
        ),
        (
            topic(&n(&admin, "a1"), 1, -1).with_assignments(vec![assigned(0, &[1])]),
            42,
            "numPartitions was not set to -1",
        ),
        (
            topic(&n(&admin, "a1"), -1, 1).with_assignments(vec![assigned(0, &[1])]),
            42,
            "replication factor was not set to -1",
        ),
        (
            topic(&n(&admin, "a1"), -1, -1)
                .with_assignments(vec![assigned(0, &[1]), assigned(0, &[1])]),
            39,
            "Found multiple manual partition assignments for partition 0",
        ),
        (
            topic(&n(&admin, "a2"), -1, -1).with_assignments(vec![assigned(1, &[1])]),
            39,
            "",
        ),
        (
            topic(&n(&admin, "a3"), -1, -1).with_assignments(vec![assigned(0, &[77])]),
            39,
            "77",
        ),
        (
            topic(&n(&admin, "a4"), -1, -1).with_assignments(vec![assigned(0, &[1, 1])]),
            39,
            "includes the broker 1 more than once",
        ),
        (
            topic(&n(&admin, "a5"), -1, -1).with_assignments(vec![assigned(0, &[])]),
            39,
            "",
        ),
    ];
    for (wanted, code, says) in cases {
        let name = wanted.name.to_string();
        let (error, message) = admin.create_one(wanted).await;
        assert_eq!(error, code, "{name}: {message}");
        assert!(message.contains(says), "{name}: {message}");
    }
}

#[tokio::test]
async fn a_topic_named_twice_is_refused_once_and_the_others_created() {
    let mut admin = Admin::new().await;
    let (twice, once) = (admin.name("twice"), admin.name("once"));
    let topics = vec![topic(&twice, 1, 1), topic(&once, 1, 1), topic(&twice, 2, 1)];
    let mut results = admin.create(topics).await;
    results.sort_by_key(|result| result.error_code);
    let codes: Vec<_> = results
        .iter()
        .map(|r| (r.name.to_string(), r.error_code))
        .collect();
    assert_eq!(codes, [(once, 0), (twice, 42)]);
}

#[tokio::test]
async fn a_request_creates_ten_thousand_partitions_at_most() {
    let mut admin = Admin::new().await;
    let one = topic(&admin.name("one"), 10_001, 1);
    assert_eq!(admin.create_one(one).await.0, 44);
    let both = ["a", "b"].map(|s| topic(&admin.name(s), 5_001, 1));
    for result in admin.create(both.to_vec()).await {
        assert_eq!(result.error_code, 44, "{:?}", result.error_message);
    }
}

#[tokio::test]
async fn defaults_and_assignments_are_used() {
    let mut admin = Admin::new().await;
    let name = admin.name("default");
    let created = admin.create(vec![topic(&name, -1, -1)]).await.remove(0);
    assert_eq!((created.error_code, created.num_partitions), (0, 1));
    let name = admin.name("assigned");
    let wanted = topic(&name, -1, -1).with_assignments(vec![assigned(0, &[1]), assigned(1, &[1])]);
    let created = admin.create(vec![wanted]).await.remove(0);
    assert_eq!((created.error_code, created.num_partitions), (0, 2));
}

#[tokio::test]
async fn validate_only_creates_nothing() {
    let mut admin = Admin::new().await;
    let name = admin.name("dry");
    let request = CreateTopicsRequest::default()
        .with_topics(vec![topic(&name, 2, 1)])
        .with_validate_only(true)
        .with_timeout_ms(10_000);
    let answer: CreateTopicsResponse = admin.client.call(ApiKey::CreateTopics, 7, &request).await;
    assert_eq!(answer.topics[0].error_code, 0);
    let asked = MetadataRequestTopic::default().with_name(Some(topic_name(&name)));
    let seen = admin.metadata(Some(vec![asked])).await;
    assert_eq!(seen.topics[0].error_code, 3);
}

async fn delete(admin: &mut Admin, topics: Vec<DeleteTopicState>) -> DeleteTopicsResponse {
    let request = DeleteTopicsRequest::default()
        .with_topics(topics)
        .with_timeout_ms(10_000);
    admin.client.call(ApiKey::DeleteTopics, 6, &request).await
}

#[tokio::test]
async fn topics_are_deleted_by_name_or_id() {
    let mut admin = Admin::new().await;
    let (a, b) = (admin.name("a"), admin.name("b"));
    let mut created = admin.create(vec![topic(&a, 1, 1), topic(&b, 1, 1)]).await;
    created.sort_by_key(|result| result.name.to_string());
    let named = |s: &str| DeleteTopicState::default().with_name(Some(topic_name(s)));
    let by_id = |id| {
        DeleteTopicState::default()
            .with_name(None)
            .with_topic_id(id)
    };

    let gone = delete(&mut admin, vec![named(&a)]).await;
    assert_eq!(gone.responses[0].error_code, 0);
    assert_eq!(gone.responses[0].topic_id, created[0].topic_id);
    let gone = delete(&mut admin, vec![by_id(created[1].topic_id)]).await;
    assert_eq!(gone.responses[0].error_code, 0);
    assert_eq!(gone.responses[0].name, Some(topic_name(&b)));

    let again = delete(&mut admin, vec![named(&a)]).await;
    assert_eq!(again.responses[0].error_code, 3);
    let again = delete(&mut admin, vec![by_id(created[1].topic_id)]).await;
    assert_eq!(again.responses[0].error_code, 100);
    let c = admin.name("c");
    let c_id = admin.create(vec![topic(&c, 1, 1)]).await[0].topic_id;
    let message = |answer: &DeleteTopicsResponse| {
        assert_eq!(answer.responses.len(), 1, "one answer for all of a topic");
        assert_eq!(answer.responses[0].error_code, 42);
        let message = answer.responses[0].error_message.clone();
        message.unwrap_or_default().to_string()
    };
    let twice = delete(&mut admin, vec![named(&c), named(&c)]).await;
    assert_eq!(message(&twice), "Duplicate topic name.");
    let twice = delete(&mut admin, vec![by_id(c_id), by_id(c_id)]).await;
    assert_eq!(message(&twice), "Duplicate topic id.");
    let both = delete(&mut admin, vec![by_id(c_id), named(&c)]).await;
    assert_eq!(
        message(&both),
        "The provided topic name maps to an ID that was already supplied."
    );
    let both = delete(&mut admin, vec![named(&c).with_topic_id(c_id)]).await;
    assert_eq!(
        message(&both),
        "You may not specify both topic name and topic id."
    );
    let neither = delete(
        &mut admin,
        vec![DeleteTopicState::default().with_name(None)],
    )
    .await;
    assert_eq!(
        message(&neither),
        "Neither topic name nor id were specified."
    );
}

#[tokio::test]
async fn partitions_are_added_and_never_taken_away() {
    let mut admin = Admin::new().await;
    let name = admin.name("grows");
    admin.create(vec![topic(&name, 2, 1)]).await;
    let mut grow = async |name: &str, count: i32| -> (i16, String) {
        let topic = CreatePartitionsTopic::default()
            .with_name(topic_name(name))
            .with_count(count)
            .with_assignments(None);
        let request = CreatePartitionsRequest::default()
            .with_topics(vec![topic])
            .with_timeout_ms(10_000);
        let answer: CreatePartitionsResponse = admin
            .client
            .call(ApiKey::CreatePartitions, 3, &request)
            .await;
        let result = answer.results[0].clone();
        let message = result.error_message.map(|m| m.to_string());
        (result.error_code, message.unwrap_or_default())
    };
    assert_eq!(grow(&name, 5).await.0, 0);
    assert_eq!(grow(&name, 5).await.0, 37);
    assert_eq!(grow(&name, 4).await.0, 37);
    assert_eq!(grow(&name, 0).await.0, 37);
    assert_eq!(grow("no-such-topic", 5).await, (3, String::new()));
    let asked = MetadataRequestTopic::default().with_name(Some(topic_name(&name)));
    let seen = admin.metadata(Some(vec![asked])).await;
    assert_eq!(seen.topics[0].partitions.len(), 5);
}

#[tokio::test]
async fn unknown_topics_are_told_from_impossible_ones() {
    let mut admin = Admin::new().await;
    let unknown = admin.name("unknown");
    let deleted = admin.name("deleted");
    let id = admin.create(vec![topic(&deleted, 1, 1)]).await[0].topic_id;
    let by_name = DeleteTopicState::default().with_name(Some(topic_name(&deleted)));
    delete(&mut admin, vec![by_name]).await;
    let named = |s: &str| MetadataRequestTopic::default().with_name(Some(topic_name(s)));
    let by_id = MetadataRequestTopic::default()
        .with_name(None)
        .with_topic_id(id);
    let seen = admin.metadata(Some(vec![named(&unknown)])).await;
    assert_eq!(seen.topics[0].error_code, 3);
    assert_eq!(seen.topics[0].name, Some(topic_name(&unknown)));
    let seen = admin.metadata(Some(vec![named("a b")])).await;
    assert_eq!(seen.topics[0].error_code, 17);
    let mut seen = admin.metadata(Some(vec![by_id.clone()])).await;
    // Apache Kafka's broker learns of a deletion a moment later.
    while seen.topics[0].error_code == 0 {
        seen = admin.metadata(Some(vec![by_id.clone()])).await;
    }
    assert_eq!(seen.topics[0].error_code, 100);
    let seen = admin.metadata(Some(Vec::new())).await;
    assert!(seen.topics.is_empty());
    assert!(!seen.brokers.is_empty());
}
