//! Dead letters as Spring Kafka writes them, and as they arrive.

use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::bindings as rdsys;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Headers as _, Message};
use rdkafka::mocking::MockCluster;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::headers::{self, Texts};
use super::*;
use crate::error::fixture::{ChargeError, delivery};
use crate::error::{ListenerError, Policy, Recover, Recovered};
use crate::extract::FromRecord;
use crate::listener::Delivery;
use crate::record::{OwnedHeader, OwnedRecord, Record, Timestamp};
use crate::template::{KafkaTemplate, TemplateConfig};

/// The record whose dead letter Spring Kafka 4.1.1 wrote in `SPRING`.
fn poison() -> OwnedRecord {
    let mut record = OwnedRecord::new("poison", 0, 50);
    record.key = Some(b"k-50".into());
    record.payload = Some(b"{\"id\":50,\"key\":\"k-50\"}".into());
    record.timestamp = Timestamp::CreateTime(0x0000_01a1_fb56_407d);
    record
}

/// Names, in order, and bytes in hexadecimal, as Spring Kafka 4.1.1 wrote them; the texts of the
/// exception, which are each language's own, are left out.
const SPRING: [(&str, Option<&str>); 10] = [
    ("kafka_dlt-exception-fqcn", None),
    ("kafka_dlt-exception-cause-fqcn", None),
    ("kafka_dlt-exception-message", None),
    ("kafka_dlt-exception-stacktrace", None),
    ("kafka_dlt-original-topic", Some("706f69736f6e")),
    ("kafka_dlt-original-partition", Some("00000000")),
    ("kafka_dlt-original-offset", Some("0000000000000032")),
    ("kafka_dlt-original-timestamp", Some("000001a1fb56407d")),
    (
        "kafka_dlt-original-timestamp-type",
        Some("43726561746554696d65"),
    ),
    (
        "kafka_dlt-original-consumer-group",
        Some("706f69736f6e2d67726f7570"),
    ),
];

/// Ours, which follow.
const MK: [&str; 6] = [
    "mk-error",
    "mk-listener",
    "mk-attempts",
    "mk-first-failure",
    "mk-last-failure",
    "mk-fingerprint",
];

fn timeout() -> ListenerError {
    ListenerError::from_classified(ChargeError::new("Timeout", Policy::Inherit))
}

/// The headers by the default rules.
fn written(delivery: &Delivery, error: &ListenerError) -> Vec<OwnedHeader> {
    headers::of(delivery, error, &HeaderRules::default(), Texts::Full)
}

fn text(headers: &[OwnedHeader], name: &str) -> String {
    let header = headers
        .iter()
        .rfind(|header| header.name == name.as_bytes());
    let value = header.and_then(|header| header.value.clone());
    String::from_utf8(value.unwrap_or_default()).unwrap()
}

/// Without the times, which differ from one run to the next.
fn timeless(headers: &[OwnedHeader]) -> Vec<OwnedHeader> {
    let is_time = |header: &&OwnedHeader| header.name.ends_with(b"-failure");
    let headers = headers.iter().filter(|header| !is_time(header));
    headers.cloned().collect()
}

fn names(headers: &[OwnedHeader]) -> Vec<&str> {
    headers
        .iter()
        .map(|header| std::str::from_utf8(&header.name).unwrap())
        .collect()
}

#[test]
fn headers_have_springs_names_order_and_bytes() {
    let headers = written(&delivery(poison(), 3), &timeout());
    let (spring, own) = headers.split_at(SPRING.len());
    for (header, (name, hex)) in spring.iter().zip(SPRING) {
        assert_eq!(header.name, name.as_bytes());
        if let Some(hex) = hex {
            let value = header.value.as_deref().unwrap();
            let value: String = value.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(value, hex, "{name}");
        }
    }
    let expected = [
        OwnedHeader::new("mk-error", "Timeout"),
        OwnedHeader::new("mk-listener", "charge"),
        OwnedHeader::new("mk-attempts", "3"),
    ];
    assert_eq!(own[..3], expected);
    assert_eq!(
        names(&own[3..]),
        ["mk-first-failure", "mk-last-failure", "mk-fingerprint"]
    );
}

