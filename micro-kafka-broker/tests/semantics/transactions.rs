//! Transactions: codes by version, what readers see, and when.

use bytes::Buf;
use kafka_protocol::records::RecordBatchDecoder;

use crate::batch::Batch;
use crate::kafka::Kafka;
use crate::transaction::{CONCURRENT, Producer};

const OUT_OF_ORDER: i16 = 45;
const INVALID_MAPPING: i16 = 49;
const INVALID_EPOCH: i16 = 47;
const INVALID_STATE: i16 = 48;
const FENCED: i16 = 90;
const ABORTABLE: i16 = 120;

#[tokio::test]
async fn committed_records_are_seen_from_the_commit_on() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("commit", 1, &[]).await;
    let name = kafka.name("x");
    let producer = kafka.init(&name).await;
    assert_eq!(kafka.add(&producer, 3, &topic).await, 0);
    let sent = kafka.send(&producer, 9, &topic, &producer.batch(0)).await;
    assert_eq!(sent, Ok(0));
    assert_eq!(kafka.ends(&topic).await, (1, 0));
    let fetched = kafka
        .fetch(&topic, 0, |f| f.with_isolation_level(1), |p| p)
        .await;
    assert_eq!(fetched.records.unwrap().len(), 0);
    assert_eq!((fetched.high_watermark, fetched.last_stable_offset), (1, 0));
    assert_eq!(fetched.aborted_transactions, Some(Vec::new()));
    assert!(kafka.end(&producer, 3, true).await.is_ok());
    kafka.settled(&topic, 2).await;
    let fetched = kafka
        .fetch(&topic, 0, |f| f.with_isolation_level(1), |p| p)
        .await;
    assert_eq!(fetched.last_stable_offset, 2);
    let mut records = fetched.records.unwrap();
    RecordBatchDecoder::decode(&mut records.clone()).unwrap();
    let length = usize::try_from((&records[8..12]).get_i32()).unwrap() + 12;
    let marker = records.split_off(length);
    assert_eq!(marker.len(), 78);
    assert_eq!(&marker[21..23], [0, 0x30], "transactional and control");
    assert_eq!(&marker[53..57], [255; 4], "no sequence");
    let mut control = marker[61..].to_vec();
    // The coordinator's epoch is any: Apache Kafka's grows with each of its starts.
    control[12..16].fill(0);
    // Length, attributes, deltas, key (version, commit), value (version, coordinator's epoch).
    assert_eq!(
        control,
        [32, 0, 0, 0, 8, 0, 0, 0, 1, 12, 0, 0, 0, 0, 0, 0, 0]
    );
}

#[tokio::test]
async fn aborted_transactions_are_named_to_readers_of_committed_records() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("abort", 1, &[]).await;
    kafka.append(&topic, &Batch::of(1, 5)).await;
    let name = kafka.name("x");
    let producer = kafka.init(&name).await;
    kafka.add(&producer, 3, &topic).await;
    kafka
        .send(&producer, 9, &topic, &producer.batch(0))
        .await
        .unwrap();
    kafka.append(&topic, &Batch::of(1, 5)).await;
    assert_eq!(kafka.ends(&topic).await, (3, 1));
    kafka.end(&producer, 3, false).await.unwrap();
    kafka.settled(&topic, 4).await;
    for (offset, named) in [(0, true), (1, true), (3, true), (4, false)] {
        let fetched = kafka
            .fetch(&topic, offset, |f| f.with_isolation_level(1), |p| p)
            .await;
        let aborted = fetched.aborted_transactions.unwrap();
        let aborted: Vec<_> = aborted
            .iter()
            .map(|a| (a.producer_id.0, a.first_offset))
            .collect();
        let expected = if named {
            vec![(producer.id, 1)]
        } else {
            vec![]
        };
        assert_eq!(aborted, expected, "offset {offset}");
        let fetched = kafka.fetch(&topic, offset, |f| f, |p| p).await;
        assert_eq!(fetched.aborted_transactions, None);
    }
}

