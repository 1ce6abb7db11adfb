//! Each letter once, whatever happens in the middle.

use super::*;

#[kafka_test(topics = ["orders:3", "orders-dlt:2"])]
async fn a_second_run_of_an_id_sends_nothing(kafka: EmbeddedKafka) {
    letters(&kafka, 50).await;
    let replay = replay(&kafka, "orders-dlt");
    assert_eq!(replay.run("one").await.unwrap().sent, 50);
    let second = replay.run("one").await.unwrap();
    assert_eq!((second.sent, second.resumed), (0, true));
    kafka.topic("orders").assert_exactly(50).await;
    let other = replay.run("two").await.unwrap();
    assert_eq!((other.sent, other.resumed), (50, false));
}

#[kafka_test(topics = ["orders:3", "orders-dlt:2"])]
async fn a_run_goes_on_where_another_was_cut_off(kafka: EmbeddedKafka) {
    const COUNT: usize = 3_000;
    letters(&kafka, COUNT).await;
    let replay = replay(&kafka, "orders-dlt").rate(2_000);
    for seen in [100, 700, 1_300, 2_000] {
        let cut = replay.clone();
        let cut = tokio::spawn(async move { cut.run("cut").await });
        kafka.records("orders", seen).await;
        cut.abort();
        let _ = cut.await;
    }
    let report = replay.run("cut").await.unwrap();
    assert!(report.resumed);
    let records = kafka.topic("orders").assert_exactly(COUNT).await;
    assert_eq!(not_once(&records, COUNT), BTreeMap::new());
    assert_eq!(replay.run("cut").await.unwrap().sent, 0);
}

#[kafka_test(topics = ["orders:3", "orders-dlt:2"])]
async fn of_two_runs_at_once_each_letter_is_sent_by_one(kafka: EmbeddedKafka) {
    const COUNT: usize = 3_000;
    letters(&kafka, COUNT).await;
    let replay = replay(&kafka, "orders-dlt");
    let other = replay.clone();
    let first = tokio::spawn(async move { other.run("both").await });
    let second = replay.run("both").await;
    for run in [first.await.unwrap(), second] {
        if let Err(error) = run {
            let taken_over = matches!(error, ReplayError::TakenOver { .. });
            assert!(taken_over || error.is_retriable(), "{error}");
        }
    }
    replay.run("both").await.unwrap();
    let records = kafka.topic("orders").assert_exactly(COUNT).await;
    assert_eq!(not_once(&records, COUNT), BTreeMap::new());
}

#[kafka_test(topics = ["orders:3", "orders-dlt:2"])]
async fn letters_that_come_later_are_left_to_a_later_run(kafka: EmbeddedKafka) {
    letters(&kafka, 10).await;
    let replay = replay(&kafka, "orders-dlt");
    assert_eq!(replay.run("more").await.unwrap().sent, 10);
    Letter::new(&kafka, "10").send().await.unwrap();
    assert_eq!(replay.run("more").await.unwrap().sent, 1);
    let records = kafka.topic("orders").assert_exactly(11).await;
    assert_eq!(not_once(&records, 11), BTreeMap::new());
}

#[kafka_test(topics = ["orders:3", "orders-dlt:2"], embedded = "loses answers on command")]
async fn lost_answers_send_nothing_twice(kafka: EmbeddedKafka) {
    use micro_kafka_broker::fault::ApiKey;

    const COUNT: usize = 2_000;
    letters(&kafka, COUNT).await;
    let replay = replay(&kafka, "orders-dlt");
    for (n, api) in [
        ApiKey::EndTxn,
        ApiKey::TxnOffsetCommit,
        ApiKey::Produce,
        ApiKey::AddPartitionsToTxn,
        ApiKey::InitProducerId,
    ]
    .into_iter()
    .enumerate()
    {
        let id = format!("faulty-{n}");
        let lost = kafka.on(api).transactional_id("*mk-replay*").nth(2);
        let lost = lost.apply_then_disconnect();
        let report = replay.run(&id).await.unwrap();
        assert!(lost.hits() > 0, "{api:?} was asked for once only");
        lost.remove();
        assert_eq!(report.sent, 2_000, "{api:?}");
        assert_eq!(replay.run(&id).await.unwrap().sent, 0, "{api:?}");
        let records = kafka.topic("orders").header(REPLAY_ID, &*id);
        let records = records.assert_exactly(COUNT).await;
        assert_eq!(not_once(&records, COUNT), BTreeMap::new(), "{api:?}");
    }
}

#[kafka_test(topics = ["orders:3", "orders-dlt:2"], embedded = "crashes on command")]
async fn a_crash_of_the_broker_sends_nothing_twice(kafka: EmbeddedKafka) {
    use micro_kafka_broker::Restart;

    const COUNT: usize = 3_000;
    letters(&kafka, COUNT).await;
    let replay = replay(&kafka, "orders-dlt").rate(5_000);
    let other = replay.clone();
    let running = tokio::spawn(async move { other.run("crash").await });
    kafka.records("orders", 500).await;
    kafka.restart(Restart::WithData).await;
    // It may go on by itself, or say that it did not.
    let _ = running.await.unwrap();
    replay.run("crash").await.unwrap();
    let records = kafka.topic("orders").assert_exactly(COUNT).await;
    assert_eq!(not_once(&records, COUNT), BTreeMap::new());
}
