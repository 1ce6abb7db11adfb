//! Records that fail again after their replay.

use super::*;

#[dlt_handler(of = charge)]
async fn charge_failed(why: Failure, State(letters): State<Journal<i64>>) {
    letters.note(why.offset);
}

#[kafka_test(topics = ["orders", "orders-dlt"])]
async fn a_letter_does_not_grow_by_being_replayed(kafka: EmbeddedKafka) {
    let (gateway, charged, dead) = (
        Gateway::default(),
        Journal::<String>::new(),
        Journal::<i64>::new(),
    );
    let app = kafka.app().listener(charge).listener(charge_failed);
    let app = app.state(gateway.clone()).state(charged.clone());
    let app = app.state(dead.clone()).start().await;
    kafka
        .send("orders", "stubborn")
        .header("source", "web")
        .await;
    assert_eq!(dead.reaches(1).await, [0]);
    let replay = app.replay("orders-dlt");
    let mut sizes = Vec::new();
    for round in 1..=4_i64 {
        let before = usize::try_from(round).unwrap();
        // Its newest letter only: the older ones were replayed.
        let newest = u32::try_from(round - 1).unwrap();
        let newest = replay
            .clone()
            .matching(move |letter| letter.replays == newest);
        assert_eq!(newest.run(&format!("round-{round}")).await.unwrap().sent, 1);
        // The handler of dead letters is told of each, though its group is another one.
        dead.reaches(before + 1).await;
        let letters = kafka.topic("orders-dlt").assert_exactly(before + 1).await;
        let newest = letters.iter().max_by_key(|letter| letter.offset).unwrap();
        assert_eq!(
            header(newest, REPLAY_COUNT),
            Some(round.to_string().as_bytes())
        );
        sizes.push(newest.headers.len());
    }
    assert!(sizes.iter().all(|size| *size == sizes[0]), "{sizes:?}");
    let stats = app.listener("charge_failed").settled().await.stats;
    assert_eq!((stats.handled, stats.foreign_replays), (5, 0));
    // What a replay has sent it does not send again because it has failed again.
    let again = replay.run("round-4").await.unwrap();
    assert_eq!((again.sent, again.failed_again), (0, 1));
    let report = replay.replayed_at_most(0).run("fresh").await.unwrap();
    assert_eq!((report.sent, report.passed), (1, 4));
}

#[kafka_test(topics = ["orders", "invoices", "orders-dlt"])]
async fn markers_that_are_passed_on_hide_nothing(kafka: EmbeddedKafka) {
    let audited = Audited::default();
    let app = kafka.app().listener(audit).state(audited.clone());
    let app = app.start().await;
    let other = kafka.wire_name("invoices");
    kafka
        .send("orders", "copied with all headers")
        .header(REPLAY_GROUP, "billing")
        .header(REPLAY_TOPIC, other)
        .await;
    assert_eq!(audited.0.reaches(1).await, ["copied with all headers"]);
    app.stop().await;
}
