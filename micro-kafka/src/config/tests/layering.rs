//! Which layer wins, and where files are found.

use std::path::Path;
use std::time::Duration;

use super::folder::Folder;
use super::load;
use crate::config::{Acks, AutoOffsetReset, Config, ErrorPolicy};
use crate::error::BackOff;
use crate::listener::AckMode;

#[test]
fn nothing_at_all_gives_the_defaults() {
    let config = Config::builder().build().unwrap();
    let kafka = config.kafka();
    assert_eq!(kafka.bootstrap_servers, "localhost:9092");
    assert_eq!(kafka.shutdown_timeout, Duration::from_secs(10));
    assert_eq!(kafka.consumer.auto_offset_reset, AutoOffsetReset::Earliest);
    assert_eq!(kafka.producer.acks, Acks::All);
    assert!(config.sources().is_empty());
}

#[test]
fn every_key_is_read() {
    let config = load(include_str!("every_key.toml")).unwrap();
    let kafka = config.kafka();
    assert_eq!(kafka.bootstrap_servers, "a:1,b:2");
    assert_eq!(kafka.namespaced("orders"), "test.orders");
    assert_eq!(kafka.consumer.auto_commit_interval, Duration::from_secs(2));
    assert_eq!(kafka.consumer.fetch_min_size, Some(16_384));
    assert_eq!(kafka.producer.flush_timeout, Duration::from_secs(3));
    let charge = kafka.listener_overrides("charge").unwrap();
    assert_eq!(charge.topics.as_deref().unwrap(), ["orders", "refunds"]);
    assert_eq!(charge.ack_mode, Some(AckMode::Manual));
    assert_eq!(charge.max_uncommitted, Some(5_000));
    assert_eq!(charge.dead_letter_topic.as_deref(), Some("lost"));
    let backoff = BackOff::Exponential {
        initial: Duration::from_secs(1),
        max: Duration::from_secs(300),
        multiplier: 4.0,
    };
    assert_eq!(charge.retry.backoff, Some(backoff));
    let timeout = charge.retry.error("Timeout").unwrap();
    assert_eq!(timeout.attempts, Some(9));
    let declined = charge.retry.error("Declined").unwrap();
    assert_eq!(declined.policy, Some(ErrorPolicy::DeadLetter));
    assert_eq!(charge.properties.get("fetch.max.bytes"), Some("2000000"));
}

#[test]
fn profile_beats_file_environment_beats_profile_and_program_beats_all() {
    let folder = Folder::new(&[
        (
            "application.toml",
            "[kafka]\nclient-id = 'file'\nnamespace = 'file'\n[kafka.consumer]\ngroup-id = 'file'\n[kafka.producer]\nclient-id = 'file'\n",
        ),
        (
            "application-a.toml",
            "[kafka]\nnamespace = 'a'\n[kafka.consumer]\ngroup_id = 'a'\n[kafka.producer]\nclientId = 'a'\n",
        ),
        ("application-b.toml", "[kafka.consumer]\ngroupId = 'b'\n"),
    ]);
    let config = Config::builder()
        .dir(folder.path())
        .env([
            ("MICRO_KAFKA_PROFILES", "a, b"),
            ("KAFKA__PRODUCER__CLIENT_ID", "env"),
            ("KAFKA__CONSUMER__CLIENT_ID", "env"),
            ("KAFKA_PORT", "tcp://1.2.3.4:5"),
        ])
        .set("kafka.consumer.client-id", "program")
        .build()
        .unwrap();
    let kafka = config.kafka();
    assert_eq!(kafka.client_id.as_deref(), Some("file"));
    assert_eq!(kafka.namespace.as_deref(), Some("a"));
    assert_eq!(kafka.consumer.group_id.as_deref(), Some("b"));
    assert_eq!(kafka.producer.client_id.as_deref(), Some("env"));
    assert_eq!(kafka.consumer.client_id.as_deref(), Some("program"));
    let files: Vec<_> = config
        .sources()
        .iter()
        .map(|s| Path::new(s).file_name().unwrap())
        .collect();
    assert_eq!(
        files,
        [
            "application.toml",
            "application-a.toml",
            "application-b.toml"
        ]
    );
}

