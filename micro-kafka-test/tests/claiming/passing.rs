//! Records that are passed on: their references travel, and nobody fetches the payloads for it.

use super::{Photo, Seen, Shelf, ShowError, is_reference, photo, seen, show};
use micro_kafka::prelude::*;
use micro_kafka_test::prelude::*;

#[dlt_handler(of = show)]
async fn hidden(Key(key): Key<String>, Json(photo): Json<Photo>, State(log): State<Seen>) {
    log.note((format!("dead {key}"), photo.pixels.len()));
}

#[kafka_test(topics = ["photos", "photos-dlt"])]
async fn a_dead_letter_refers_to_the_same_payload(kafka: EmbeddedKafka) {
    let (shelf, log) = (Shelf::default(), Seen::new());
    let app = kafka
        .app()
        .listener(show)
        .listener(hidden)
        .state(log.clone());
    let app = app.claim_check(shelf.check()).start().await;
    let send = app.template().send("photos", Json(photo(5_000)));
    send.key("forbidden").await.unwrap();
    app.listener("show").settled().await.assert_dead_lettered(1);
    app.listener("hidden").settled().await.assert_handled(1);
    let expected = seen(&[("forbidden", 5_000), ("dead forbidden", 5_000)]);
    assert_eq!(log.entries(), expected);
    assert!(is_reference(
        &kafka.dlt("photos").one().record().to_owned_record()
    ));
    assert_eq!((shelf.len(), shelf.got()), (1, 2), "once for each handler");
}

#[kafka_listener(topics = "slides", group_id = "slides")]
#[retryable(attempts = 3, backoff = "1s")]
async fn project(
    Key(key): Key<&str>,
    Json(photo): Json<Photo>,
    attempt: Attempt,
    State(log): State<Seen>,
) -> Result<(), ShowError> {
    log.note((
        format!("{key} {}", attempt.non_blocking()),
        photo.pixels.len(),
    ));
    match attempt.non_blocking() {
        3 => Ok(()),
        _ => Err(ShowError::Away),
    }
}

#[kafka_test(topics = ["slides"])]
async fn retry_topics_hold_references(kafka: EmbeddedKafka) {
    let (shelf, log) = (Shelf::default(), Seen::new());
    let app = kafka.app().listener(project).state(log.clone());
    let app = app.claim_check(shelf.check()).start().await;
    let send = app.template().send("slides", Json(photo(5_000)));
    send.key("k").await.unwrap();
    kafka.advance("5s").await;
    app.settled().await;
    assert_eq!(
        log.entries(),
        seen(&[("k 1", 5_000), ("k 2", 5_000), ("k 3", 5_000)])
    );
    assert!(is_reference(&kafka.records("slides-retry", 1).await[0]));
    assert_eq!((shelf.len(), shelf.got()), (1, 3));
}

#[kafka_listener(topics = "photos", group_id = "copies", transactional)]
async fn copy(photo: &[u8], tx: Tx) -> Result<(), KafkaError> {
    tx.send("copies", photo).await?;
    Ok(())
}

#[kafka_test(topics = ["photos", "copies"])]
async fn transactions_take_payloads_from_the_store_and_put_others_there(kafka: EmbeddedKafka) {
    let shelf = Shelf::default();
    let app = kafka.app().listener(copy).claim_check(shelf.check());
    let app = app.start().await;
    let large = "x".repeat(5_000);
    let sent = app
        .template()
        .transaction(async |tx| tx.send("photos", &*large).await);
    sent.await.unwrap();
    app.listener("copy").settled().await.assert_handled(1);
    assert!(is_reference(&kafka.records("photos", 1).await[0]));
    assert!(is_reference(&kafka.records("copies", 1).await[0]));
    assert_eq!((shelf.len(), shelf.got()), (2, 1));
}

#[kafka_test(topics = ["photos"])]
async fn a_delayed_send_waits_as_a_reference(kafka: EmbeddedKafka) {
    let (shelf, log) = (Shelf::default(), Seen::new());
    let app = kafka.app().listener(show).state(log.clone());
    let app = app
        .set("kafka.delayed.topic", "later")
        .set("kafka.delayed.partitions", 1);
    let app = app.claim_check(shelf.check()).start().await;
    let send = app
        .template()
        .send("photos", Json(photo(5_000)))
        .key("late");
    send.after("10m").await.unwrap();
    let waiting = kafka.records("later", 1).await;
    let sizes = waiting
        .iter()
        .map(|record| record.payload.as_ref().map_or(0, Vec::len));
    assert!(sizes.max().unwrap() < 200, "{waiting:?}");
    kafka.advance("10m").await;
    app.listener("show").settled().await.assert_handled(1);
    assert_eq!(log.entries(), seen(&[("late", 5_000)]));
    assert!(is_reference(&kafka.records("photos", 1).await[0]));
    assert_eq!((shelf.len(), shelf.got()), (1, 1));
}

#[kafka_test(topics = ["photos", "photos-dlt"])]
async fn a_large_record_that_is_passed_on_stays_as_it_is(kafka: EmbeddedKafka) {
    let (shelf, log) = (Shelf::default(), Seen::new());
    let app = kafka.app().listener(show).state(log.clone());
    let app = app.claim_check(shelf.check()).start().await;
    // By somebody who has no store.
    kafka
        .send("photos", Json(&photo(5_000)))
        .key("forbidden")
        .await;
    app.listener("show").settled().await.assert_dead_lettered(1);
    assert!(!is_reference(
        &kafka.dlt("photos").one().record().to_owned_record()
    ));
    assert_eq!(shelf.len(), 0);
}
