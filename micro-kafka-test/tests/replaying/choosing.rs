//! Which letters are meant.

use std::time::{Duration, UNIX_EPOCH};

use super::*;

#[kafka_test(topics = ["orders", "bills", "orders-dlt"])]
async fn letters_are_chosen_by_what_they_say(kafka: EmbeddedKafka) {
    let new = |payload: &str| Letter::new(&kafka, payload);
    let all = [
        Letter {
            key: Some(b"c1".to_vec()),
            timestamp: Some(1_000),
            ..new("0")
        },
        Letter {
            key: Some(b"c2".to_vec()),
            timestamp: Some(2_000),
            error: "Busy",
            ..new("1")
        },
        Letter {
            timestamp: Some(3_000),
            fingerprint: "f2",
            listener: "refund",
            headers: vec![("tenant", b"acme".to_vec()), ("tenant", b"other".to_vec())],
            ..new("2")
        },
        Letter {
            timestamp: Some(4_000),
            topic: "bills",
            headers: vec![(REPLAY_COUNT, b"3".to_vec())],
            ..new("3")
        },
    ];
    for letter in &all {
        letter.send().await.unwrap();
    }
    let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
    let any = || replay(&kafka, "orders-dlt");
    let cases = [
        ("all", any(), "0123"),
        ("error", any().error("Busy"), "1"),
        ("errors", any().error("Busy").error("Timeout"), "0123"),
        ("fingerprint", any().fingerprint("f2"), "2"),
        ("listener", any().listener("charge"), "013"),
        ("origin", any().from_topic("bills"), "3"),
        ("key", any().key("c1"), "0"),
        ("keys", any().key("c1").key("c2"), "01"),
        ("header", any().header("tenant", "acme"), "2"),
        (
            "headers",
            any().header("tenant", "acme").header("x", "y"),
            "",
        ),
        ("since", any().since(at(2)), "123"),
        ("until", any().until(at(2)), "0"),
        ("between", any().since(at(2)).until(at(4)), "12"),
        ("fresh", any().replayed_at_most(2), "012"),
        ("several", any().listener("charge").error("Timeout"), "03"),
        (
            "predicate",
            any().matching(|letter| letter.record.key.is_none()),
            "23",
        ),
    ];
    for (name, replay, expected) in cases {
        let plan = replay.dry_run().await.unwrap();
        let chosen = plan.samples.iter();
        let chosen = chosen.map(|letter| String::from_utf8(letter.record.payload.clone().unwrap()));
        let mut chosen: Vec<_> = chosen.map(Result::unwrap).collect();
        chosen.sort();
        assert_eq!(chosen.concat(), expected, "{name}");
    }
    let report = any().error("Busy").run("busy").await.unwrap();
    assert_eq!((report.sent, report.passed), (1, 3));
    assert_eq!(texts(&kafka.records_now("orders")), ["1"]);
}

#[kafka_test(topics = ["orders", "orders-dlt", "bills", "bills-dlt"])]
async fn several_topics_are_one_replay(kafka: EmbeddedKafka) {
    Letter::new(&kafka, "1").send().await.unwrap();
    let both = replay(&kafka, "orders-dlt").topic("bills-dlt");
    let plan = both.topic("orders-dlt").dry_run().await.unwrap();
    assert_eq!(plan.selected, 1);
}

#[kafka_test(topics = ["orders", "orders-dlt"])]
async fn samples_show_each_kind_first(kafka: EmbeddedKafka) {
    for n in 0..30 {
        let letter = Letter {
            fingerprint: ["a", "a", "a", "b", "c"][n % 5],
            ..Letter::new(&kafka, n.to_string())
        };
        letter.send().await.unwrap();
    }
    let plan = replay(&kafka, "orders-dlt")
        .samples(3)
        .dry_run()
        .await
        .unwrap();
    let kinds = plan.samples.iter();
    let mut kinds: Vec<_> = kinds
        .map(|it| it.failure.fingerprint.clone().unwrap())
        .collect();
    kinds.sort();
    assert_eq!(kinds, ["a", "b", "c"]);
    assert_eq!(plan.selected, 30);
    assert!(
        plan.to_string()
            .starts_with("30 dead letters would be sent\n"),
        "{plan}"
    );
}