#[test]
fn environment_values_become_what_the_key_takes() {
    let config = Config::builder()
        .env([
            ("KAFKA__BOOTSTRAP_SERVERS", "a:1,[::1]:2"),
            ("KAFKA__LISTENERS__CHARGE_CARD__TOPICS", "orders, refunds"),
            ("KAFKA__LISTENERS__CHARGE_CARD__CONCURRENCY", "3"),
            ("KAFKA__LISTENERS__CHARGE_CARD__AUTO_STARTUP", "false"),
            (
                "KAFKA__LISTENERS__CHARGE_CARD__RETRY__TIMEOUT__ATTEMPTS",
                "4",
            ),
            ("KAFKA__PROPERTIES__SOCKET_TIMEOUT_MS", "6000"),
            ("KAFKA__CONSUMER__PROPERTIES__SESSION__TIMEOUT__MS", "7000"),
        ])
        .build()
        .unwrap();
    let kafka = config.kafka();
    assert_eq!(kafka.bootstrap_servers, "a:1,[::1]:2");
    let listener = kafka.listener_overrides("charge_card").unwrap();
    assert_eq!(listener.topics.as_deref().unwrap(), ["orders", "refunds"]);
    assert_eq!(listener.concurrency, Some(3));
    assert_eq!(listener.auto_startup, Some(false));
    assert_eq!(listener.retry.error("Timeout").unwrap().attempts, Some(4));
    assert_eq!(kafka.properties.get("socket.timeout.ms"), Some("6000"));
    let session = kafka.consumer.properties.get("session.timeout.ms");
    assert_eq!(session, Some("7000"));
}

#[test]
fn a_property_is_overridden_under_any_spelling_and_alias() {
    let config = Config::builder()
        .toml_str(
            "a.toml",
            "[kafka.producer.properties]\nlinger.ms = 5\n'socket.timeout.ms' = 1000\n",
        )
        .toml_str(
            "b.toml",
            "[kafka.producer.properties]\n'queue.buffering.max.ms' = 6\nsocket.timeout.ms = 2000\n",
        )
        .env([("KAFKA__PRODUCER__PROPERTIES__SOCKET_TIMEOUT_MS", "3000")])
        .build()
        .unwrap();
    let properties = config.producer_properties();
    assert_eq!(properties.get("linger.ms"), Some("6"));
    assert_eq!(properties.get("socket.timeout.ms"), Some("3000"));
    let place = properties.origin("linger.ms").unwrap().to_string();
    assert_eq!(place, "b.toml:2:28");
}

#[test]
fn a_profile_without_a_file_is_a_mistake_and_the_right_one_is_named() {
    let folder = Folder::new(&[("application.toml", ""), ("application-prod.toml", "")]);
    let errors = Config::builder().dir(folder.path()).profile("prdo").build();
    let report = errors.unwrap_err().to_string();
    assert!(report.contains("application-prdo.toml"), "{report}");
    assert!(
        report.contains("did you mean the profile \"prod\"?"),
        "{report}"
    );
}

#[test]
fn profiles_cannot_leave_their_folder() {
    let builder = Config::builder().env([("MICRO_KAFKA_PROFILES", "../../etc/passwd")]);
    let report = builder.build().unwrap_err().to_string();
    assert!(report.contains("is not a profile"), "{report}");
}

#[test]
fn a_file_that_is_asked_for_must_exist() {
    let folder = Folder::new(&[]);
    let file = folder.path().join("application.toml");
    let report = Config::builder().file(&file).build().unwrap_err();
    assert!(report.to_string().contains("cannot be read"), "{report}");
    let empty = Config::builder().dir(folder.path()).build().unwrap();
    assert!(empty.sources().is_empty());
}

#[test]
fn discovery_takes_the_file_that_the_variable_names() {
    let folder = Folder::new(&[("my.toml", "[kafka]\nclient-id = 'named'\n")]);
    let file = folder.path().join("my.toml");
    let config = Config::builder()
        .discover()
        .env([("MICRO_KAFKA_CONFIG", file.as_os_str())])
        .build()
        .unwrap();
    assert_eq!(config.kafka().client_id.as_deref(), Some("named"));
    assert_eq!(config.sources(), [file.display().to_string()]);
}

#[test]
fn discovery_ends_at_the_folder_of_the_package() {
    let folder = Folder::new(&[("application.toml", "[kafka]\nclient-id = 'p'\n")]);
    let config = Config::builder()
        .discover()
        .env([("CARGO_MANIFEST_DIR", folder.path().as_os_str())])
        .build()
        .unwrap();
    assert_eq!(config.kafka().client_id.as_deref(), Some("p"));
}

#[test]
fn placeholders_are_resolved_in_files_and_taken_literally_elsewhere() {
    let config = Config::builder()
        .toml_str("a.toml", "[kafka]\nclient-id = '${WHO:me}-${mine.n}'\n[kafka.listener]\nconcurrency = '${N:3}'\n[mine]\nn = 7\n")
        .env([("WHO", "you"), ("KAFKA__PROPERTIES__SASL_PASSWORD", "a${b}\"}'")])
        .set("kafka.consumer.group-id", "g-${x")
        .build()
        .unwrap();
    let kafka = config.kafka();
    assert_eq!(kafka.client_id.as_deref(), Some("you-7"));
    assert_eq!(kafka.listener.concurrency, Some(3));
    assert_eq!(kafka.properties.get("sasl.password"), Some("a${b}\"}'"));
    assert_eq!(kafka.consumer.group_id.as_deref(), Some("g-${x"));
    assert_eq!(config.resolve("${mine.topic:orders}").unwrap(), "orders");
    assert_eq!(config.resolve("${kafka.client-id}").unwrap(), "you-7");
}
