//! Settings of brokers and their loggers.

use super::*;

#[tokio::test]
async fn a_brokers_settings_change_while_it_runs() {
    let mut kafka = Kafka::start().await;
    let id = kafka.broker_id().await;
    let topic = kafka.topic("t", 1, &[]).await;
    // Nothing is compressed by the broker, so nobody else notices.
    let key = "compression.lz4.level";
    kafka.alter_one(BROKER, "", &[(key, SET, Some("10"))]).await;
    let config = kafka.until(BROKER, &id, key, "10").await;
    assert_eq!((config.config_source, config.read_only), (3, false));
    kafka
        .alter_one(BROKER, &id, &[(key, SET, Some("11"))])
        .await;
    let config = kafka.until(BROKER, &id, key, "11").await;
    assert_eq!(sources(&config), [2, 3, 5].map(|s| (key.to_owned(), s)));
    let config = kafka.until(TOPIC, &topic, key, "11").await;
    assert_eq!(config.config_source, 2);
    let default = kafka.described(BROKER, "", &[key]).await.configs.remove(0);
    assert_eq!(
        (default.value.as_deref(), default.config_source),
        (Some("10"), 3)
    );
    assert_eq!(sources(&default), [(key.to_owned(), 3)]);
    for name in [id.as_str(), ""] {
        kafka.alter_one(BROKER, name, &[(key, DELETE, None)]).await;
    }
    let config = kafka.until(BROKER, &id, key, "9").await;
    assert_eq!(config.config_source, 5);
}

#[tokio::test]
async fn impossible_changes_of_brokers_are_refused() {
    let mut kafka = Kafka::start().await;
    let id = kafka.broker_id().await;
    let cases = [
        (
            BROKER,
            &*id,
            "num.partitions",
            Some("5"),
            "Cannot update these configs dynamically: [num.partitions]",
        ),
        (
            BROKER,
            "",
            "auto.create.topics.enable",
            Some("false"),
            "Cannot update these configs dynamically: [auto.create.topics.enable]",
        ),
        (
            BROKER,
            &*id,
            "log.retention.ms",
            Some("x"),
            "Invalid value x for configuration log.retention.ms: Not a number of type LONG",
        ),
        (
            BROKER,
            &*id,
            "message.max.bytes",
            Some("-1"),
            "Value must be at least 0",
        ),
        (
            BROKER,
            &*id,
            "log.retention.ms",
            None,
            "Null value not supported for : log.retention.ms",
        ),
        (
            BROKER,
            "99",
            "log.retention.ms",
            Some("5"),
            "but received 99",
        ),
        (
            BROKER,
            "x",
            "log.retention.ms",
            Some("5"),
            "Node id must be an integer, but it is: x",
        ),
        (BROKER_LOGGER, "99", "root", Some("INFO"), "but received 99"),
        (3, "x", "a", Some("b"), "Unknown resource type 3"),
        (
            TOPIC,
            "",
            "retention.ms",
            Some("5"),
            "Default topic resources are not allowed.",
        ),
    ];
    for (kind, name, key, value, says) in cases {
        let change = [(key, SET, value)];
        let outcome = kafka.alter(vec![resource(kind, name, &change)], true).await;
        assert_eq!(outcome[0].0, INVALID_REQUEST, "{key}: {}", outcome[0].1);
        assert!(outcome[0].1.contains(says), "{key}: {}", outcome[0].1);
    }
    let good = [("log.retention.ms", SET, Some("5000"))];
    let outcome = kafka.alter(vec![resource(BROKER, &id, &good)], true).await;
    assert_eq!(outcome[0], (0, String::new()));
    let config = kafka.described(BROKER, &id, &["log.retention.ms"]).await;
    assert_eq!(config.configs[0].value, None, "only checked");
}

#[tokio::test]
async fn loggers_are_named_and_unknown_ones_refused() {
    let mut kafka = Kafka::start().await;
    let id = kafka.broker_id().await;
    let root = kafka.described(BROKER_LOGGER, &id, &["root"]).await;
    assert_eq!(root.error_code, 0);
    assert_eq!(root.configs[0].config_source, 6);
    assert!(!root.configs[0].read_only && root.configs[0].synonyms.is_empty());
    for (key, operation, value, code, says) in [
        (
            "no.such.logger",
            SET,
            Some("INFO"),
            INVALID_CONFIG,
            "Logger no.such.logger does not exist!",
        ),
        (
            "root",
            SET,
            Some("LOUD"),
            INVALID_CONFIG,
            "Cannot set the log level of root to LOUD",
        ),
        (
            "root",
            DELETE,
            None,
            INVALID_REQUEST,
            "Removing the log level of the root logger is not allowed",
        ),
        (
            "root",
            APPEND,
            Some("INFO"),
            INVALID_REQUEST,
            "APPEND operation is not allowed for the BROKER_LOGGER resource",
        ),
    ] {
        let change = [(key, operation, value)];
        let outcome = kafka
            .alter(vec![resource(BROKER_LOGGER, &id, &change)], true)
            .await;
        assert_eq!(outcome[0].0, code, "{key}: {}", outcome[0].1);
        assert!(outcome[0].1.contains(says), "{key}: {}", outcome[0].1);
    }
}
