//! Payloads.

use micro_kafka::prelude::*;
use micro_kafka_test::prelude::*;

/// What no log, error or dead letter's header may tell.
const CARD: &str = "4111-1111";

#[derive(Debug, Deserialize)]
#[allow(dead_code, reason = "read to see whether it can be")]
struct Order {
    id: u64,
    customer: String,
}

#[kafka_listener(topics = "orders", group_id = "billing")]
async fn take_json(Json(order): Json<Order>) {
    drop(order);
}

#[kafka_listener(topics = "orders", group_id = "billing")]
async fn take_optional(order: Option<Json<Option<Order>>>) {
    drop(order);
}

#[kafka_listener(topics = "orders", group_id = "billing")]
async fn take_text(text: &str) {
    let _ = text;
}

#[kafka_listener(topics = "orders", group_id = "billing")]
async fn take_number(Number(number): Number<i64>) {
    let _ = number;
}

#[kafka_listener(topics = "orders", group_id = "billing")]
async fn take_any(Json(value): Json<serde_json::Value>) {
    drop(value);
}

/// The payload is dead-lettered with its bytes at once, and the failure tells this.
async fn refused(payload: &[u8], told: &str) {
    let driven = drive(take_json).build();
    let outcome = driven.deliver(Bytes(payload)).await;
    outcome.assert_dead_letter(|letter| {
        let message = letter.failure().message.clone().unwrap_or_default();
        let shown = format!("{:?}", letter.failure());
        assert!(message.contains(told), "{message}");
        assert!(
            message.contains("cannot be read as `"),
            "the type: {message}"
        );
        assert!(!shown.contains(CARD), "{shown}");
        letter.record().payload() == Some(payload) && letter.failure().attempts == Some(1)
    });
}

#[tokio::test]
async fn case_46_an_empty_payload_is_a_text_and_nothing_else() {
    refused(b"", "EOF while parsing a value at line 1 column 0").await;
    drive(take_text)
        .build()
        .deliver(Bytes(b""))
        .await
        .assert_done();
    let outcome = drive(take_number).build().deliver(Bytes(b"")).await;
    outcome.assert_dead_letter(|letter| {
        let message = letter.failure().message.clone().unwrap_or_default();
        message.contains("0 bytes where 8 are needed")
    });
}

#[tokio::test]
async fn case_47_a_tombstone_is_dead_lettered_as_one_unless_an_option_takes_it() {
    let outcome = drive(take_json).build().deliver(Tombstone).await;
    outcome.assert_dead_letter(|letter| {
        let message = letter.failure().message.clone().unwrap_or_default();
        letter.record().payload().is_none() && message.contains("take `Option<…>`")
    });
    drive(take_optional)
        .build()
        .deliver(Tombstone)
        .await
        .assert_done();
}

#[tokio::test]
async fn case_48_a_null_of_json_is_no_tombstone() {
    refused(
        b"null",
        "invalid type: null, expected struct Order at line 1 column 4",
    )
    .await;
    drive(take_optional)
        .build()
        .deliver(Bytes(b"null"))
        .await
        .assert_done();
}

#[tokio::test]
async fn case_49_nesting_ends_at_its_limit_whatever_its_depth() {
    for depth in [128, 1_000_000] {
        let deep = "[".repeat(depth);
        let outcome = drive(take_any).build().deliver(Text(&deep)).await;
        outcome.assert_dead_letter(|letter| {
            let message = letter.failure().message.clone().unwrap_or_default();
            message.contains("recursion limit exceeded at line 1 column 128")
        });
    }
    let strict = || drive(take_any).set("kafka.listener.max-depth", 3).build();
    strict()
        .deliver(Text(r#"[{"a":["[[[["]}]"#))
        .await
        .assert_done();
    let outcome = strict().deliver(Text("[[[[]]]]")).await;
    outcome.assert_dead_letter(|letter| {
        let message = letter.failure().message.clone().unwrap_or_default();
        message.contains("nested deeper than 3 levels at byte 3 (`max-depth`)")
    });
}

#[tokio::test]
async fn case_50_a_text_of_100_mb_is_not_read() {
    let huge = vec![b'a'; 100 << 20];
    let outcome = drive(take_text).build().deliver(Bytes(&huge)).await;
    outcome.assert_dead_letter(|letter| {
        let message = letter.failure().message.clone().unwrap_or_default();
        message.contains("104857600 bytes where at most 67108864 are read (`max-payload`)")
            && letter.record().payload().map(<[u8]>::len) == Some(huge.len())
    });
    let strict = drive(take_text)
        .set("kafka.listener.max-payload", "1KiB")
        .build();
    strict.deliver(Bytes([b'a'; 1_024])).await.assert_done();
    let outcome = strict.deliver(Bytes([b'a'; 1_025])).await;
    outcome.assert_dead_letter(|letter| letter.failure().error == "PayloadRejection");
}

#[tokio::test]
async fn case_51_bytes_that_are_no_utf8_tell_their_place() {
    let payload = format!("{CARD} \u{e9}").into_bytes();
    let cut = &payload[..payload.len() - 1];
    let outcome = drive(take_text).build().deliver(Bytes(cut)).await;
    outcome.assert_dead_letter(|letter| {
        let message = letter.failure().message.clone().unwrap_or_default();
        message.contains("not valid UTF-8 at byte 10") && !message.contains(CARD)
    });
    let payload = [br#"{"id":1,"customer":"4111-1111"#.as_slice(), b"\xff\"}"].concat();
    refused(&payload, "invalid unicode code point at line 1").await;
}

#[tokio::test]
async fn case_52_a_byte_order_mark_is_no_json() {
    refused("\u{feff}{}".as_bytes(), "expected value at line 1 column 1").await;
}

#[tokio::test]
async fn case_53_garbage_behind_the_value_is_refused() {
    let payload = br#"{"id":1,"customer":"c"} 4111-1111"#;
    refused(payload, "trailing characters at line 1 column 25").await;
}

#[tokio::test]
async fn case_54_a_field_that_stands_twice_is_refused() {
    let payload = br#"{"id":1,"id":2,"customer":"c"}"#;
    refused(payload, "duplicate field `id` at line 1 column 12").await;
}

#[tokio::test]
async fn case_55_numbers_out_of_range_are_refused() {
    let with = |number: &str| format!(r#"{{"id":{number},"customer":"{CARD}"}}"#).into_bytes();
    refused(&with("1e400"), "number out of range").await;
    refused(
        &with("18446744073709551616"),
        "invalid type: floating point, expected u64",
    )
    .await;
    refused(&with("-1"), "invalid value: integer, expected u64").await;
    refused(&with("NaN"), "expected value at line 1 column 7").await;
    refused(&with("\"4111-1111\""), "invalid type: string, expected u64").await;
    let fits = with("9223372036854775808");
    drive(take_json)
        .build()
        .deliver(Bytes(&fits))
        .await
        .assert_done();
}

#[tokio::test]
async fn case_62_times_before_and_after_all_times_are_handed_over() {
    #[kafka_listener(topics = "orders", group_id = "billing")]
    async fn take_time(meta: Meta, time: Timestamp) {
        assert!(!format!("{meta} {time:?}").is_empty());
    }

    for millis in [-1, i64::MIN, i64::MAX] {
        let driven = drive(take_time).build();
        driven.deliver("a").timestamp(millis).await.assert_done();
        let failing = drive(take_json).build();
        let outcome = failing.deliver("a").timestamp(millis).await;
        outcome.assert_dead_letter(|letter| letter.failure().timestamp.millis() == Some(millis));
    }
}
