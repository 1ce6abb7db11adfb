//! Payloads that cannot be had, and records that say what is not so.

use super::{Photo, Seen, Shelf, is_reference, photo, seen, show};
use micro_kafka::claim_check::CLAIM_CHECK;
use micro_kafka::prelude::*;
use micro_kafka_test::prelude::*;

/// Starts the listener, sends one large record that it does not get at once, and has something done
/// to the store before it does.
async fn dead_letter(kafka: &EmbeddedKafka, harm: impl FnOnce(&Shelf)) -> (String, usize) {
    let (shelf, log) = (Shelf::default(), Seen::new());
    shelf.close(true);
    let app = kafka.app().listener(show).state(log.clone());
    let app = app.claim_check(shelf.check()).start().await;
    let send = app.template().send("photos", Json(photo(5_000)));
    send.key("large").await.unwrap();
    harm(&shelf);
    shelf.close(false);
    let settled = app.listener("show").settled().await;
    settled.assert_dead_lettered(1);
    let letter = kafka.dlt("photos").one();
    assert!(is_reference(&letter.record().to_owned_record()));
    assert_eq!(log.entries(), [], "the handler saw nothing");
    (format!("{:?}", letter.failure()), shelf.got())
}

#[kafka_test(topics = ["photos", "photos-dlt"])]
async fn a_payload_that_is_gone_is_dead_lettered_by_its_reference(kafka: EmbeddedKafka) {
    let (failure, got) = dead_letter(&kafka, Shelf::clear).await;
    assert!(
        failure.contains("is gone") && failure.contains("ClaimError"),
        "{failure}"
    );
    assert_eq!(got, 1, "asking again is of no use");
}

#[kafka_test(topics = ["photos", "photos-dlt"])]
async fn a_damaged_payload_is_dead_lettered_by_its_reference(kafka: EmbeddedKafka) {
    let flip = |shelf: &Shelf| shelf.change(|payload| payload[17] ^= 1);
    let (failure, _) = dead_letter(&kafka, flip).await;
    assert!(failure.contains("its checksum is another one"), "{failure}");
}

#[kafka_test(topics = ["photos", "photos-dlt"])]
async fn a_payload_of_another_length_is_damaged_too(kafka: EmbeddedKafka) {
    let (failure, _) = dead_letter(&kafka, |shelf| shelf.change(|payload| payload.push(0))).await;
    assert!(failure.contains("its length is another one"), "{failure}");
}

#[kafka_test(topics = ["photos", "photos-dlt"])]
async fn a_payload_that_is_too_large_is_not_fetched(kafka: EmbeddedKafka) {
    let (shelf, log) = (Shelf::default(), Seen::new());
    let app = kafka.app().listener(show).state(log.clone());
    let app = app.set("kafka.listener.max-payload", "4KiB");
    let app = app.claim_check(shelf.check()).start().await;
    for (key, size) in [("large", 5_000), ("small", 3_000)] {
        let send = app.template().send("photos", Json(photo(size)));
        send.key(key).await.unwrap();
    }
    let settled = app.listener("show").settled().await;
    settled.assert_dead_lettered(1).assert_handled(1);
    assert_eq!((shelf.got(), log.entries()), (1, seen(&[("small", 3_000)])));
    let failure = format!("{:?}", kafka.dlt("photos").one().failure());
    assert!(failure.contains("max-payload"), "{failure}");
}

#[kafka_test(topics = ["photos", "photos-dlt"])]
async fn a_reference_that_leads_elsewhere_is_malformed(kafka: EmbeddedKafka) {
    let (shelf, log) = (Shelf::default(), Seen::new());
    let app = kafka.app().listener(show).state(log.clone());
    let app = app.claim_check(shelf.check()).start().await;
    let hostile = r#"{"claim":"d1/../../etc/passwd","bytes":1,"crc64nvme":"00"}"#;
    let send = kafka.send("photos", hostile).key("hostile");
    send.header(CLAIM_CHECK, "1").await;
    app.listener("show").settled().await.assert_dead_lettered(1);
    assert_eq!((shelf.got(), log.entries().len()), (0, 0));
    let failure = format!("{:?}", kafka.dlt("photos").one().failure());
    assert!(failure.contains("no reference"), "{failure}");
}

#[kafka_test(topics = ["photos", "photos-dlt"])]
async fn while_the_store_is_away_the_record_is_delivered_again(kafka: EmbeddedKafka) {
    let (shelf, log) = (Shelf::default(), Seen::new());
    let app = kafka.app().listener(show).state(log.clone());
    let app = app.claim_check(shelf.check()).start().await;
    let send = app.template().send("photos", Json(photo(5_000)));
    send.key("large").await.unwrap();
    app.listener("show").settled().await.assert_handled(1);
    // More often than a failure of the handler would be tried.
    shelf.refuse(12);
    let send = app.template().send("photos", Json(photo(10)));
    send.key("small").await.unwrap();
    let reference = kafka.records("photos", 1).await[0].payload.clone();
    let copy = kafka.send("photos", Bytes(reference.unwrap()));
    copy.key("again").header(CLAIM_CHECK, "1").await;
    kafka.advance("10m").await;
    let settled = app.listener("show").settled().await;
    settled.assert_dead_lettered(0).assert_handled(3);
    let expected = seen(&[("large", 5_000), ("small", 10), ("again", 5_000)]);
    assert_eq!(log.entries(), expected);
}

#[kafka_test(topics = ["photos"], partitions = 2)]
async fn a_payload_that_is_being_fetched_holds_up_no_other_partition(kafka: EmbeddedKafka) {
    let (shelf, log) = (Shelf::default(), Seen::new());
    shelf.close(true);
    let app = kafka.app().listener(show).state(log.clone());
    let app = app.claim_check(shelf.check()).start().await;
    for (partition, size) in [(0, 5_000), (1, 10), (1, 11)] {
        let send = app.template().send("photos", Json(photo(size)));
        send.key("p").partition(partition).await.unwrap();
    }
    log.reaches(2).await;
    assert_eq!(log.entries(), seen(&[("p", 10), ("p", 11)]));
    shelf.close(false);
    app.listener("show").settled().await.assert_handled(3);
}

#[kafka_listener(topics = "albums", group_id = "albums", batch(max = 4, linger = "1h"))]
async fn album(photos: Batch<(Json<Photo>, Key<String>)>, State(log): State<Seen>) {
    for record in photos.iter() {
        let (Json(photo), Key(key)) = record.value();
        log.note((key.clone(), photo.pixels.len()));
    }
}

#[kafka_test(topics = ["albums", "albums-dlt"])]
async fn of_a_batch_only_the_records_fail_whose_payloads_cannot_be_had(kafka: EmbeddedKafka) {
    let (shelf, log) = (Shelf::default(), Seen::new());
    let app = kafka.app().listener(album).state(log.clone());
    let app = app.claim_check(shelf.check()).start().await;
    let malformed = kafka.send("albums", "nothing").key("b");
    malformed.header(CLAIM_CHECK, "1").await;
    for (key, size) in [("a", 5_000), ("c", 10), ("d", 6_000)] {
        let send = app.template().send("albums", Json(photo(size)));
        send.key(key).await.unwrap();
    }
    let settled = app.listener("album").settled().await;
    settled.assert_dead_lettered(1).assert_handled(3);
    assert_eq!(
        log.entries(),
        seen(&[("a", 5_000), ("c", 10), ("d", 6_000)])
    );
    assert_eq!(kafka.dlt("albums").one().record().key(), Some(&b"b"[..]));
}
