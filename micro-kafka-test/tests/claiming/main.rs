//! Large payloads that go to a store, and the records that refer to them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod failing;
mod passing;
mod shelf;

use micro_kafka::claim_check::{CLAIM_CHECK, ClaimCheck, FileClaimStore, Reference};
use micro_kafka::prelude::*;
use micro_kafka::record::OwnedRecord;
use micro_kafka_test::prelude::*;

use shelf::{ABOVE, Shelf};

/// What the handlers saw: keys, and how large the payloads were.
type Seen = Journal<(String, usize)>;

#[derive(Debug, thiserror::Error, Classify)]
enum ShowError {
    #[error("not to be shown")]
    #[kafka(dead_letter)]
    Forbidden,
    #[error("the screen is away")]
    #[kafka(retry)]
    Away,
}

#[derive(Debug, Serialize, Deserialize)]
struct Photo {
    pixels: String,
}

fn photo(size: usize) -> Photo {
    Photo {
        pixels: "x".repeat(size),
    }
}

#[kafka_listener(topics = "photos", group_id = "gallery")]
async fn show(
    Key(key): Key<&str>,
    Json(photo): Json<Photo>,
    record: &Record,
    State(seen): State<Seen>,
) -> Result<(), ShowError> {
    assert!(
        record.headers().get(CLAIM_CHECK).is_none(),
        "it is transparent"
    );
    seen.note((key.to_owned(), photo.pixels.len()));
    match key {
        "forbidden" => Err(ShowError::Forbidden),
        "away" => Err(ShowError::Away),
        _ => Ok(()),
    }
}

fn is_reference(record: &OwnedRecord) -> bool {
    let mut headers = record.headers.iter();
    let mark = headers.find(|header| header.name == CLAIM_CHECK.as_bytes());
    let marked = mark.is_some_and(|header| header.value.as_deref() == Some(b"1"));
    let reference = Reference::parse(record.payload.as_deref().unwrap());
    assert_eq!(marked, reference.is_ok(), "{record:?}");
    marked
}

fn seen(expected: &[(&str, usize)]) -> Vec<(String, usize)> {
    let all = expected.iter();
    all.map(|(key, size)| ((*key).to_owned(), *size)).collect()
}

#[kafka_test(topics = ["photos"])]
async fn only_large_payloads_go_to_the_store_and_the_listener_does_not_notice(
    kafka: EmbeddedKafka,
) {
    let (shelf, log) = (Shelf::default(), Seen::new());
    let app = kafka.app().listener(show).state(log.clone());
    let app = app.claim_check(shelf.check()).start().await;
    let template = app.template();
    for (key, size) in [("small", 10), ("large", 5_000), ("huge", 3_000_000)] {
        let send = template.send("photos", Json(photo(size))).key(key);
        send.header("source", "web").await.unwrap();
    }
    app.listener("show").settled().await.assert_handled(3);
    let expected = seen(&[("small", 10), ("large", 5_000), ("huge", 3_000_000)]);
    assert_eq!(log.entries(), expected);
    let records = kafka.records("photos", 3).await;
    let references: Vec<_> = records.iter().map(|record| is_reference(record)).collect();
    assert_eq!(references, [false, true, true]);
    assert_eq!((shelf.len(), shelf.got()), (2, 2));
    let names = records[1].headers.iter().map(|header| &*header.name);
    assert_eq!(
        names.collect::<Vec<_>>(),
        [&b"source"[..], CLAIM_CHECK.as_bytes()]
    );
}

#[kafka_test(topics = ["photos"])]
async fn detached_queued_and_tombstones_go_the_same_way(kafka: EmbeddedKafka) {
    let (shelf, log) = (Shelf::default(), Seen::new());
    let app = kafka.app().listener(show).state(log.clone());
    let app = app.claim_check(shelf.check()).start().await;
    let template = app.template();
    let send = |size: usize| template.send("photos", Json(photo(size))).key("k");
    send(ABOVE).detach();
    send(ABOVE + 1).queue().await.unwrap().await.unwrap();
    // Exactly as large as the threshold, as JSON.
    let rest = ABOVE - r#"{"pixels":""}"#.len();
    send(rest).await.unwrap();
    let tombstone = template.send("photos", None::<&str>).key("gone");
    tombstone.await.unwrap();
    log.reaches(3).await;
    let settled = app.listener("show").settled().await;
    settled.assert_handled(3).assert_dead_lettered(1);
    let records = kafka.records("photos", 4).await;
    let large = records.iter().filter(|record| record.payload.is_some());
    assert_eq!(large.filter(|record| is_reference(record)).count(), 2);
    assert_eq!(shelf.len(), 2);
}

#[kafka_test(topics = ["photos"])]
async fn a_payload_that_the_store_does_not_take_is_not_sent(kafka: EmbeddedKafka) {
    let (shelf, log) = (Shelf::default(), Seen::new());
    let app = kafka.app().listener(show).state(log.clone());
    let app = app.claim_check(shelf.check()).start().await;
    shelf.refuse(1);
    let send = || {
        app.template()
            .send("photos", Json(photo(5_000)))
            .key("large")
    };
    let error = send().await.unwrap_err();
    assert!(matches!(error, SendError::ClaimCheck { .. }), "{error}");
    assert!(
        error.is_retriable() && error.topic().ends_with("photos"),
        "{error}"
    );
    send().await.unwrap();
    app.listener("show").settled().await.assert_handled(1);
    assert_eq!(kafka.records("photos", 1).await.len(), 1);
}

#[kafka_test(topics = ["photos"])]
async fn settings_name_a_folder(kafka: EmbeddedKafka) {
    let name = format!("micro-kafka-claiming-{}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    let log = Seen::new();
    let app = kafka.app().listener(show).state(log.clone());
    let app = app.set("kafka.claim-check.above", "100B");
    let app = app.set("kafka.claim-check.directory", folder.display());
    let app = app.start().await;
    let send = app.template().send("photos", Json(photo(5_000)));
    send.key("large").await.unwrap();
    app.listener("show").settled().await.assert_handled(1);
    assert_eq!(log.entries(), seen(&[("large", 5_000)]));
    assert!(is_reference(&kafka.records("photos", 1).await[0]));
    let claims = ClaimCheck::new(FileClaimStore::new(&folder));
    assert_eq!(claims.sweep(Duration::ZERO).await.unwrap(), 1);
    std::fs::remove_dir_all(folder).unwrap();
}

#[kafka_test(topics = ["photos"])]
async fn a_threshold_without_a_store_is_told_at_boot(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(show).state(Seen::new());
    let app = app.set("kafka.claim-check.above", "100B");
    let error = app.try_start().await.unwrap_err().to_string();
    assert!(error.contains("kafka.claim-check.above"), "{error}");
    assert!(error.contains("kafka.claim-check.directory"), "{error}");
}