#[tokio::test]
async fn an_end_may_be_repeated_but_not_turned_around() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("ends", 1, &[]).await;
    let name = kafka.name("x");
    let producer = kafka.init(&name).await;
    for version in [0, 3] {
        assert_eq!(
            kafka.end(&producer, version, true).await,
            Err(INVALID_STATE)
        );
        assert_eq!(
            kafka.end(&producer, version, false).await,
            Err(INVALID_STATE)
        );
    }
    kafka.add(&producer, 3, &topic).await;
    assert!(kafka.end(&producer, 3, true).await.is_ok());
    assert!(kafka.end(&producer, 3, true).await.is_ok());
    assert_eq!(kafka.end(&producer, 3, false).await, Err(INVALID_STATE));
    kafka.add(&producer, 3, &topic).await;
    assert!(kafka.end(&producer, 3, false).await.is_ok());
    assert!(kafka.end(&producer, 3, false).await.is_ok());
    assert_eq!(kafka.end(&producer, 3, true).await, Err(INVALID_STATE));
}

#[tokio::test]
async fn records_need_a_transaction_that_includes_their_partition() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("need", 1, &[]).await;
    let name = kafka.name("x");
    let producer = kafka.init(&name).await;
    let batch = producer.batch(0);
    for (version, code) in [(3, INVALID_STATE), (10, INVALID_STATE), (11, ABORTABLE)] {
        let sent = kafka.send(&producer, version, &topic, &batch).await;
        assert_eq!(sent, Err(code), "version {version}");
    }
    let nameless = kafka.produce_as(&topic, 9, -1, Some(batch.bytes())).await;
    assert_eq!(nameless.error_code, 53);
    kafka.add(&producer, 3, &topic).await;
    assert_eq!(kafka.send(&producer, 9, &topic, &batch).await, Ok(0));
    assert_eq!(
        kafka.send(&producer, 9, &topic, &batch).await,
        Ok(0),
        "a duplicate"
    );
    let beside = Batch::of(1, 5).producer(producer.id, producer.epoch, 1);
    let beside = kafka.produce(&topic, beside.bytes()).await;
    assert_eq!(beside.error_code, INVALID_STATE);
    let gap = kafka.send(&producer, 9, &topic, &producer.batch(2)).await;
    assert_eq!(gap, Err(OUT_OF_ORDER));
    kafka.end(&producer, 3, true).await.unwrap();
    kafka.settled(&topic, 2).await;
    kafka.add(&producer, 3, &topic).await;
    let next = kafka.send(&producer, 9, &topic, &producer.batch(1)).await;
    assert_eq!(next, Ok(2), "sequences go on");
}

#[tokio::test]
async fn a_second_producer_fences_the_first_and_aborts_what_it_had_open() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("zombie", 1, &[]).await;
    let name = kafka.name("x");
    let zombie = kafka.init(&name).await;
    kafka.add(&zombie, 3, &topic).await;
    kafka
        .send(&zombie, 9, &topic, &zombie.batch(0))
        .await
        .unwrap();
    let second = Producer::unknown(&name);
    let first_answer = kafka.try_init(&second, 4, 60_000).await;
    assert_eq!(first_answer, Err(CONCURRENT));
    let good = kafka.init(&name).await;
    assert_eq!((good.id, good.epoch), (zombie.id, zombie.epoch + 2));
    kafka.settled(&topic, 2).await;

    for (version, code) in [
        (0, INVALID_EPOCH),
        (1, INVALID_EPOCH),
        (2, FENCED),
        (3, FENCED),
    ] {
        assert_eq!(
            kafka.add(&zombie, version, &topic).await,
            code,
            "add {version}"
        );
        assert_eq!(
            kafka.add_offsets(&zombie, version, "g").await,
            code,
            "offsets {version}"
        );
        let ended = kafka.end(&zombie, version, true).await;
        assert_eq!(ended, Err(code), "end {version}");
    }
    assert_eq!(kafka.end(&zombie, 5, true).await, Err(FENCED));
    for (version, code) in [(3, INVALID_EPOCH), (4, FENCED), (5, FENCED)] {
        let again = kafka.try_init(&zombie, version, 60_000).await;
        assert_eq!(again, Err(code), "init {version}");
    }
    for version in [9, 11, 12] {
        let sent = kafka.send(&zombie, version, &topic, &zombie.batch(1)).await;
        assert_eq!(sent, Err(INVALID_EPOCH), "produce {version}");
    }
    for version in [3, 5] {
        let sent = kafka
            .send_offset(&zombie, version, ("g", -1), (&topic, 1))
            .await;
        assert_eq!(sent, INVALID_EPOCH, "offset {version}");
    }

    kafka.add(&good, 3, &topic).await;
    kafka.send(&good, 9, &topic, &good.batch(0)).await.unwrap();
    kafka.end(&good, 3, true).await.unwrap();
    kafka.settled(&topic, 4).await;
}

