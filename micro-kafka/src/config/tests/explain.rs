//! What counts, and where it comes from.

use super::Config;
use crate::config::{ListenerAttributes, Origin};

const TEXT: &str = "[kafka]\nbootstrap-servers = 'broker:9092'\nproperties.sasl.password = 'hunter2'\n\
                    [kafka.producer]\nlinger = '20ms'\n\
                    [kafka.templates.audit]\ntopics = 'audit-*'\nretries = 7\n\
                    [kafka.containers.slow]\nmax-uncommitted = 7\nconcurrency = 4\n\
                    [kafka.listener]\nconcurrency = 2\nrevoke-drain = '3s'\n\
                    [kafka.listeners.charge]\nretry.attempts = 3\nretry.Timeout.backoff = '1s'\n";

fn config() -> Config {
    let builder = Config::builder().toml_str("a.toml", TEXT);
    let builder = builder.env([("KAFKA__CLIENT_ID", "billing")]);
    builder.set("kafka.namespace", "test").build().unwrap()
}

fn attributes<'a>(values: &'a [(&'a str, &'a str)]) -> ListenerAttributes<'a> {
    ListenerAttributes {
        id: "charge",
        explicit_id: true,
        values,
        origin: Origin::file("src/main.rs", 12, 1),
    }
}

/// Checks that a line says this, whatever room is between.
#[track_caller]
fn assert_line(text: &str, wanted: &str) {
    let squeezed = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let found = text.lines().any(|line| squeezed(line) == wanted);
    assert!(found, "{text}\nlacks {wanted}");
}

#[test]
fn each_value_stands_beside_the_place_that_set_it() {
    let text = config().explain().to_string();
    for line in [
        "[kafka]",
        "bootstrap-servers = \"broker:9092\" # a.toml:2:21",
        "client-id = \"billing\" # environment variable KAFKA__CLIENT_ID",
        "namespace = \"test\" # set by the program",
        "shutdown-timeout = \"10s\" # default",
        "# group-id is not set",
        "auto-offset-reset = \"earliest\" # default",
        "[kafka.templates.audit]",
        "topics = \"audit-*\" # a.toml:7:10",
        "retries = 7 # a.toml:8:11",
        "linger = \"20ms\" # a.toml:5:10",
        "queue.buffering.max.ms = \"20\" # a.toml:5:10",
        "enable.idempotence = \"true\" # default",
    ] {
        assert_line(&text, line);
    }
}

#[test]
fn secrets_are_masked() {
    let text = config().explain().to_string();
    assert!(!text.contains("hunter2"), "{text}");
    assert_line(&text, "sasl.password = \"***\" # a.toml:3:28");
    let from_env = Config::builder()
        .toml_str("a.toml", "[kafka]\nclient-id = '${DB_PASSWORD}'\n")
        .env([("DB_PASSWORD", "hunter3")])
        .build();
    let text = from_env.unwrap().explain().to_string();
    assert!(!text.contains("hunter3"), "{text}");
    assert_line(&text, "client-id = \"***\" # a.toml:2:13");
}

#[test]
fn a_listener_tells_which_of_its_places_won() {
    let values = [
        ("topics", "orders"),
        ("container", "slow"),
        ("revoke_drain", "5s"),
    ];
    let explained = config().explain_listener(&attributes(&values)).unwrap();
    let text = explained.to_string();
    for line in [
        "[kafka.listeners.charge]",
        "topics = \"orders\" # src/main.rs:12:1",
        "revoke-drain = \"5s\" # src/main.rs:12:1",
        "concurrency = 4 # a.toml:11:15",
        "max-uncommitted = 7 # a.toml:10:19",
        "commit-count = 1000 # default",
        "group-id = \"charge\" # src/main.rs:12:1, the listener's id",
        "[kafka.listeners.charge.retry]",
        "attempts = 3 # a.toml:16:18",
        "[kafka.listeners.charge.retry.Timeout]",
        "backoff = \"1s\" # a.toml:17:25",
        "[kafka.listeners.charge.properties]",
        "group.id = \"test.charge\" # default",
    ] {
        assert_line(&text, line);
    }
}

#[test]
fn whoever_names_topics_in_one_way_hides_the_others() {
    let text = "[kafka.listeners.charge]\ntopic-pattern = 'orders[.].*'\n";
    let config = Config::builder().toml_str("a.toml", text).build().unwrap();
    let values = [("topics", "orders"), ("group_id", "billing")];
    let explained = config.explain_listener(&attributes(&values)).unwrap();
    let text = explained.to_string();
    assert_line(&text, "topic-pattern = \"orders[.].*\" # a.toml:2:17");
    assert_line(&text, "# topics is not set");
}
