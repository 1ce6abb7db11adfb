//! Every key of the attribute reaches the definition.

use std::any::Any as _;
use std::time::Duration;

use micro_kafka::error::BackOff;
use micro_kafka::listener::{AckMode, BootCheck, RetryDef, States};
use micro_kafka::prelude::*;

use crate::support::listener;

#[kafka_listener(
    topics = ["${prefix:eu}.orders", "refunds"],
    id = "full",
    group_id = "${group:billing}",
    concurrency = 3,
    auto_startup = false,
    client_id = "billing-client",
    properties = ["fetch.min.bytes=1000", "debug = ${debug:a=b}"],
    ack_mode = "manual",
    retry(attempts = 3, backoff = "1s..5m x4"),
    crate = ::micro_kafka,
)]
async fn complete(ack: Acknowledgment) {
    ack.acknowledge();
}

/// Documented.
#[inline]
#[kafka_listener(topics = "minimal")]
#[allow(unused_mut, reason = "an attribute below is kept")]
pub(crate) async fn minimal(mut payload: &[u8]) -> Result<(), String> {
    let _ = payload;
    Ok(())
}

#[kafka_listener(topics = "raw", retry(backoff = "100ms"))]
async fn r#type(r#struct: &str) {
    let _ = r#struct;
}

#[kafka_listener(topics = "gone")]
#[cfg(any())]
async fn gone(payload: NoSuchType) {}

macro_rules! made_by_macro {
    ($name:ident, $topic:literal, $limit:expr) => {
        #[kafka_listener(topics = $topic, concurrency = $limit)]
        async fn $name() {}
    };
}

made_by_macro!(made, "made", 2);

#[kafka_listener(topics = "states", ack_mode = "batch")]
async fn needs_much(_: State<u8>, _: State<String>, _: Acknowledgment) {}

#[kafka_listener(topics = "manual", ack_mode = "manual")]
async fn never_acknowledges(_: State<u8>) {}

#[kafka_listener(topics = "orders", id = "twice-eu")]
#[kafka_listener(topics = "orders", id = "twice-us")]
async fn twice(#[header("source")] source: &str) {
    let _ = source;
}

#[test]
fn every_key_reaches_the_definition() {
    let full = listener("full");
    assert!(full.explicit_id);
    assert_eq!(full.topics, ["${prefix:eu}.orders", "refunds"]);
    assert_eq!(full.group_id, Some("${group:billing}"));
    assert_eq!(full.client_id, Some("billing-client"));
    assert_eq!(full.concurrency, Some(3));
    assert_eq!(full.auto_startup, Some(false));
    assert_eq!(full.ack_mode, Some(AckMode::Manual));
    assert_eq!(
        full.properties,
        [("fetch.min.bytes", "1000"), ("debug", "${debug:a=b}")]
    );
    let back_off = BackOff::Exponential {
        initial: Duration::from_secs(1),
        max: Duration::from_secs(300),
        multiplier: 4.0,
    };
    let retry = RetryDef {
        attempts: Some(3),
        back_off: Some(back_off),
    };
    assert_eq!(full.retry, retry);
}

#[test]
fn what_is_left_out_is_left_to_the_settings() {
    let minimal = listener("minimal");
    assert!(!minimal.explicit_id);
    assert_eq!(minimal.topics, ["minimal"]);
    assert_eq!(minimal.group_id, None);
    assert_eq!(minimal.client_id, None);
    assert_eq!(minimal.concurrency, None);
    assert_eq!(minimal.auto_startup, None);
    assert_eq!(minimal.ack_mode, None);
    assert_eq!(minimal.retry, RetryDef::default());
    assert!(minimal.properties.is_empty());
}

#[test]
fn a_listener_knows_its_place_and_its_function() {
    let minimal_def = listener("minimal");
    assert_eq!(minimal_def.module, "macros::attribute");
    assert!(
        minimal_def
            .source
            .file
            .ends_with("tests/macros/attribute.rs")
    );
    let text = include_str!("attribute.rs");
    let line = text
        .lines()
        .position(|line| line.contains("topics = \"minimal\""));
    assert_eq!(minimal_def.source.line as usize, line.unwrap() + 1);
    assert_eq!((minimal_def.function)(), minimal.type_id());
    assert_ne!((minimal_def.function)(), complete.type_id());
    assert_eq!((listener("full").function)(), complete.type_id());
}

#[test]
fn raw_names_and_fragments_of_macros_work() {
    let raw = listener("type");
    let back_off = BackOff::Fixed(Duration::from_millis(100));
    assert_eq!(raw.retry.back_off, Some(back_off));
    assert_eq!((raw.function)(), r#type.type_id());
    let made = listener("made");
    assert_eq!(
        (made.topics, made.concurrency),
        (["made"].as_slice(), Some(2))
    );
}

#[test]
fn a_function_may_be_several_listeners() {
    for id in ["twice-eu", "twice-us"] {
        assert_eq!((listener(id).function)(), twice.type_id());
    }
}

#[test]
fn a_function_that_is_configured_out_is_no_listener() {
    use micro_kafka::listener::LISTENERS;
    assert!(LISTENERS.iter().all(|listener| listener.id != "gone"));
}

#[test]
fn a_listener_within_a_function_is_found() {
    #[kafka_listener(topics = "inner")]
    async fn inner(Json(value): Json<Inner>) {
        let _ = value;
    }

    #[derive(Deserialize)]
    struct Inner;

    assert_eq!((listener("inner").function)(), inner.type_id());
}

#[tokio::test]
async fn the_function_stays_callable() {
    assert_eq!(minimal(b"payload").await, Ok(()));
    made().await;
}

#[test]
fn all_that_is_missing_is_found_before_the_start() {
    let states = States::default();
    let mut boot = BootCheck::new(&states, AckMode::Batch);
    (listener("needs_much").check)(&mut boot);
    assert_eq!(
        boot.into_problems(),
        [
            "no value for `State<u8>`: call `.state(…)` on the builder",
            "no value for `State<String>`: call `.state(…)` on the builder",
            "an `Acknowledgment` needs ack mode `manual`: write `ack_mode = \"manual\"`, or leave the argument out",
        ]
    );
}

#[test]
fn a_manual_listener_that_cannot_acknowledge_is_found_before_the_start() {
    let mut states = States::default();
    states.insert(1_u8);
    let mut boot = BootCheck::new(&states, AckMode::Manual);
    (listener("never_acknowledges").check)(&mut boot);
    assert_eq!(
        boot.into_problems(),
        [
            "ack mode is `manual`, but no argument is an `Acknowledgment`: nothing would ever be committed"
        ]
    );
    let mut boot = BootCheck::new(&states, AckMode::Manual);
    (listener("full").check)(&mut boot);
    assert!(boot.into_problems().is_empty());
}