#[test]
fn the_exception_headers_tell_type_variant_and_sources() {
    let headers = written(&delivery(poison(), 3), &timeout());
    let path = "micro_kafka::error::fixture::ChargeError";
    assert_eq!(text(&headers, "kafka_dlt-exception-fqcn"), path);
    let cause = text(&headers, "kafka_dlt-exception-cause-fqcn");
    assert_eq!(cause, format!("{path}::Timeout"));
    let message = text(&headers, "kafka_dlt-exception-message");
    assert_eq!(message, "charge failed; gateway is busy");
    let lines = text(&headers, "kafka_dlt-exception-stacktrace");
    assert_eq!(
        lines,
        format!("{path}: charge failed\ncaused by: gateway is busy")
    );
}

#[test]
fn an_error_without_variants_has_no_cause_and_its_type_as_name() {
    let error = ListenerError::from_error(std::io::Error::other("disk"));
    let headers = written(&delivery(poison(), 1), &error);
    assert!(!names(&headers).contains(&"kafka_dlt-exception-cause-fqcn"));
    assert_eq!(text(&headers, "mk-error"), "Error");
}

#[test]
fn a_second_failure_replaces_the_exception_and_appends_the_original() {
    let mut record = poison();
    record.headers = vec![OwnedHeader::new("traceparent", "00-1")];
    record.headers = written(&delivery(record.clone(), 3), &timeout());
    (record.topic, record.offset) = ("poison-dlt".into(), 8);
    let declined = ListenerError::from_classified(ChargeError::new("Declined", Policy::Inherit));
    let headers = written(&delivery(record, 1), &declined);
    let originals = &SPRING[4..];
    let mut expected = vec!["traceparent"];
    expected.extend(originals.iter().map(|(name, _)| *name));
    expected.extend(SPRING.iter().map(|(name, _)| *name));
    expected.extend(MK);
    expected.push("mk-trace");
    assert_eq!(names(&headers), expected);
    assert_eq!(text(&headers, "mk-trace"), "00-1");
    assert_eq!(text(&headers, "kafka_dlt-original-topic"), "poison-dlt");
    assert_eq!(text(&headers, "mk-error"), "Declined");
}

#[test]
fn forged_control_headers_do_not_survive() {
    let mut record = poison();
    for name in [
        "mk-error",
        "mk-listener",
        "mk-attempts",
        "kafka_dlt-exception-fqcn",
    ] {
        record.headers.push(OwnedHeader::new(name, "forged"));
    }
    let headers = written(&delivery(record, 2), &timeout());
    assert!(
        headers
            .iter()
            .all(|header| header.value.as_deref() != Some(b"forged"))
    );
    assert_eq!(
        names(&headers)
            .iter()
            .filter(|name| **name == "mk-attempts")
            .count(),
        1
    );
}

#[test]
fn a_failure_is_read_back() {
    let mut letter = OwnedRecord::new("poison-dlt", 0, 0);
    letter.headers = written(&delivery(poison(), 3), &timeout());
    let failure = Failure::from_record(&letter.into()).unwrap();
    assert_eq!(failure.error, "Timeout");
    assert_eq!(
        failure.message.as_deref(),
        Some("charge failed; gateway is busy")
    );
    assert_eq!(
        (failure.topic.as_str(), failure.partition, failure.offset),
        ("poison", 0, 50)
    );
    assert_eq!(
        failure.timestamp,
        Timestamp::CreateTime(0x0000_01a1_fb56_407d)
    );
    assert_eq!(failure.group.as_deref(), Some("poison-group"));
    assert_eq!(
        (failure.listener.as_deref(), failure.attempts),
        (Some("charge"), Some(3))
    );
    let shown = failure.to_string();
    let expected =
        "Timeout: charge failed; gateway is busy (poison-0@50, listener charge, 3 attempts)";
    assert_eq!(shown, expected);
}

#[test]
fn the_failure_of_a_spring_retry_topic_is_read_too() {
    let mut letter = OwnedRecord::new("r200-dlt", 0, 0);
    letter.headers = vec![
        OwnedHeader::new("kafka_original-topic", "r200"),
        OwnedHeader::new("kafka_original-partition", 1_i32.to_be_bytes()),
        OwnedHeader::new("kafka_original-offset", 9_i64.to_be_bytes()),
        OwnedHeader::new(
            "kafka_exception-fqcn",
            "org.springframework.kafka.ListenerFailed",
        ),
        OwnedHeader::new(
            "kafka_exception-cause-fqcn",
            "java.lang.IllegalStateException",
        ),
        OwnedHeader::new("kafka_dlt-original-consumer-group", "r200-group"),
    ];
    let failure = Failure::from_record(&letter.into()).unwrap();
    assert_eq!(failure.error, "IllegalStateException");
    assert_eq!(
        (failure.topic.as_str(), failure.partition, failure.offset),
        ("r200", 1, 9)
    );
    assert_eq!(failure.group.as_deref(), Some("r200-group"));
    assert_eq!(
        (failure.attempts, failure.timestamp),
        (None, Timestamp::NotAvailable)
    );
}

