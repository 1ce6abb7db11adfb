//! What a listener runs with.

use std::time::Duration;

use super::load;
use crate::config::{Config, ConfigErrors, ListenerAttributes, Origin, ResolvedListener};
use crate::listener::{AckMode, Dispatch, Order, TransactionSpec};

fn resolve(
    config: &Config,
    id: &str,
    values: &[(&str, &str)],
) -> Result<ResolvedListener, ConfigErrors> {
    config.listener(&ListenerAttributes {
        id,
        explicit_id: false,
        values,
        origin: Origin::file("src/billing.rs", 12, 1),
    })
}

#[track_caller]
fn assert_refused(text: &str, values: &[(&str, &str)], parts: &[&str]) {
    let config = load(text).unwrap();
    let report = resolve(&config, "charge", values).unwrap_err().to_string();
    assert!(report.starts_with("1 mistake"), "{report}");
    for part in parts {
        assert!(report.contains(part), "{report}\nlacks {part}");
    }
}

const BASIC: [(&str, &str); 2] = [("topics", "orders"), ("group_id", "billing")];

#[test]
fn an_attribute_alone_gets_the_defaults() {
    let config = load("").unwrap();
    let listener = resolve(&config, "charge", &BASIC).unwrap();
    assert_eq!(listener.topics, ["orders"]);
    assert_eq!(listener.group_id, "billing");
    assert_eq!(listener.concurrency, 1);
    assert!(listener.auto_startup);
    assert_eq!(listener.ack_mode, AckMode::Batch);
    assert_eq!(listener.auto_commit, None);
    assert_eq!(listener.max_uncommitted, 100_000);
    assert_eq!(listener.revoke_drain, Duration::from_secs(10));
    assert_eq!(listener.commit_interval, Duration::from_secs(1));
    assert_eq!(listener.commit_count, 1_000);
    let properties = &listener.consumer_properties;
    for (name, value) in [
        ("bootstrap.servers", "localhost:9092"),
        ("group.id", "billing"),
        ("auto.offset.reset", "earliest"),
        ("enable.auto.commit", "false"),
        ("enable.auto.offset.store", "false"),
        ("fetch.queue.backoff.ms", "10"),
    ] {
        assert_eq!(properties.get(name), Some(value), "{name}");
    }
}

#[test]
fn a_transactional_listener_takes_its_transactions_from_attribute_and_tables() {
    let text = "[kafka.producer]\ntransaction-id-prefix = 'shop-0-'\n\
                [kafka.listeners.charge]\ntransaction.max = 10\ntransaction.timeout = '20s'\n";
    let values = [
        BASIC[0],
        BASIC[1],
        ("transactional", "true"),
        ("transaction.max", "7"),
        ("transaction.linger", "100ms"),
    ];
    let listener = resolve(&load(text).unwrap(), "charge", &values).unwrap();
    let spec = listener.transaction.unwrap();
    assert_eq!(spec.max, 10);
    assert_eq!(spec.linger, Duration::from_millis(100));
    assert_eq!(spec.timeout, Duration::from_secs(20));
    assert_eq!(spec.id_prefix.as_deref(), Some("shop-0-"));
    let defaults = resolve(&load("").unwrap(), "charge", &values[..3]).unwrap();
    assert_eq!(defaults.transaction.unwrap(), TransactionSpec::default());
    let off = "[kafka.listeners.charge]\ntransactional = false\n";
    let off = resolve(&load(off).unwrap(), "charge", &values).unwrap();
    assert_eq!(off.transaction, None);
}

#[test]
fn a_transactional_listener_commits_by_its_transactions_alone() {
    let values = |more| [BASIC[0], BASIC[1], ("transactional", "true"), more];
    for mode in ["manual", "time", "count"] {
        let parts = ["ack-mode", mode, "transactional(max"];
        assert_refused("", &values(("ack_mode", mode)), &parts);
    }
    let sync = ("sync-commits", "true");
    assert_refused("", &values(sync), &["no commits to wait for"]);
    let other = ("info", "x");
    let auto = "[kafka.consumer]\nenable-auto-commit = true\n";
    assert_refused(auto, &values(other), &["enable-auto-commit"]);
    let dirty = "[kafka.consumer]\nisolation-level = 'read-uncommitted'\n";
    assert_refused(dirty, &values(other), &["aborted transactions"]);
    let slow = "[kafka.listener.transaction]\nlinger = '2s'\ntimeout = '1s'\n";
    assert_refused(slow, &values(other), &["shorter than"]);
}

