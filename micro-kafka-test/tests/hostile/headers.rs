//! Headers.

use std::sync::{Arc, Mutex};

use micro_kafka::prelude::*;
use micro_kafka_test::prelude::*;

#[derive(Debug, Clone, Default)]
struct Seen(Arc<Mutex<Vec<Vec<u8>>>>);

#[kafka_listener(topics = "orders", group_id = "billing")]
async fn take_headers(headers: Headers<'_>, State(seen): State<Seen>) {
    let values = headers.filter_map(|header| header.value.map(<[u8]>::to_vec));
    seen.0.lock().unwrap().extend(values);
}

#[kafka_listener(topics = "orders", group_id = "billing")]
async fn take_source(#[header("source")] source: &str) {
    let _ = source;
}

async fn taking_headers(kafka: &EmbeddedKafka) -> (TestApp, Seen) {
    let seen = Seen::default();
    let app = kafka.app().listener(take_headers).state(seen.clone());
    (app.start().await, seen)
}

#[kafka_listener(topics = "orders", group_id = "billing", retry(attempts = 3))]
async fn fail(attempt: Attempt) -> Result<(), std::io::Error> {
    let _ = attempt;
    Err(std::io::Error::other("as planned"))
}

#[kafka_test(topics = ["orders"])]
async fn case_63_ten_thousand_headers_come_in_their_order(kafka: EmbeddedKafka) {
    let (app, seen) = taking_headers(&kafka).await;
    let headers = (0..10_000_u32).map(|at| ("n", at.to_be_bytes()));
    let send = kafka.template().send("orders", "a").headers(headers);
    send.await.unwrap();
    app.listener("take_headers")
        .settled()
        .await
        .assert_handled(1);
    let expected: Vec<Vec<u8>> = (0..10_000_u32)
        .map(|at| at.to_be_bytes().to_vec())
        .collect();
    assert!(*seen.0.lock().unwrap() == expected);
}

#[kafka_test(topics = ["orders"])]
async fn case_64_a_header_of_nearly_a_megabyte_comes_as_it_is(kafka: EmbeddedKafka) {
    let (app, seen) = taking_headers(&kafka).await;
    let large = vec![0xff; 1_000_000];
    kafka.send("orders", "a").header("large", &large).await;
    app.listener("take_headers")
        .settled()
        .await
        .assert_handled(1);
    assert!(*seen.0.lock().unwrap() == [large]);
}

#[kafka_test(topics = ["orders"])]
async fn case_65_and_66_names_may_be_empty_and_repeat_and_keep_order_and_bytes(
    kafka: EmbeddedKafka,
) {
    let (app, seen) = taking_headers(&kafka).await;
    let headers: [(&str, &[u8]); 4] = [("", b"1"), ("a", b"\xff\0"), ("", b"3"), ("a", b"")];
    let send = kafka.template().send("orders", "a").headers(headers);
    send.await.unwrap();
    app.listener("take_headers")
        .settled()
        .await
        .assert_handled(1);
    let seen = seen.0.lock().unwrap().clone();
    assert_eq!(seen, [&b"1"[..], b"\xff\0", b"3", b""]);
}

#[tokio::test]
async fn case_66_of_repeated_names_the_last_counts_where_one_is_asked_for() {
    #[kafka_listener(topics = "orders", group_id = "billing")]
    async fn take_last(#[header("source")] source: &str) {
        assert_eq!(source, "last");
    }

    let send = drive(take_last).build();
    let outcome = send
        .deliver("a")
        .header("source", "first")
        .header("source", "last")
        .await;
    outcome.assert_done();
}

#[tokio::test]
async fn case_67_a_value_that_is_no_utf8_is_dead_lettered_without_itself() {
    let driven = drive(take_source).build();
    let outcome = driven.deliver("a").header("source", b"4111\xff").await;
    outcome.assert_dead_letter(|letter| {
        let message = letter.failure().message.clone().unwrap_or_default();
        message.contains("the header `source`")
            && message.contains("not valid UTF-8 at byte 4")
            && !message.contains("4111")
    });
}

#[tokio::test]
async fn case_68_and_72_forged_control_headers_change_no_attempts_and_no_destination() {
    let driven = drive(fail).build();
    let outcome = driven
        .deliver("a")
        .header("mk-attempt", "999")
        .header("mk-not-before", "253370764800000")
        .header("mk-original-topic", "other")
        .header("retry_topic-attempts", i32::MAX.to_be_bytes())
        .header("retry_topic-backoff-timestamp", i64::MAX.to_be_bytes())
        .header("kafka_deliveryAttempt", [0xff; 100])
        .header("kafka_dlt-original-topic", "other")
        .to_its_end()
        .await;
    outcome.assert_attempts(3);
    outcome.assert_dead_letter(|letter| {
        letter.failure().topic == "orders" && letter.failure().attempts == Some(3)
    });
}

#[tokio::test]
async fn case_69_springs_serialized_exceptions_are_bytes_and_nothing_more() {
    let seen = Seen::default();
    let driven = drive(take_headers).state(seen.clone()).build();
    let java = b"\xac\xed\x00\x05sr\x00\x17java.util.PriorityQueue";
    let outcome = driven
        .deliver("a")
        .header("springDeserializerExceptionValue", java)
        .header("springDeserializerExceptionKey", java)
        .await;
    outcome.assert_done();
    assert_eq!(seen.0.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn case_70_control_characters_of_headers_stand_in_no_message_as_they_are() {
    #[derive(Debug, KafkaEvent)]
    #[kafka(header = "event-type", unknown = "dead_letter")]
    enum Event {
        Placed,
    }

    #[kafka_listener(topics = "orders", group_id = "billing")]
    async fn take_event(event: Event) {
        assert!(matches!(event, Event::Placed));
    }

    let driven = drive(take_event).build();
    let outcome = driven
        .deliver("a")
        .header("event-type", "x\r\nINFO forged \x1b[31m")
        .await;
    outcome.assert_dead_letter(|letter| {
        let message = letter.failure().message.clone().unwrap_or_default();
        message.contains("forged") && !message.contains(['\r', '\n', '\x1b'])
    });
}

#[tokio::test]
async fn case_71_malformed_traces_and_baggage_hinder_nothing() {
    let seen = Seen::default();
    let driven = drive(take_headers).state(seen.clone()).build();
    let baggage = "k=".repeat(5_000);
    for trace in [
        "",
        "00-zz-zz-zz",
        "ff-0-0-0",
        "00-\u{0}",
        &"0".repeat(10_000),
    ] {
        let send = driven.deliver("a").header("traceparent", trace);
        send.header("baggage", &baggage).await.assert_done();
    }
    assert_eq!(seen.0.lock().unwrap().len(), 10);
}