#[test]
fn a_record_that_is_no_dead_letter_or_damaged_has_no_failure() {
    assert_eq!(Failure::from_record(&poison().into()), None);
    let mut damaged = poison();
    damaged.headers = written(&delivery(poison(), 1), &timeout());
    for header in &mut damaged.headers {
        if header.name == b"kafka_dlt-original-offset" {
            header.value = Some(vec![1, 2, 3]);
        }
    }
    assert_eq!(Failure::from_record(&Record::from(damaged.clone())), None);
    let error = <Failure as FromRecord<'_>>::from_record(&delivery(damaged, 1)).unwrap_err();
    assert!(error.to_string().contains("dead-letter"), "{error}");
}

#[tokio::test]
async fn a_topic_is_never_its_own_dead_letter_topic() {
    let kafka = KafkaTemplate::new(TemplateConfig::new("localhost:1")).unwrap();
    let recoverer = DeadLetterPublishingRecoverer::new(&kafka);
    assert_eq!(recoverer.destination("orders").unwrap(), "orders-dlt");
    let long = "x".repeat(248);
    assert!(matches!(
        recoverer.destination(&long),
        Err(DeadLetterError::TooLong { .. })
    ));
    let recoverer = recoverer.to_topic("orders");
    let same = DeadLetterError::SameTopic {
        topic: "orders".into(),
    };
    assert_eq!(recoverer.destination("orders"), Err(same));
}

/// A cluster with a dead-letter topic of that many partitions, and a recoverer on it.
fn recoverer(
    partitions: i32,
) -> (
    MockCluster<'static, impl rdkafka::producer::ProducerContext>,
    DeadLetterPublishingRecoverer,
) {
    let cluster = MockCluster::new(1).unwrap();
    cluster.create_topic("poison-dlt", partitions, 1).unwrap();
    let kafka = KafkaTemplate::new(TemplateConfig::new(cluster.bootstrap_servers())).unwrap();
    (cluster, DeadLetterPublishingRecoverer::new(&kafka))
}

fn read(servers: &str, partitions: i32) -> OwnedRecord {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", servers)
        .set("group.id", "reader");
    let consumer: BaseConsumer = config.create().unwrap();
    let mut all = TopicPartitionList::new();
    for partition in 0..partitions {
        all.add_partition_offset("poison-dlt", partition, Offset::Beginning)
            .unwrap();
    }
    consumer.assign(&all).unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        assert!(Instant::now() < deadline, "no dead letter arrived");
        let Some(message) = consumer.poll(Duration::from_millis(100)) else {
            continue;
        };
        let message = message.unwrap();
        let mut record = OwnedRecord::new(message.topic(), message.partition(), message.offset());
        record.key = message.key().map(Into::into);
        record.payload = message.payload().map(Into::into);
        record.timestamp = Timestamp::CreateTime(message.timestamp().to_millis().unwrap());
        for header in message.headers().unwrap().iter() {
            record
                .headers
                .push(OwnedHeader::new(header.key, header.value.unwrap()));
        }
        return record;
    }
}

#[tokio::test]
async fn a_dead_letter_keeps_key_payload_and_partition() {
    let (cluster, recoverer) = recoverer(3);
    let mut record = poison();
    record.partition = 2;
    let expected = written(&delivery(record.clone(), 3), &timeout());
    let recovery = recoverer
        .recover(delivery(record.clone(), 3), timeout())
        .await;
    recovery.2.unwrap();
    assert_eq!(
        recovery.0.record().offset(),
        50,
        "the delivery is given back"
    );
    let letter = read(&cluster.bootstrap_servers(), 3);
    assert_eq!((letter.key, letter.payload), (record.key, record.payload));
    assert_eq!(letter.partition, 2);
    assert_eq!(timeless(&letter.headers), timeless(&expected));
    assert!(
        letter.timestamp.millis() > record.timestamp.millis(),
        "its own timestamp"
    );
}

#[tokio::test]
async fn a_partition_that_the_dead_letter_topic_lacks_is_chosen_by_key() {
    let (cluster, recoverer) = recoverer(2);
    let mut record = poison();
    record.partition = 7;
    let recovery = recoverer.recover(delivery(record, 1), timeout()).await;
    recovery.2.unwrap();
    let letter = read(&cluster.bootstrap_servers(), 2);
    assert!(letter.partition < 2);
    assert_eq!(Failure::from_record(&letter.into()).unwrap().partition, 7);
}

