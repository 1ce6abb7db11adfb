//! Settings of topics.

use super::*;

#[tokio::test]
async fn a_topics_settings_change_while_it_is_used() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("t", 1, &[("retention.ms", "1000000")]).await;
    let limit = [("max.message.bytes", SET, Some("100"))];
    kafka.alter_one(TOPIC, &topic, &limit).await;
    let config = kafka.until(TOPIC, &topic, "max.message.bytes", "100").await;
    assert_eq!((config.config_source, config.config_type), (1, 3));
    let expected = [("max.message.bytes", 1), ("message.max.bytes", 5)];
    assert_eq!(sources(&config), expected.map(|(n, s)| (n.to_owned(), s)));
    let mut sent = kafka.produce(&topic, Batch::of(1, 500).bytes()).await;
    while sent.error_code == 0 {
        sent = kafka.produce(&topic, Batch::of(1, 500).bytes()).await;
    }
    assert_eq!(sent.error_code, MESSAGE_TOO_LARGE);

    let limit = [("max.message.bytes", DELETE, None)];
    kafka.alter_one(TOPIC, &topic, &limit).await;
    kafka
        .until(TOPIC, &topic, "max.message.bytes", "1048588")
        .await;
    while sent.error_code == MESSAGE_TOO_LARGE {
        sent = kafka.produce(&topic, Batch::of(1, 500).bytes()).await;
    }
    assert_eq!(sent.error_code, 0);
    kafka.until(TOPIC, &topic, "retention.ms", "1000000").await;
}

#[tokio::test]
async fn the_next_record_is_taken_as_its_topic_was_told() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("t", 1, &[]).await;
    let batch = Batch::of(1, 5);
    let sent = kafka.produce(&topic, batch.bytes()).await;
    assert_eq!((sent.error_code, sent.log_append_time_ms), (0, -1));
    let stamped = [("message.timestamp.type", SET, Some("LogAppendTime"))];
    kafka.alter_one(TOPIC, &topic, &stamped).await;
    // Apache Kafka's log learns of it a moment later.
    while kafka
        .produce(&topic, batch.bytes())
        .await
        .log_append_time_ms
        == -1
    {}
    let compacted = [("cleanup.policy", SET, Some("compact"))];
    kafka.alter_one(TOPIC, &topic, &compacted).await;
    let mut sent = kafka.produce(&topic, batch.bytes()).await;
    while sent.error_code == 0 {
        sent = kafka.produce(&topic, batch.bytes()).await;
    }
    assert_eq!(sent.error_code, INVALID_RECORD, "there is no key");
    let replaced = [
        ("cleanup.policy", DELETE, None),
        ("message.timestamp.type", DELETE, None),
    ];
    kafka.alter_one(TOPIC, &topic, &replaced).await;
    while sent.error_code == INVALID_RECORD || sent.log_append_time_ms != -1 {
        sent = kafka.produce(&topic, batch.bytes()).await;
    }
    assert_eq!(sent.error_code, 0);
}

#[tokio::test]
async fn lists_grow_and_shrink() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("t", 1, &[]).await;
    for (operation, word, becomes) in [
        (APPEND, "compact", "delete,compact"),
        (APPEND, "compact", "delete,compact"),
        (SUBTRACT, "delete", "compact"),
        (SUBTRACT, "delete", "compact"),
        (APPEND, "delete", "compact,delete"),
    ] {
        let change = [("cleanup.policy", operation, Some(word))];
        kafka.alter_one(TOPIC, &topic, &change).await;
        kafka.until(TOPIC, &topic, "cleanup.policy", becomes).await;
    }
}

