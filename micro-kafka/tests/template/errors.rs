//! Failures have types, name their topic, and reach whoever waits or the hook.

use std::sync::Arc;
use std::time::Duration;

use micro_kafka::client::ConfigError;
use micro_kafka::codec::{EncodeError, ToPayload};
use micro_kafka::template::{ErrorHook, KafkaTemplate, SendError, TemplateConfig};
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use tokio::sync::mpsc;

use crate::support::{Cluster, cluster, config, raw, template};

/// A template whose hook hands over the text of what it was told.
fn hooked(cluster: &Cluster, properties: &[(&str, &str)]) -> (KafkaTemplate, Told) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let mut settings = config(cluster, properties);
    settings.error_hook = ErrorHook::new(move |error: &SendError| {
        sender.send(format!("{error:?}")).unwrap();
    });
    (KafkaTemplate::new(settings).unwrap(), Told(receiver))
}

struct Told(mpsc::UnboundedReceiver<String>);

impl Told {
    async fn next(&mut self) -> String {
        let next = tokio::time::timeout(Duration::from_secs(20), self.0.recv());
        next.await.expect("the hook was not called").unwrap()
    }
}

struct Unwritable;

impl ToPayload for Unwritable {
    fn to_payload(&self, _: &mut Vec<u8>) -> Result<bool, EncodeError> {
        let error = serde_json::from_str::<bool>("?").unwrap_err();
        Err(EncodeError::Json(error))
    }
}

#[tokio::test]
async fn a_payload_that_cannot_be_written_is_told_by_the_send() {
    let cluster = cluster("orders", 1);
    let kafka = template(&cluster, &[]);
    let error = kafka.send("orders", Unwritable).key("k").await.unwrap_err();
    assert!(
        matches!(error, SendError::Serialization { .. }),
        "{error:?}"
    );
    assert_eq!(error.topic(), "orders");
    assert!(!error.is_retriable() && !error.is_fatal() && !error.maybe_stored());
}

#[tokio::test]
async fn a_record_above_the_limit_is_too_large() {
    let cluster = cluster("orders", 1);
    let kafka = template(&cluster, &[]);
    let huge = "x".repeat(2 << 20);
    let error = kafka.send("orders", raw(&huge)).await.unwrap_err();
    assert!(matches!(error, SendError::TooLarge { .. }), "{error:?}");
    let largest = "x".repeat(1_048_000);
    kafka.send("orders", raw(&largest)).await.unwrap();
}

#[tokio::test]
async fn a_refused_right_is_unauthorized() {
    let cluster = cluster("orders", 1);
    let kafka = template(&cluster, &[]);
    let refusal = RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
    cluster.request_errors(RDKafkaApiKey::Produce, &[refusal]);
    let error = kafka.send("orders", raw("x")).await.unwrap_err();
    assert!(matches!(error, SendError::Unauthorized { .. }), "{error:?}");
    assert!(error.to_string().contains("orders"), "{error}");
}

#[tokio::test]
async fn an_unknown_partition_is_told_with_its_number() {
    let cluster = cluster("orders", 2);
    let kafka = template(&cluster, &[]);
    let error = kafka.send("orders", raw("x")).partition(9).await;
    let error = error.unwrap_err();
    assert!(
        matches!(error, SendError::UnknownPartition { partition: 9, .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_name_that_no_topic_can_have_is_refused() {
    let cluster = cluster("orders", 1);
    let kafka = template(&cluster, &[]);
    for name in ["", "a\0b"] {
        let error = kafka.send(name, raw("x")).await.unwrap_err();
        assert!(matches!(error, SendError::InvalidTopic { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn the_deadline_of_a_delivery_is_a_timeout() {
    let cluster = cluster("orders", 1);
    let kafka = template(&cluster, &[("delivery.timeout.ms", "1500")]);
    kafka.send("orders", raw("x")).await.unwrap();
    cluster.broker_down(1).unwrap();
    let error = kafka.send("orders", raw("y")).await.unwrap_err();
    assert!(matches!(error, SendError::TimedOut { .. }), "{error:?}");
    assert!(error.is_retriable());
}

#[tokio::test]
async fn the_hook_is_told_of_detached_failures() {
    let cluster = cluster("orders", 1);
    let (kafka, mut told) = hooked(&cluster, &[]);
    kafka.send("orders", Unwritable).detach();
    assert!(told.next().await.starts_with("Serialization"));
    kafka.send("orders", raw("x")).partition(7).detach();
    assert!(told.next().await.starts_with("UnknownPartition"));
}

#[tokio::test]
async fn the_hook_is_told_of_a_failure_that_nobody_awaits() {
    let cluster = cluster("orders", 1);
    let (kafka, mut told) = hooked(&cluster, &[("delivery.timeout.ms", "1500")]);
    kafka.send("orders", raw("x")).await.unwrap();
    cluster.broker_down(1).unwrap();
    drop(kafka.send("orders", raw("y")).queue().await.unwrap());
    assert!(told.next().await.starts_with("TimedOut"));
}

#[tokio::test]
async fn a_detached_send_does_not_wait_for_room() {
    let cluster = cluster("orders", 1);
    let full = [("queue.buffering.max.messages", "1"), ("linger.ms", "2000")];
    let (kafka, mut told) = hooked(&cluster, &full);
    let first = kafka.send("orders", raw("x")).queue().await.unwrap();
    kafka.send("orders", raw("y")).detach();
    assert!(told.next().await.starts_with("QueueFull"));
    kafka.flush(Duration::from_secs(10)).await.unwrap();
    first.await.unwrap();
}

#[tokio::test]
async fn a_panicking_hook_does_not_stop_the_template() {
    let cluster = cluster("orders", 1);
    let mut settings = config(&cluster, &[]);
    let called = Arc::new(tokio::sync::Notify::new());
    let calls = Arc::clone(&called);
    settings.error_hook = ErrorHook::new(move |_: &SendError| {
        calls.notify_one();
        panic!("a hook of the user's");
    });
    let kafka = KafkaTemplate::new(settings).unwrap();
    drop(kafka.send("orders", raw("x")).partition(7).queue().await);
    called.notified().await;
    kafka.send("orders", raw("y")).await.unwrap();
}

#[test]
fn a_misspelt_property_is_named() {
    let config = TemplateConfig::new("localhost:1").property("linger.mss", "5");
    let error = KafkaTemplate::new(config).unwrap_err();
    assert!(
        matches!(&error, ConfigError::UnknownProperty { key } if key == "linger.mss"),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_broken_producer_says_why() {
    let cluster = cluster("orders", 1);
    // A broker without idempotence, which is fatal for a producer with it.
    let producer_ids = RDKafkaApiKey::InitProducerId;
    cluster.apiversion(producer_ids, None, None).unwrap();
    let kafka = template(&cluster, &[]);
    let error = kafka.send("orders", raw("x")).await.unwrap_err();
    assert!(matches!(error, SendError::Fatal { .. }), "{error:?}");
    let error = kafka.send("orders", raw("y")).await.unwrap_err();
    assert!(error.is_fatal() && !error.is_retriable(), "{error:?}");
    let reason = kafka.fatal_error().unwrap();
    assert!(reason.contains("UNSUPPORTED_FEATURE"), "{reason}");
}
