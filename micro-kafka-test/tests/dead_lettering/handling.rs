//! Handlers of dead letters.

use super::*;

type Letters = Journal<(Vec<u8>, String)>;

#[kafka_listener(topics = "bills", group_id = "accounts", retry(attempts = 2))]
async fn bill(Json(order): Json<Order>) -> Result<(), ChargeError> {
    match order.id {
        0 => Err(ChargeError::Limit),
        _ => Ok(()),
    }
}

#[dlt_handler(of = bill)]
async fn bill_failed(payload: &[u8], why: Failure, meta: Meta, State(letters): State<Letters>) {
    assert_eq!(meta.topic(), "bills-dlt");
    letters.note((payload.to_vec(), why.error));
}

#[kafka_test(topics = ["bills"], partitions = 2)]
async fn a_handler_reads_the_dead_letters_of_its_listener(kafka: EmbeddedKafka) {
    let letters = Letters::new();
    let app = kafka.app().listener(bill).listener(bill_failed);
    let app = app.state(letters.clone()).start().await;
    kafka.send("bills", r#"{"id":0}"#).await;
    kafka.send("bills", "no order").await;
    letters.reaches(2).await;
    let mut seen = letters.entries();
    seen.sort();
    let errors = seen.iter().map(|(payload, error)| (&payload[..], &**error));
    assert_eq!(
        errors.collect::<Vec<_>>(),
        [
            (&b"no order"[..], "PayloadRejection"),
            (br#"{"id":0}"#, "Limit")
        ]
    );
    app.listener("bill_failed")
        .settled()
        .await
        .assert_handled(2);
    kafka.group("accounts-dlt").assert_lag("bills-dlt", 0).await;
}

#[dlt_handler(of = bill, id = "hopeless", retry(attempts = 3))]
async fn hopeless(State(calls): State<Journal<u32>>, attempt: Attempt) -> Result<(), String> {
    calls.note(attempt.number());
    Err("no way".to_owned())
}

#[kafka_test(topics = ["bills"])]
async fn a_failing_handler_comes_to_an_end_and_its_letter_stays(kafka: EmbeddedKafka) {
    let calls = Journal::<u32>::new();
    let app = kafka.app().listener(bill).listener(hopeless);
    let app = app.state(calls.clone()).start().await;
    kafka.send("bills", r#"{"id":0}"#).await;
    calls.reaches(3).await;
    let settled = app.listener("hopeless").settled().await;
    assert_eq!((settled.stats.dead_lettered, settled.stats.skipped), (0, 1));
    assert_eq!(calls.entries(), [1, 2, 3]);
    kafka.dlt("bills").assert_count(1);
    let admin = kafka.admin();
    assert_eq!(admin.partition_count("bills-dlt-dlt").await.unwrap(), None);
}

#[kafka_listener(
    topics = "orders",
    group_id = "log-only",
    recoverer = "log",
    retry(attempts = 2)
)]
async fn forget() -> Result<(), String> {
    Err("no way".to_owned())
}

#[kafka_test(topics = ["orders"])]
async fn records_are_given_up_with_a_line_in_the_log_only_if_asked_for(kafka: EmbeddedKafka) {
    let app = kafka.app().listener(forget).start().await;
    kafka.send("orders", "x").await;
    let settled = app.listener("forget").settled().await;
    assert_eq!((settled.stats.failed, settled.stats.skipped), (2, 1));
    let admin = kafka.admin();
    assert_eq!(admin.partition_count("orders-dlt").await.unwrap(), None);
}

#[kafka_listener(topics = ["loops", "loops-dlt"], group_id = "loops")]
async fn circle() -> Result<(), String> {
    Err("again".to_owned())
}

#[kafka_test(topics = ["loops"])]
async fn a_listener_that_reads_its_own_dead_letters_does_not_start(kafka: EmbeddedKafka) {
    let error = kafka.app().listener(circle).try_start().await.unwrap_err();
    let report = format!("{error:?}");
    assert!(report.contains("listener `circle` reads"), "{report}");
    assert!(report.contains("#[dlt_handler]"), "{report}");
}

#[kafka_test(topics = ["orders"], embedded = "refuses rights on command")]
async fn a_dead_letter_topic_that_may_not_be_created_keeps_an_application_from_starting(
    kafka: EmbeddedKafka,
) {
    use micro_kafka_broker::fault::{ApiKey, ErrorCode};

    let refused = kafka.on(ApiKey::CreateTopics).topic("orders-dlt");
    let refused = refused.answer(ErrorCode::TOPIC_AUTHORIZATION_FAILED);
    let error = kafka.app().listener(charge).try_start().await.unwrap_err();
    let report = format!("{error:?}");
    assert!(report.contains("orders-dlt"), "{report}");
    assert!(refused.hits() > 0);
    refused.remove();
    let app = kafka.app().listener(charge).start().await;
    app.stop().await;
}

#[kafka_test(topics = ["orders"], embedded = "refuses dead letters on command")]
async fn refused_dead_letters_are_tried_again_and_none_is_lost(kafka: EmbeddedKafka) {
    use micro_kafka_broker::fault::{ApiKey, ErrorCode};

    let app = kafka.app().listener(charge).start().await;
    let refused = kafka.on(ApiKey::Produce).topic("orders-dlt").times(2);
    let refused = refused.answer(ErrorCode::TOPIC_AUTHORIZATION_FAILED);
    kafka.send("orders", r#"{"id":1}"#).await;
    kafka.send("orders", r#"{"id":7}"#).await;
    app.listener("charge").unwell().await;
    for _ in 0..3 {
        kafka.advance("30s").await;
    }
    app.listener("charge")
        .settled()
        .await
        .assert_handled(1)
        .assert_dead_lettered(1);
    assert_eq!(refused.hits(), 2);
    kafka.dlt("orders").assert_count(1);
    assert!(app.health().is_up());
}
