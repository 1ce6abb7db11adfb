//! What a listener may declare beside its topics, in all the places where it may stand.

use std::time::Duration;

use crate::config::{Config, ListenerAttributes, Origin, ResolvedListener};
use crate::listener::{AckMode, StartFrom};

fn resolve(text: &str, env: &[(&str, &str)], values: &[(&str, &str)]) -> ResolvedListener {
    let builder = Config::builder().toml_str("test.toml", text);
    let config = builder.env(env.iter().copied()).build().unwrap();
    let attributes = ListenerAttributes {
        id: "charge",
        explicit_id: true,
        values,
        origin: Origin::file("src/billing.rs", 12, 1),
    };
    config.listener(&attributes).unwrap()
}

const ATTRIBUTE: [(&str, &str); 8] = [
    ("topics", "orders"),
    ("container", "${profile:slow}"),
    ("batch.max", "10"),
    ("batch.linger", "20ms"),
    ("error_handler", "patient"),
    ("send_to", "ledger"),
    ("info", "Europe"),
    ("concurrency", "2"),
];

const CONTAINERS: &str = "[kafka.containers.slow]\nconcurrency = 7\nack-mode = 'record'\n\
    properties.fetch.min.bytes = 5\n[kafka.containers.fast]\nack-mode = 'time'\n";

#[test]
fn an_attribute_is_overridden_by_nothing_but_its_own_table() {
    let listener = resolve(CONTAINERS, &[], &ATTRIBUTE);
    assert_eq!(listener.batch.max, 10);
    assert_eq!(listener.batch.linger, Duration::from_millis(20));
    assert_eq!(listener.error_handler.as_deref(), Some("patient"));
    assert_eq!(listener.send_to.as_deref(), Some("ledger"));
    assert_eq!(listener.info.as_deref(), Some("Europe"));
    assert_eq!(listener.concurrency, 2, "not by its container");
    assert_eq!(listener.ack_mode, AckMode::Record, "by its container");
    let properties = &listener.consumer_properties;
    assert_eq!(properties.get("fetch.min.bytes"), Some("5"));
}

#[test]
fn the_environment_overrides_each_value() {
    let env = [
        ("KAFKA__LISTENERS__CHARGE__CONTAINER", "fast"),
        ("KAFKA__LISTENERS__CHARGE__BATCH__MAX", "99"),
        ("KAFKA__LISTENERS__CHARGE__BATCH__LINGER", "1s"),
        ("KAFKA__LISTENERS__CHARGE__ERROR_HANDLER", "hasty"),
        ("KAFKA__LISTENERS__CHARGE__SEND_TO", "books"),
        ("KAFKA__LISTENERS__CHARGE__INFO", "America"),
        (
            "KAFKA__LISTENERS__CHARGE__TOPIC_PARTITIONS",
            "orders[0-2]@earliest;refunds[1]",
        ),
    ];
    let listener = resolve(CONTAINERS, &env, &ATTRIBUTE);
    assert_eq!(listener.ack_mode, AckMode::Time);
    assert_eq!(listener.batch.max, 99);
    assert_eq!(listener.batch.linger, Duration::from_secs(1));
    assert_eq!(listener.error_handler.as_deref(), Some("hasty"));
    assert_eq!(listener.send_to.as_deref(), Some("books"));
    assert_eq!(listener.info.as_deref(), Some("America"));
    assert_eq!(listener.topics, ["orders", "refunds"]);
    let [orders, refunds] = &listener.topic_partitions[..] else {
        panic!("{:?}", listener.topic_partitions);
    };
    assert_eq!(
        (&*orders.partitions, orders.from),
        (&[0, 1, 2][..], StartFrom::Earliest)
    );
    assert_eq!(
        (&*refunds.partitions, refunds.from),
        (&[1][..], StartFrom::Committed)
    );
}

#[test]
fn whoever_names_topics_in_one_way_overrides_all_ways_of_the_others() {
    let pattern = "[kafka.listeners.charge]\ntopic-pattern = 'orders.*'\n";
    let listener = resolve(&format!("{CONTAINERS}{pattern}"), &[], &ATTRIBUTE);
    assert_eq!(listener.topic_pattern.as_deref(), Some("orders.*"));
    assert!(listener.topics.is_empty());
}
