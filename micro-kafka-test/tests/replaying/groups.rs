//! Whom a replayed record concerns.

use super::*;

/// Readers of `orders` in groups of their own, each in another way.
mod readers {
    use super::*;

    #[kafka_listener(topics = "orders", group_id = "batches", batch(max = 10))]
    pub(super) async fn batch(orders: Batch<Text>, State(seen): State<Audited>) {
        for order in orders.values() {
            seen.0.note(order.clone());
        }
    }

    #[kafka_listener(topics = "orders", group_id = "typed", order = "key", parallelism = 8)]
    pub(super) async fn typed(Json(order): Json<u64>, State(seen): State<Audited>) {
        seen.0.note(order.to_string());
    }

    #[kafka_listener(
        topics = "orders",
        group_id = "copies",
        transactional,
        send_to = "copies"
    )]
    pub(super) async fn copy(order: &str) -> String {
        order.to_owned()
    }

    #[kafka_listener(topics = "orders", group_id = "recorded", ack_mode = "record")]
    pub(super) async fn recorded(order: &str, State(seen): State<Audited>) {
        seen.0.note(order.to_owned());
    }
}

#[kafka_test(topics = ["orders", "copies", "orders-dlt"])]
async fn only_the_group_that_failed_handles_it_again(kafka: EmbeddedKafka) {
    let (gateway, charged) = (Gateway::default(), Journal::<String>::new());
    let audited = Audited::default();
    let app = kafka.app().listener(charge).listener(audit);
    let app = app.listener(readers::batch).listener(readers::typed);
    let app = app.listener(readers::copy).listener(readers::recorded);
    let app = app.state(gateway.clone()).state(charged.clone());
    let app = app.state(audited.clone()).start().await;
    for n in 0..5 {
        kafka.send("orders", n.to_string()).await;
    }
    app.listener("charge")
        .settled()
        .await
        .assert_dead_lettered(5);
    gateway.mend();
    let report = app.replay("orders-dlt").run("again").await.unwrap();
    assert_eq!(report.sent, 5);
    kafka.send("orders", "5").await;
    app.settled().await;
    let mut handled = charged.entries();
    handled.sort();
    assert_eq!(handled, ["0", "1", "2", "3", "4", "5"]);
    // Four listeners of it, each of them once a record.
    assert_eq!(audited.0.entries().len(), 4 * 6);
    kafka.topic("copies").assert_exactly(6).await;
    for id in ["audit", "batch", "typed", "copy", "recorded"] {
        let stats = app.listener(id).settled().await.stats;
        assert_eq!(stats.foreign_replays, 5, "{id}");
        assert_eq!(stats.handled, 6, "{id}");
    }
    assert_eq!(
        app.listener("charge").settled().await.stats.foreign_replays,
        0
    );
}

#[kafka_test(topics = ["orders", "orders-dlt"])]
async fn what_is_passed_over_at_the_end_is_committed(kafka: EmbeddedKafka) {
    let audited = Audited::default();
    let app = kafka.app().listener(audit).state(audited.clone());
    let app = app.start().await;
    letters(&kafka, 3).await;
    replay(&kafka, "orders-dlt").run("again").await.unwrap();
    let stats = app.listener("audit").settled().await.stats;
    assert_eq!((stats.foreign_replays, stats.handled), (3, 0));
    app.stop().await;
    // Behind them is the end of their transaction.
    let committed = kafka.group("audit").committed("orders").await;
    assert_eq!(committed, BTreeMap::from([(0, 3)]));
}

#[kafka_test(topics = ["orders", "orders-dlt"])]
async fn others_can_be_meant(kafka: EmbeddedKafka) {
    let audited = Audited::default();
    let app = kafka.app().listener(audit).state(audited.clone());
    let app = app.start().await;
    letters(&kafka, 2).await;
    let replay = replay(&kafka, "orders-dlt");
    replay.clone().for_all_groups().run("all").await.unwrap();
    replay.for_group("audit").run("audit").await.unwrap();
    let stats = app.listener("audit").settled().await.stats;
    assert_eq!((stats.foreign_replays, stats.handled), (0, 4));
}

#[kafka_listener(topics = "parcels", group_id = "post")]
#[retryable(attempts = 3, backoff = "10ms..20ms x2")]
async fn deliver(
    parcel: &str,
    State(gateway): State<Gateway>,
    State(delivered): State<Journal<String>>,
) -> Result<(), String> {
    gateway.charge().map_err(|error| error.to_string())?;
    delivered.note(parcel.to_owned());
    Ok(())
}

#[kafka_listener(topics = "parcels", group_id = "tracking")]
async fn track(parcel: &str, State(tracked): State<Audited>) {
    tracked.0.note(parcel.to_owned());
}

#[kafka_test(topics = ["parcels"])]
async fn retry_topics_know_their_group_after_a_replay(kafka: EmbeddedKafka) {
    let (gateway, delivered, tracked) = (
        Gateway::default(),
        Journal::<String>::new(),
        Audited::default(),
    );
    let app = kafka.app().listener(deliver).listener(track);
    let app = app.state(gateway.clone()).state(delivered.clone());
    let app = app.state(tracked.clone()).start().await;
    kafka.send("parcels", "p1").await;
    kafka.records("parcels-dlt", 1).await;
    // It fails by all its retry topics once more, and is a dead letter again.
    app.replay("parcels-dlt").run("too-early").await.unwrap();
    let letters = kafka.records("parcels-dlt", 2).await;
    let again = letters.iter().max_by_key(|letter| letter.offset).unwrap();
    assert_eq!(header(again, REPLAY_ID), Some(&b"too-early"[..]));
    gateway.mend();
    let plan = app
        .replay("parcels-dlt")
        .dry_run_of("too-early")
        .await
        .unwrap();
    assert_eq!((plan.selected, plan.failed_again), (0, 1));
    let repeated = app.replay("parcels-dlt").replayed_at_most(0);
    assert_eq!(repeated.dry_run().await.unwrap().selected, 1);
    app.replay("parcels-dlt")
        .since(std::time::SystemTime::UNIX_EPOCH)
        .matching(|letter| letter.replays == 1)
        .run("now")
        .await
        .unwrap();
    assert_eq!(delivered.reaches(1).await, ["p1"]);
    let back = kafka.topic("parcels").assert_exactly(3).await;
    let back = back.iter().max_by_key(|record| record.offset).unwrap();
    let names = back
        .headers
        .iter()
        .map(|it| String::from_utf8_lossy(&it.name));
    assert!(
        names.clone().all(|name| name.starts_with("mk-replay-")),
        "{:?}",
        names.collect::<Vec<_>>()
    );
    app.settled().await;
    assert_eq!(tracked.0.entries(), ["p1"]);
}