#[tokio::test]
async fn with_an_epoch_per_transaction_records_bring_their_partition_along() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("v2", 1, &[]).await;
    let name = kafka.name("x");
    let first = kafka.init(&name).await;
    let late = kafka.send(&first, 12, &topic, &first.batch(3)).await;
    assert_eq!(late, Err(OUT_OF_ORDER), "an unknown producer begins at 0");
    assert_eq!(kafka.send(&first, 12, &topic, &first.batch(0)).await, Ok(0));
    let second = kafka.end(&first, 5, true).await.unwrap();
    assert_eq!((second.id, second.epoch), (first.id, first.epoch + 1));
    kafka.settled(&topic, 2).await;
    assert_eq!(
        kafka.end(&first, 5, true).await,
        Ok(second.clone()),
        "a retry"
    );
    assert_eq!(kafka.end(&first, 5, false).await, Err(INVALID_STATE));
    let late = kafka.send(&first, 12, &topic, &first.batch(1)).await;
    assert_eq!(late, Err(INVALID_EPOCH));
    assert_eq!(
        kafka.end(&second, 5, true).await,
        Err(INVALID_STATE),
        "an empty commit"
    );
    let third = kafka.end(&second, 5, false).await.unwrap();
    assert_eq!(
        (third.id, third.epoch),
        (second.id, second.epoch + 1),
        "an empty abort"
    );
    assert_eq!(kafka.send(&third, 12, &topic, &third.batch(0)).await, Ok(2));
    kafka.end(&third, 5, false).await.unwrap();
    kafka.settled(&topic, 4).await;
}

#[tokio::test]
async fn offsets_count_from_the_commit_on() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("offsets", 1, &[]).await;
    let name = kafka.name("x");
    let group = kafka.name("g");
    let producer = kafka.init(&name).await;
    for (version, code) in [(0, INVALID_STATE), (3, INVALID_STATE), (4, ABORTABLE)] {
        let sent = kafka
            .send_offset(&producer, version, (&group, -1), (&topic, 5))
            .await;
        assert_eq!(sent, code, "version {version}");
    }
    assert_eq!(kafka.add_offsets(&producer, 3, &group).await, 0);
    let sent = kafka
        .send_offset(&producer, 3, (&group, 4), (&topic, 5))
        .await;
    assert_eq!(sent, 22, "a generation that never was");
    let sent = kafka
        .send_offset(&producer, 3, (&group, -1), ("no-such-topic", 5))
        .await;
    assert_eq!(sent, 3);
    let sent = kafka
        .send_offset(&producer, 3, (&group, -1), (&topic, 5))
        .await;
    assert_eq!(sent, 0);
    assert_eq!(kafka.offset(&group, &topic, false).await, (-1, 0));
    assert_eq!(kafka.offset(&group, &topic, true).await, (-1, 88));
    kafka.end(&producer, 3, true).await.unwrap();
    while kafka.offset(&group, &topic, true).await != (5, 0) {
        tokio::task::yield_now().await;
    }
    kafka.add_offsets(&producer, 3, &group).await;
    kafka
        .send_offset(&producer, 3, (&group, -1), (&topic, 9))
        .await;
    assert_eq!(kafka.offset(&group, &topic, false).await, (5, 0));
    kafka.end(&producer, 3, false).await.unwrap();
    while kafka.offset(&group, &topic, true).await != (5, 0) {
        tokio::task::yield_now().await;
    }
    let sent = kafka
        .send_offset(&producer, 5, (&group, -1), (&topic, 7))
        .await;
    assert_eq!(sent, 0, "the group comes along");
    kafka.end(&producer, 5, true).await.unwrap();
    while kafka.offset(&group, &topic, true).await != (7, 0) {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_transaction_is_aborted_when_its_time_is_up() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("timeout", 1, &[]).await;
    let name = kafka.name("x");
    let producer = kafka.init_with_timeout(&name, 500).await;
    kafka.add(&producer, 3, &topic).await;
    kafka
        .send(&producer, 9, &topic, &producer.batch(0))
        .await
        .unwrap();
    kafka.settled(&topic, 2).await;
    let ended = kafka.end(&producer, 3, true).await;
    assert_eq!(ended, Err(FENCED));
    // With an epoch per transaction this looks like a retry of the abort.
    assert_eq!(kafka.end(&producer, 5, true).await, Err(INVALID_STATE));
    let next = kafka.end(&producer, 5, false).await.unwrap();
    assert_eq!((next.id, next.epoch), (producer.id, producer.epoch + 1));
    let sent = kafka.send(&next, 12, &topic, &next.batch(0)).await;
    assert_eq!(sent, Ok(2));
}

