//! How long a record waits, and who waits with it.

use super::*;

const TOLERANCE: Duration = Duration::from_millis(20);

#[kafka_test(topics = ["orders"])]
async fn waits_are_exact_by_the_systems_clock(kafka: EmbeddedKafka) {
    let calls = Calls::new();
    let app = kafka
        .app()
        .listener(charge)
        .state(calls.clone())
        .start()
        .await;
    for _ in 0..5 {
        kafka.send("orders", "timeout").await;
    }
    app.listener("charge").settled().await.assert_attempts(20);
    let calls = calls.entries();
    let expected = [80, 160, 320].map(Duration::from_millis);
    for (nth, wait) in expected.into_iter().enumerate() {
        let mut late = Vec::new();
        for record in calls.chunks(4) {
            let gap = gaps(record.iter())[nth];
            assert!(gap >= wait, "wait {nth} was cut short: {gap:?} of {wait:?}");
            late.push(gap - wait);
        }
        late.sort();
        // The median: other tests have the processor at times.
        assert!(late[2] <= TOLERANCE, "wait {nth} is late by {late:?}");
    }
}

#[kafka_test(topics = ["orders"], partitions = 2)]
async fn a_waiting_record_holds_back_its_partition_and_no_other(kafka: EmbeddedKafka) {
    let calls = Calls::new();
    let app = kafka
        .app()
        .listener(charge)
        .state(calls.clone())
        .start()
        .await;
    kafka.send("orders", "closed").partition(0).await;
    kafka.send("orders", "behind it").partition(0).await;
    calls.reaches(1).await;
    for n in 0..50 {
        kafka.send("orders", format!("n{n}")).partition(1).await;
    }
    let seen = calls.reaches(51).await;
    assert_eq!(of(&seen, "behind it").count(), 0, "it overtook");
    kafka.advance("5h").await;
    assert_eq!(calls.entries().len(), 51, "tried again too early");
    kafka.advance("1h").await;
    app.listener("charge")
        .settled()
        .await
        .assert_handled(51)
        .assert_dead_lettered(1);
    let seen = calls.entries();
    let last = seen[51..].iter().map(|call| (&*call.payload, call.attempt));
    assert_eq!(last.collect::<Vec<_>>(), [("closed", 2), ("behind it", 1)]);
}

#[kafka_test(topics = ["orders"])]
async fn a_record_that_succeeds_later_is_committed_in_order(kafka: EmbeddedKafka) {
    let calls = Calls::new();
    let app = kafka
        .app()
        .listener(charge)
        .state(calls.clone())
        .start()
        .await;
    for payload in ["first", "second time", "third"] {
        kafka.send("orders", payload).await;
    }
    app.listener("charge")
        .settled()
        .await
        .assert_handled(3)
        .assert_attempts(4);
    let seen = calls.entries();
    let order = seen.iter().map(|call| (&*call.payload, call.attempt));
    let expected = [
        ("first", 1),
        ("second time", 1),
        ("second time", 2),
        ("third", 1),
    ];
    assert_eq!(order.collect::<Vec<_>>(), expected);
    kafka.dlt("orders").assert_none();
    kafka
        .group("billing")
        .assert_committed("orders", [(0, 3)])
        .await;
}