#[test]
fn its_own_table_beats_the_attribute_which_beats_the_common_table() {
    let text = "[kafka.listener]\nconcurrency = 2\nack-mode = 'record'\ncommit-count = 7\nproperties.fetch.error.backoff.ms = 1\n\
                [kafka.listeners.charge]\nconcurrency = 4\ngroup-id = 'own'\nproperties.fetch.min.bytes = 3\nretry.Timeout.backoff = '9s'\n";
    let config = load(text).unwrap();
    let values = [
        ("topics", "${mine.topic:orders}, refunds"),
        ("group_id", "attribute"),
        ("concurrency", "3"),
        ("ack_mode", "manual"),
        ("retry.attempts", "5"),
        ("retry.backoff", "1s..5m x4"),
        ("retry.Timeout.attempts", "8"),
        ("properties.fetch.min.bytes", "2"),
        ("properties.fetch.error.backoff.ms", "2"),
    ];
    let listener = resolve(&config, "charge", &values).unwrap();
    assert_eq!(listener.topics, ["orders", "refunds"]);
    assert_eq!(listener.group_id, "own");
    assert_eq!(listener.concurrency, 4);
    assert_eq!(listener.ack_mode, AckMode::Manual);
    assert_eq!(listener.commit_count, 7);
    assert_eq!(listener.retry.attempts, Some(5));
    let timeout = listener.retry.error("Timeout").unwrap();
    assert_eq!(timeout.attempts, Some(8));
    assert_eq!(timeout.backoff.unwrap().to_string(), "9s");
    let properties = &listener.consumer_properties;
    assert_eq!(properties.get("fetch.min.bytes"), Some("3"));
    assert_eq!(properties.get("fetch.error.backoff.ms"), Some("2"));
}

#[test]
fn the_namespace_is_before_the_group_and_shared_properties_reach_the_consumer() {
    let config = load(include_str!("every_key.toml")).unwrap();
    let listener = resolve(&config, "charge", &BASIC).unwrap();
    let properties = &listener.consumer_properties;
    for (name, value) in [
        ("group.id", "test.charging"),
        ("client.id", "charger"),
        ("bootstrap.servers", "a:1,b:2"),
        ("auto.offset.reset", "latest"),
        ("socket.timeout.ms", "5000"),
        ("session.timeout.ms", "6000"),
        ("fetch.min.bytes", "16384"),
        ("fetch.wait.max.ms", "200"),
        ("heartbeat.interval.ms", "1000"),
        ("max.poll.interval.ms", "120000"),
        ("isolation.level", "read_uncommitted"),
        ("fetch.max.bytes", "2000000"),
    ] {
        assert_eq!(properties.get(name), Some(value), "{name}");
    }
    assert_eq!(listener.group_id, "charging");
    assert_eq!(listener.topics, ["orders", "refunds"]);
}

#[test]
fn every_producer_setting_reaches_librdkafka() {
    let config = load(include_str!("every_key.toml")).unwrap();
    let properties = config.producer_properties();
    for (name, value) in [
        ("bootstrap.servers", "a:1,b:2"),
        ("client.id", "writer"),
        ("acks", "all"),
        ("enable.idempotence", "true"),
        ("partitioner", "murmur2_random"),
        ("linger.ms", "20"),
        ("batch.size", "65536"),
        ("queue.buffering.max.kbytes", "32768"),
        ("compression.type", "lz4"),
        ("retries", "7"),
        ("message.timeout.ms", "60000"),
        ("socket.timeout.ms", "5000"),
    ] {
        assert_eq!(properties.get(name), Some(value), "{name}");
    }
    assert_eq!(config.shared_properties().get("client.id"), Some("service"));
}

#[test]
fn librdkafka_accepts_what_was_resolved() {
    let config = load(include_str!("every_key.toml")).unwrap();
    let listener = resolve(&config, "charge", &BASIC).unwrap();
    let native = |properties: &crate::config::Properties| -> rdkafka::ClientConfig {
        let pairs = properties.iter();
        pairs
            .map(|(n, v, _)| (n.to_owned(), v.to_owned()))
            .collect()
    };
    let consumer = native(&listener.consumer_properties);
    assert!(consumer.create::<rdkafka::consumer::BaseConsumer>().is_ok());
    let producer = native(config.producer_properties());
    assert!(producer.create::<rdkafka::producer::BaseProducer>().is_ok());
}

#[test]
fn what_only_producers_have_does_not_reach_consumers() {
    let text = "[kafka.properties]\nbatch.num.messages = 5\nfetch.error.backoff.ms = 5\n";
    let config = load(text).unwrap();
    let listener = resolve(&config, "charge", &BASIC).unwrap();
    assert_eq!(listener.consumer_properties.get("batch.num.messages"), None);
    let producer = config.producer_properties();
    assert_eq!(producer.get("batch.num.messages"), Some("5"));
    assert_eq!(producer.get("fetch.error.backoff.ms"), None);
    let shared = config.shared_properties();
    assert!(
        shared.get("batch.num.messages").is_none()
            && shared.get("fetch.error.backoff.ms").is_none()
    );
}

#[test]
fn automatic_commits_are_by_time() {
    let text = "[kafka.consumer]\nenable-auto-commit = true\nauto-commit-interval = '3s'\n";
    let listener = resolve(&load(text).unwrap(), "charge", &BASIC).unwrap();
    assert_eq!(listener.auto_commit, Some(Duration::from_secs(3)));
    let properties = listener.consumer_properties;
    assert_eq!(properties.get("enable.auto.commit"), Some("false"));
    let manual = [BASIC[0], BASIC[1], ("ack_mode", "manual")];
    assert_refused(
        text,
        &manual,
        &["src/billing.rs:12:1", "ack-mode", "by time only"],
    );
}

