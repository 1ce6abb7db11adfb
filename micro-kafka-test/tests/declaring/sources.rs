//! Topics by a pattern, and partitions by hand.

use micro_kafka::prelude::*;
use micro_kafka_test::prelude::*;

#[kafka_listener(
    topic_pattern = "orders[.].*",
    group_id = "all-orders",
    properties = "topic.metadata.refresh.interval.ms=100"
)]
async fn every(meta: Meta, State(seen): State<Journal<String>>) -> Result<(), String> {
    seen.note(meta.topic().to_owned());
    match meta.offset() {
        0 => Ok(()),
        _ => Err("only the first".to_owned()),
    }
}

#[kafka_test(topics = ["orders.eu", "refunds"])]
async fn topics_that_match_are_read_even_if_they_are_made_later(kafka: EmbeddedKafka) {
    let seen = Journal::<String>::new();
    let app = kafka.app().listener(every).state(seen.clone());
    let app = app.set("kafka.listeners.every.retry.attempts", 1);
    let app = app.start().await;
    kafka.send("refunds", "a").await;
    kafka.send("orders.eu", "a").await;
    seen.reaches(1).await;
    kafka.create_topic("orders.us", 1).await;
    kafka.send("orders.us", "a").await;
    seen.reaches(2).await;
    assert_eq!(seen.entries(), ["orders.eu", "orders.us"]);
    // Its dead letters are written, and not read by itself.
    kafka.send("orders.us", "b").await;
    app.listener("every")
        .settled()
        .await
        .assert_dead_lettered(1);
    assert_eq!(seen.entries().len(), 3);
    assert_eq!(kafka.dlt("orders.us").all().len(), 1);
}

/// What each partition's records say, by their partition.
type Read = Journal<(i32, String)>;

#[kafka_listener(
    topic_partitions = ["events[0,2-3]@earliest", "events[1]@latest-2"],
    group_id = "replay",
    concurrency = 8
)]
async fn replay(text: &str, meta: Meta, State(read): State<Read>) {
    read.note((meta.partition(), text.to_owned()));
}

async fn fill(kafka: &EmbeddedKafka) {
    for n in 0..4 {
        for partition in 0..5 {
            let send = kafka.send("events", n.to_string()).partition(partition);
            send.timestamp(1_000 + n).await;
        }
    }
}

/// What was read of a partition.
fn of(read: &Read, partition: i32) -> String {
    let read = read.entries().into_iter();
    let own = read.filter(|(of, _)| *of == partition);
    own.map(|(_, text)| text).collect()
}

#[kafka_test(topics = ["events"], partitions = 5)]
async fn partitions_are_read_by_hand_from_where_it_says(kafka: EmbeddedKafka) {
    fill(&kafka).await;
    let read = Read::new();
    let app = kafka.app().listener(replay).state(read.clone());
    let app = app.start().await;
    assert_eq!(app.listener("replay").endpoint().concurrency, 4);
    app.listener("replay").settled().await.assert_handled(14);
    for (partition, texts) in [(0, "0123"), (1, "23"), (2, "0123"), (3, "0123"), (4, "")] {
        assert_eq!(of(&read, partition), texts, "partition {partition}");
    }
    kafka.send("events", "4").partition(1).await;
    app.listener("replay").settled().await.assert_handled(15);
    app.stop().await;
    let committed = kafka.committed("replay", "events").await;
    assert_eq!(committed.get(&1), Some(&5));
}

#[kafka_test(topics = ["events"], partitions = 5)]
async fn where_to_begin_is_a_setting(kafka: EmbeddedKafka) {
    fill(&kafka).await;
    for (starts, texts) in [
        (
            "events[0]@3; events[1]@time:1002; events[2]@latest",
            ["3", "23", ""],
        ),
        (
            "events[0-1]@latest-1;events[2]@latest-100",
            ["3", "3", "0123"],
        ),
        ("events[0-2]", ["", "", ""]),
        ("events[0-2]@ago:1000d", ["", "", ""]),
    ] {
        let read = Read::new();
        let app = kafka.app().listener(replay).state(read.clone());
        let app = app.set("kafka.listeners.replay.topic-partitions", starts);
        let app = app.start().await;
        app.listener("replay").settled().await;
        app.stop().await;
        for (partition, texts) in (0..).zip(texts) {
            assert_eq!(
                of(&read, partition),
                texts,
                "{starts}, partition {partition}"
            );
        }
    }
}

#[kafka_test(topics = ["events"])]
async fn ways_to_name_topics_exclude_each_other(kafka: EmbeddedKafka) {
    let both = |key: &str, value: &str| {
        let app = kafka.app().listener(replay);
        let app = app.set("kafka.listeners.replay.topics", "events");
        app.set(format!("kafka.listeners.replay.{key}"), value)
    };
    for (key, value, part) in [
        ("topic-pattern", "events", "exclude each other"),
        ("topic-partitions", "events[0]", "exclude each other"),
        ("topic-partitions", "events[0-]", "is no partition"),
        ("topic-pattern", "events(", "no regular expression"),
    ] {
        let error = both(key, value).try_start().await.unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
    // One way in the settings takes the place of another one in the attribute.
    let app = kafka.app().listener(replay).state(Read::new());
    let app = app.set("kafka.listeners.replay.topics", "events");
    let app = app.start().await;
    assert!(
        app.listener("replay")
            .endpoint()
            .topic_partitions
            .is_empty()
    );
}

#[kafka_listener(
    topic_partitions = "orders[*]@earliest",
    group_id = "whole",
    concurrency = 8
)]
async fn whole(order: &str, meta: Meta, State(seen): State<Journal<(i32, String)>>) {
    seen.note((meta.partition(), order.to_owned()));
}

#[kafka_test(topics = ["orders"], partitions = 3)]
async fn all_partitions_of_a_topic_may_be_read_by_hand(kafka: EmbeddedKafka) {
    for partition in 0..3 {
        kafka.send("orders", "x").partition(partition).await;
    }
    let seen = Journal::<(i32, String)>::new();
    let app = kafka
        .app()
        .listener(whole)
        .state(seen.clone())
        .start()
        .await;
    app.listener("whole").settled().await.assert_handled(3);
    let mut partitions = seen
        .entries()
        .into_iter()
        .map(|(partition, _)| partition)
        .collect::<Vec<_>>();
    partitions.sort_unstable();
    assert_eq!(partitions, [0, 1, 2]);
    assert_eq!(
        app.listener("whole").endpoint().concurrency,
        3,
        "one for each partition"
    );
}

#[kafka_test(topics = ["orders"])]
async fn all_partitions_of_a_topic_that_does_not_exist_are_none(kafka: EmbeddedKafka) {
    let app = kafka
        .app()
        .listener(whole)
        .state(Journal::<(i32, String)>::new());
    let app = app.set("kafka.listeners.whole.topic-partitions", "missing[*]");
    let refused = app.try_start().await.unwrap_err().to_string();
    assert!(refused.contains("does not exist"), "{refused}");
    assert!(refused.contains("listener `whole`"), "{refused}");
}
