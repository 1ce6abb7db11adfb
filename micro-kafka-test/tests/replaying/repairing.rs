//! Records that are changed on their way, or go somewhere else.

use super::*;

#[kafka_test(topics = ["orders:3", "orders-dlt"])]
async fn a_function_repairs_or_skips(kafka: EmbeddedKafka) {
    letters(&kafka, 4).await;
    let replay = replay(&kafka, "orders-dlt").repair(|letter, record| {
        assert_eq!(letter.failure.error, "Timeout");
        match record.payload.as_deref() {
            Some(b"0") => return Repair::Skip,
            Some(b"1") => record.payload = Some(b"one".to_vec()),
            Some(b"2") => {
                record.key = Some(b"c2".to_vec());
                record.headers.push(OwnedHeader::new("fixed-by", "ops"));
            }
            _ => record.payload = None,
        }
        Repair::Send
    });
    let plan = replay.dry_run().await.unwrap();
    assert_eq!((plan.selected, plan.skipped), (3, 1));
    let report = replay.run("repair").await.unwrap();
    assert_eq!((report.sent, report.skipped), (3, 1));
    let records = kafka.topic("orders").assert_exactly(3).await;
    let payload = |payload: Option<&[u8]>| {
        let mut found = records.iter();
        found
            .find(|record| record.payload.as_deref() == payload)
            .unwrap()
    };
    assert_eq!(payload(Some(b"one")).partition, 0);
    let fixed = payload(Some(b"2"));
    assert_eq!(fixed.headers[0], OwnedHeader::new("fixed-by", "ops"));
    let of_that_key = kafka.send("orders", "like it").key("c2").await;
    assert_eq!(fixed.partition, of_that_key.partition, "by its new key");
    assert_eq!(payload(None).partition, 0, "a tombstone");
}

#[kafka_test(topics = ["orders:2", "orders-dlt"])]
async fn a_partition_that_is_gone_leaves_the_record_to_its_key(kafka: EmbeddedKafka) {
    let keyed = Letter {
        partition: 5,
        key: Some(b"c1".to_vec()),
        ..Letter::new(&kafka, "1")
    };
    keyed.send().await.unwrap();
    let negative = Letter {
        partition: -7,
        key: Some(b"c1".to_vec()),
        ..Letter::new(&kafka, "2")
    };
    negative.send().await.unwrap();
    assert_eq!(
        replay(&kafka, "orders-dlt")
            .run("narrow")
            .await
            .unwrap()
            .sent,
        2
    );
    let records = kafka.topic("orders").assert_exactly(2).await;
    let of_that_key = kafka.send("orders", "like it").key("c1").await;
    assert!(
        records
            .iter()
            .all(|it| it.partition == of_that_key.partition)
    );
}

#[kafka_test(topics = ["orders", "second-try:2", "orders-dlt"])]
async fn another_topic_is_for_all_who_read_it(kafka: EmbeddedKafka) {
    letters(&kafka, 3).await;
    let replay = replay(&kafka, "orders-dlt").to_topic("second-try");
    assert_eq!(replay.run("away").await.unwrap().sent, 3);
    kafka.topic("orders").assert_none().await;
    let records = kafka.topic("second-try").assert_exactly(3).await;
    for record in records.iter() {
        assert_eq!(header(record, REPLAY_ID), Some(&b"away"[..]));
        assert_eq!(header(record, REPLAY_GROUP), None);
    }
}

#[kafka_test(topics = ["orders", "orders-dlt"])]
async fn timestamps_are_kept_if_asked_for(kafka: EmbeddedKafka) {
    let (gateway, charged) = (Gateway::default(), Journal::<String>::new());
    let app = kafka.app().listener(charge).state(gateway.clone());
    let app = app.state(charged).start().await;
    let now = i64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap();
    kafka.send("orders", "x").timestamp(now - 60_000).await;
    app.listener("charge")
        .settled()
        .await
        .assert_dead_lettered(1);
    app.stop().await;
    let replay = replay(&kafka, "orders-dlt").keep_timestamps();
    replay.run("kept").await.unwrap();
    let records = kafka.topic("orders").assert_exactly(2).await;
    let times = records.iter().map(|record| record.timestamp.millis());
    assert!(
        times
            .clone()
            .all(|time| time.is_some_and(|time| (time - (now - 60_000)).abs() <= 32)),
        "{:?}",
        times.collect::<Vec<_>>()
    );
}