#[tokio::test]
async fn a_letter_that_texts_would_make_too_large_goes_without_them() {
    let (cluster, recoverer) = recoverer(1);
    let mut record = poison();
    record.payload = Some(vec![b'x'; 1_048_588 - 1_000]);
    let wordy = ListenerError::from_error("x".repeat(4_000));
    let recovery = recoverer.recover(delivery(record, 1), wordy).await;
    recovery.2.unwrap();
    let failure = Failure::from_record(&read(&cluster.bootstrap_servers(), 1).into()).unwrap();
    assert_eq!((failure.message, failure.offset), (None, 50));
}

#[tokio::test]
async fn a_refused_dead_letter_is_an_error_that_names_the_topic() {
    let (cluster, recoverer) = recoverer(1);
    let refusal = rdsys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
    cluster.request_errors(rdkafka::types::RDKafkaApiKey::Produce, &[refusal]);
    let (_, _, result) = recoverer.recover(delivery(poison(), 1), timeout()).await;
    let error = result.unwrap_err().to_string();
    assert!(error.contains("poison-dlt"), "{error}");
}

#[test]
fn a_key_that_cannot_be_read_has_springs_headers_for_keys() {
    let error = ListenerError::decode_key(std::io::Error::other("not a number"));
    let headers = written(&delivery(poison(), 1), &error);
    let expected = [
        "kafka_dlt-key-exception-fqcn",
        "kafka_dlt-key-exception-message",
        "kafka_dlt-key-exception-stacktrace",
    ];
    assert_eq!(names(&headers)[..3], expected);
    let mut letter = OwnedRecord::new("poison-dlt", 0, 0);
    letter.headers = headers;
    let failure = Failure::from_record(&letter.into()).unwrap();
    assert_eq!(failure.message.as_deref(), Some("not a number"));
    assert_eq!(failure.fingerprint.map(|text| text.len()), Some(16));
}

#[test]
fn rules_leave_headers_and_texts_out_and_cut_what_is_long() {
    let rules = HeaderRules::default()
        .without("original-timestamp")
        .without("mk-fingerprint")
        .max_text(6);
    let headers = headers::of(&delivery(poison(), 1), &timeout(), &rules, Texts::Full);
    let found = names(&headers);
    assert!(!found.contains(&"kafka_dlt-original-timestamp"));
    assert!(!found.contains(&"mk-fingerprint"));
    assert!(found.contains(&"kafka_dlt-original-timestamp-type"));
    assert_eq!(text(&headers, "kafka_dlt-exception-message"), "charge…");
    let rules = rules.without_texts();
    let headers = headers::of(&delivery(poison(), 1), &timeout(), &rules, Texts::Full);
    assert!(!names(&headers).contains(&"kafka_dlt-exception-message"));
    assert!(!names(&headers).contains(&"kafka_dlt-exception-stacktrace"));
    assert!(HeaderRules::check_name("exception-stacktrace").is_ok());
    assert!(HeaderRules::check_name("stacktrace").is_err());
}

#[test]
fn originals_of_the_first_failure_alone_are_kept_if_asked_for() {
    let mut record = poison();
    record.headers = written(&delivery(record.clone(), 3), &timeout());
    record.topic = "poison-dlt".into();
    let rules = HeaderRules::default().keeping_first_originals();
    let headers = headers::of(&delivery(record, 1), &timeout(), &rules, Texts::Full);
    assert_eq!(text(&headers, "kafka_dlt-original-topic"), "poison");
}

#[tokio::test]
async fn a_function_chooses_topic_and_partition_or_gives_the_record_up() {
    let (cluster, recoverer) = recoverer(3);
    let recoverer = recoverer.routed(|_, error| {
        let to = Destination::topic("poison-dlt").partition(ToPartition::Number(1));
        (error.variant() == Some("Timeout")).then_some(to)
    });
    let recovery = recoverer.recover(delivery(poison(), 1), timeout()).await;
    assert_eq!(recovery.2.unwrap(), Recovered::DeadLettered);
    assert_eq!(read(&cluster.bootstrap_servers(), 3).partition, 1);
    let other = ListenerError::from_error("other");
    let recovery = recoverer.recover(delivery(poison(), 1), other).await;
    assert_eq!(recovery.2.unwrap(), Recovered::GivenUp);
}