#[test]
fn the_group_comes_from_the_consumer_table_or_an_explicit_id_and_never_from_a_name() {
    let common = load("[kafka.consumer]\ngroup-id = 'common'\n").unwrap();
    let topics = [("topics", "orders")];
    assert_eq!(
        resolve(&common, "charge", &topics).unwrap().group_id,
        "common"
    );

    let explicit = ListenerAttributes {
        id: "charge",
        explicit_id: true,
        values: &topics,
        origin: Origin::Program,
    };
    let listener = load("").unwrap().listener(&explicit).unwrap();
    assert_eq!(listener.group_id, "charge");

    assert_refused(
        "",
        &topics,
        &[
            "src/billing.rs:12:1: listener charge.group-id: not set",
            "[kafka.listeners.charge]",
        ],
    );
}

#[test]
fn a_listener_without_topics_is_refused() {
    assert_refused(
        "",
        &[("group_id", "g")],
        &["listener charge.topics: not set"],
    );
}

#[test]
fn mistakes_in_attributes_are_located_at_the_attribute() {
    for (key, value, part) in [
        ("concurrency", "0", "not between 1 and 1000"),
        ("concurency", "3", "did you mean \"concurrency\"?"),
        (
            "client_id",
            "${NO_SUCH}",
            "environment variable NO_SUCH is not set",
        ),
        ("retry.backoff", "soon", "not a duration"),
        (
            "properties.session.timeot.ms",
            "1",
            "did you mean \"session.timeout.ms\"?",
        ),
        (
            "properties.group.id",
            "x",
            "belongs to the framework; set group-id in",
        ),
    ] {
        let values = [BASIC[0], BASIC[1], (key, value)];
        let config = load("").unwrap();
        let report = resolve(&config, "charge", &values).unwrap_err().to_string();
        assert!(
            report.contains("src/billing.rs:12:1: listener charge."),
            "{report}"
        );
        assert!(report.contains(part), "{report}\nlacks {part}");
    }
}

#[test]
fn a_dead_letter_topic_that_the_listener_reads_is_a_loop() {
    let values = [BASIC[0], BASIC[1]];
    let text = "[kafka.listeners.charge]\ndead-letter-topic = 'orders'\n";
    assert_refused(
        text,
        &values,
        &["application.toml:2:21", "come back for ever"],
    );
}

#[test]
fn a_static_member_has_a_name_where_there_is_one() {
    let instance = |text: &str| {
        let config = load(text).unwrap();
        let listener = resolve(&config, "charge", &BASIC).unwrap();
        let properties = listener.consumer_properties;
        properties.get("group.instance.id").map(str::to_owned)
    };
    let named = "[kafka.listener]\nconcurrency = 2\ngroup-instance-id = 'pod-7'\n";
    assert_eq!(instance(named).as_deref(), Some("pod-7"));
    let unnamed = "[kafka.listener]\ngroup-instance-id = '${NO_SUCH_VARIABLE:}'\n";
    assert_eq!(instance(unnamed), None);
}

#[test]
fn order_and_parallelism_come_from_every_layer() {
    let text = "[kafka.listener]\norder = 'key'\n[kafka.listeners.charge]\ndispatch = 'spawn'\nmax-uncommitted-bytes = '1MiB'\n";
    let config = load(text).unwrap();
    let listener = resolve(&config, "charge", &BASIC).unwrap();
    assert_eq!(listener.order, Order::Key);
    assert_eq!(listener.parallelism, Some(16));
    assert_eq!(listener.dispatch, Dispatch::Spawn);
    assert_eq!(listener.max_uncommitted_bytes, 1 << 20);
    let values = [
        BASIC[0],
        BASIC[1],
        ("order", "none"),
        ("parallelism", "300"),
    ];
    let listener = resolve(&config, "charge", &values).unwrap();
    assert_eq!(
        (listener.order, listener.parallelism),
        (Order::None, Some(300))
    );
    let plain = load("").unwrap();
    let listener = resolve(&plain, "charge", &BASIC).unwrap();
    assert_eq!(
        (listener.order, listener.parallelism),
        (Order::Partition, None)
    );
}

#[test]
fn an_unknown_order_is_refused_where_it_stands() {
    let text = "[kafka.listener]\norder = 'keys'\n";
    let report = load(text).unwrap_err().to_string();
    assert!(report.contains("application.toml:2:9"), "{report}");
    assert!(report.contains("did you mean \"key\"?"), "{report}");
}

#[test]
fn a_namespace_may_make_a_name_too_long() {
    let topic = "x".repeat(245);
    let values = [("topics", topic.as_str()), BASIC[1]];
    assert_refused(
        "[kafka]\nnamespace = 'long-one'\n",
        &values,
        &["at most 249"],
    );
}