#[tokio::test]
async fn a_producer_that_goes_on_must_be_the_one_that_holds_the_id() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("goes-on", 1, &[]).await;
    let name = kafka.name("x");
    let first = kafka.init(&name).await;
    let second = kafka.try_init(&first, 4, 60_000).await.unwrap();
    assert_eq!((second.id, second.epoch), (first.id, first.epoch + 1));
    assert_eq!(
        kafka.try_init(&first, 4, 60_000).await,
        Ok(second.clone()),
        "a retry"
    );
    let other_id = Producer {
        id: second.id + 1000,
        ..second.clone()
    };
    assert_eq!(kafka.try_init(&other_id, 4, 60_000).await, Err(FENCED));
    kafka.add(&second, 3, &topic).await;
    assert_eq!(
        kafka.try_init(&second, 4, 60_000).await,
        Err(CONCURRENT),
        "its own transaction is aborted too"
    );
    let third = kafka.init(&name).await;
    assert_eq!(third.epoch, second.epoch + 2);
    assert_eq!(kafka.try_init(&second, 4, 60_000).await, Err(FENCED));
    assert_eq!(kafka.try_init(&second, 3, 60_000).await, Err(INVALID_EPOCH));
}

#[tokio::test]
async fn an_old_epoch_is_refused_by_the_log_before_its_coordinator_is_asked() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("offsets", 1, &[]).await;
    let (name, group) = (kafka.name("x"), kafka.name("g"));
    let other = kafka.name("other");
    let other = kafka.init(&other).await;
    let first = kafka.init(&name).await;
    let second = kafka.init(&name).await;
    assert_eq!((second.id, second.epoch), (first.id, first.epoch + 1));
    // As the holder of another transactional id.
    let posing = |as_producer: &Producer| Producer {
        name: other.name.clone(),
        ..as_producer.clone()
    };
    let offset = (topic.as_str(), 5);
    let sent = kafka
        .send_offset(&posing(&first), 3, (&group, -1), offset)
        .await;
    assert_eq!(sent, INVALID_MAPPING, "the log knows nothing of it yet");
    assert_eq!(kafka.add_offsets(&second, 3, &group).await, 0);
    let sent = kafka.send_offset(&second, 3, (&group, -1), offset).await;
    assert_eq!(sent, 0);
    kafka.end(&second, 3, true).await.unwrap();
    while kafka.offset(&group, &topic, true).await != (5, 0) {
        tokio::task::yield_now().await;
    }
    for (producer, code) in [(&first, INVALID_EPOCH), (&second, INVALID_MAPPING)] {
        let sent = kafka
            .send_offset(&posing(producer), 3, (&group, -1), offset)
            .await;
        assert_eq!(sent, code, "epoch {}", producer.epoch);
    }
}