#[tokio::test]
async fn impossible_values_of_topics_are_refused() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("t", 1, &[]).await;
    let number = "Invalid value x for configuration retention.ms: Not a number of type LONG";
    let append = "Can't APPEND to key retention.ms because its type is not LIST.";
    let crossed =
        "conflict topic config setting min.compaction.lag.ms (10) > max.compaction.lag.ms (5)";
    kafka
        .alter_one(TOPIC, &topic, &[("min.compaction.lag.ms", SET, Some("10"))])
        .await;
    for (key, operation, value, says) in [
        ("retention.ms", SET, "x", number),
        (
            "retention",
            SET,
            "1",
            "Unknown topic config name: retention",
        ),
        ("retention.ms", APPEND, "5", append),
        (
            "cleanup.policy",
            APPEND,
            "shred",
            "String must be one of: compact, delete",
        ),
        (
            "compression.zstd.level",
            SET,
            "23",
            "Value must be no more than 22",
        ),
        (
            "compression.gzip.level",
            SET,
            "0",
            "Value must be between 1 and 9 or equal to -1",
        ),
        (
            "remote.storage.enable",
            SET,
            "true",
            "Tiered Storage functionality is disabled",
        ),
        ("max.compaction.lag.ms", SET, "5", crossed),
    ] {
        let change = [(key, operation, Some(value))];
        let outcome = kafka
            .alter(vec![resource(TOPIC, &topic, &change)], false)
            .await;
        assert_eq!(outcome[0].0, INVALID_CONFIG, "{key}: {}", outcome[0].1);
        assert!(outcome[0].1.contains(says), "{key}: {}", outcome[0].1);
    }
}

#[tokio::test]
async fn impossible_changes_of_topics_are_refused() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("t", 1, &[]).await;
    let no_topic = kafka.name("none");
    let five = [("retention.ms", SET, Some("5"))];
    let null = [("retention.ms", SET, None)];
    let twice = [five[0], ("retention.ms", DELETE, None)];
    let cases: [(&str, &[Change<'_>], i16, &str); 4] = [
        (
            &topic,
            &null,
            INVALID_REQUEST,
            "Null value not supported for : retention.ms",
        ),
        (
            &topic,
            &twice,
            INVALID_REQUEST,
            "Error due to duplicate config keys",
        ),
        (
            &no_topic,
            &five,
            UNKNOWN_TOPIC_OR_PARTITION,
            "does not exist.",
        ),
        (
            "a b",
            &five,
            INVALID_TOPIC_EXCEPTION,
            "Topic name is invalid: 'a b'",
        ),
    ];
    for (name, changes, code, says) in cases {
        let outcome = kafka
            .alter(vec![resource(TOPIC, name, changes)], false)
            .await;
        assert_eq!(outcome[0].0, code, "{changes:?}: {}", outcome[0].1);
        assert!(outcome[0].1.contains(says), "{changes:?}: {}", outcome[0].1);
    }
    let both = vec![
        resource(TOPIC, &topic, &five),
        resource(TOPIC, &topic, &five),
    ];
    for outcome in kafka.alter(both, false).await {
        let text = "Each resource must appear at most once.";
        assert_eq!(outcome, (INVALID_REQUEST, text.to_owned()));
    }
    let only_checked = kafka
        .alter(vec![resource(TOPIC, &topic, &five)], true)
        .await;
    assert_eq!(only_checked[0].0, 0);
    kafka
        .until(TOPIC, &topic, "retention.ms", "604800000")
        .await;
}

#[tokio::test]
async fn replacing_resets_what_is_not_named() {
    let mut kafka = Kafka::start().await;
    let configs = [("retention.ms", "1000000"), ("segment.bytes", "2000000")];
    let topic = kafka.topic("t", 1, &configs).await;
    let config = ReplacedConfig::default()
        .with_name(text("segment.bytes"))
        .with_value(Some(text("3000000")));
    let resource = ReplacedResource::default()
        .with_resource_type(TOPIC)
        .with_resource_name(text(&topic))
        .with_configs(vec![config]);
    let request = AlterConfigsRequest::default().with_resources(vec![resource]);
    let answer: AlterConfigsResponse = kafka.client.call(ApiKey::AlterConfigs, 2, &request).await;
    assert_eq!(answer.responses[0].error_code, 0);
    kafka.until(TOPIC, &topic, "segment.bytes", "3000000").await;
    kafka
        .until(TOPIC, &topic, "retention.ms", "604800000")
        .await;
}
