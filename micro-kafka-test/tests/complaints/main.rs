//! What users of Spring Kafka complain about, and what happens here instead; the numbers are those of
//! its issues.
//!
//! Others of them are proved where their matter is at home:
//!
//! | complaint | test |
//! |---|---|
//! | a long back-off, or a slow handler, costs the membership (2542, 3712, 968) | `neither_a_slow_handler_nor_a_long_wait_ends_the_membership` in `retrying`, `a_handler_slower_than_the_poll_interval_keeps_its_partitions` |
//! | a pause is forgotten in a rebalance (2222) | `a_pause_outlives_a_rebalance` of the consumer loop |
//! | no more handlers than partitions (2381, 585, 202, 457) | `keys_go_on_side_by_side_and_each_in_order` in `ordering` |
//! | one bad record fails its batch, without end (1382, 2588) | `only_the_failed_records_are_tried_again_and_all_others_are_done`, `an_error_is_the_failure_of_every_record` in `batching` |
//! | interceptors miss retries, batches do not know their attempt (3166, 3407) | `each_attempt_is_told_in_the_order_of_the_interceptors`, `the_records_of_a_batch_are_told_one_by_one` in `declaring`, `each_record_of_a_batch_has_all_that_a_single_one_has` |
//! | the application is up and its consumer dead (Spring Boot 14088, 807) | `a_group_that_refuses_a_consumer_shows_in_the_health`, `a_fenced_static_member_is_replaced` |
//! | one failing batch holds back other partitions | `a_failing_batch_does_not_hold_back_another_partition` in `batching` |
//! | retries come seconds late (1716) | `none_is_early_and_none_much_too_late` in `retry_topics` |
//! | retry topics take no batches (2699), and no transactions (3083) | `only_the_failed_records_of_a_batch_come_back` in `retry_topics`, `copies_for_retry_topics_are_part_of_the_transaction` in `transacting` |
//! | a dead letter that is refused is lost, or goes in a circle (2415, 2842) | `refused_dead_letters_are_tried_again_and_none_is_lost`, `a_listener_that_reads_its_own_dead_letters_does_not_start` in `dead_lettering` |
//! | several event types, and what none of them is (2134, 4377) | `a_header_names_the_event`, `a_field_of_the_payload_names_the_event_and_others_are_skipped` in `declaring` |

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod failures;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use micro_kafka::prelude::*;
use micro_kafka_test::prelude::*;

/// Partition and offset.
type Places = Journal<(i32, i64)>;

fn place(meta: &Meta) -> (i32, i64) {
    (meta.partition(), meta.offset())
}

async fn send(kafka: &EmbeddedKafka, count: i32, partitions: i32, payload: &str) {
    for number in 0..count {
        let send = kafka.send("orders", payload.to_owned());
        send.partition(number % partitions).await;
    }
}

/// None is missing, and none there twice.
#[track_caller]
fn assert_each_once(places: &[(i32, i64)], count: usize) {
    let each: BTreeSet<_> = places.iter().collect();
    assert_eq!((each.len(), places.len()), (count, count), "{places:?}");
}

#[kafka_listener(topics = "orders", group_id = "in-order")]
async fn waiting(meta: Meta, State(places): State<Places>) {
    // The later ones would be sooner done.
    let wait = u64::try_from(20 - meta.offset()).unwrap();
    tokio::time::sleep(Duration::from_millis(wait)).await;
    places.note(place(&meta));
}

#[kafka_test(topics = ["orders"])]
async fn asynchronous_handlers_keep_the_order_of_their_partition_4513(kafka: EmbeddedKafka) {
    send(&kafka, 20, 1, "x").await;
    let places = Places::new();
    let app = kafka.app().listener(waiting).state(places.clone());
    let app = app.start().await;
    app.listener("waiting").settled().await.assert_handled(20);
    assert!(places.entries().is_sorted(), "{:?}", places.entries());
}

#[kafka_listener(
    topics = "orders",
    group_id = "side-by-side",
    order = "none",
    parallelism = 8,
    retry(attempts = 3)
)]
async fn side_by_side(order: &str, meta: Meta, State(places): State<Places>) -> Result<(), String> {
    tokio::time::sleep(Duration::from_millis(2)).await;
    if order == "bad" {
        return Err("as planned".to_owned());
    }
    places.note(place(&meta));
    Ok(())
}

#[kafka_test(topics = ["orders", "orders-dlt"])]
async fn records_that_fail_side_by_side_are_neither_dropped_nor_multiplied_4504_3638(
    kafka: EmbeddedKafka,
) {
    for nth in 0..20 {
        let order = if nth % 4 == 1 { "bad" } else { "good" };
        kafka.send("orders", order).await;
    }
    let places = Places::new();
    let app = kafka.app().listener(side_by_side).state(places.clone());
    let app = app.start().await;
    let settled = app.listener("side_by_side").settled().await;
    settled.assert_attempts(15 + 5 * 3).assert_dead_lettered(5);
    assert_each_once(&places.entries(), 15);
    kafka.dlt("orders").assert_count(5);
    let committed = kafka.committed("side-by-side", "orders").await;
    assert_eq!(committed[&0], 20);
}

/// How many handlers are at work.
#[derive(Debug, Clone, Default)]
struct AtWork(Arc<AtomicUsize>);

#[kafka_listener(
    topics = "orders",
    group_id = "stopping",
    order = "none",
    parallelism = 8
)]
async fn working(meta: Meta, State(work): State<AtWork>, State(places): State<Places>) {
    work.0.fetch_add(1, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(50)).await;
    places.note(place(&meta));
    work.0.fetch_sub(1, Ordering::SeqCst);
}

#[kafka_test(topics = ["orders"])]
async fn no_handler_is_at_work_once_a_stop_is_over_4519_2324(kafka: EmbeddedKafka) {
    send(&kafka, 40, 1, "x").await;
    let (work, places) = (AtWork::default(), Places::new());
    let build = || kafka.app().listener(working).state(work.clone());
    let app = build().state(places.clone()).start().await;
    places.reaches(3).await;
    app.stop().await;
    assert_eq!(work.0.load(Ordering::SeqCst), 0);
    // What they did counts: nothing is repeated.
    let app = build().state(places.clone()).start().await;
    app.listener("working").settled().await;
    assert_each_once(&places.entries(), 40);
}

#[kafka_listener(
    topics = "orders",
    group_id = "backing-off",
    retry(attempts = 5, backoff = "1h")
)]
async fn failing_at_first(
    meta: Meta,
    attempt: Attempt,
    State(places): State<Places>,
) -> Result<(), String> {
    if attempt.is_first() {
        return Err("as planned".to_owned());
    }
    places.note(place(&meta));
    Ok(())
}

#[kafka_test(topics = ["orders", "orders-dlt"], partitions = 4)]
async fn a_rebalance_in_the_middle_of_a_retry_loses_nothing_2340_2576_813(kafka: EmbeddedKafka) {
    send(&kafka, 4, 4, "x").await;
    let places = Places::new();
    let build = || {
        let app = kafka.app().listener(failing_at_first);
        app.state(places.clone())
    };
    let first = build().start().await;
    first.quiet().await; // all four wait for their hour
    let second = build().start().await;
    second.listener("failing_at_first").assigned(2).await;
    second.quiet().await;
    kafka.advance("2h").await;
    places.reaches(4).await;
    first.listener("failing_at_first").settled().await;
    second.listener("failing_at_first").settled().await;
    assert_each_once(&places.entries(), 4);
    kafka.dlt("orders").assert_none();
}

#[kafka_listener(topics = "orders", group_id = "by-hand", ack_mode = "manual")]
async fn by_hand(meta: Meta, ack: Acknowledgment, State(places): State<Places>) {
    tokio::time::sleep(Duration::from_millis(3)).await;
    places.note(place(&meta));
    ack.acknowledge();
}

#[kafka_test(topics = ["orders"], partitions = 4)]
async fn a_rebalance_does_not_repeat_what_is_acknowledged_by_hand_2489(kafka: EmbeddedKafka) {
    send(&kafka, 200, 4, "x").await;
    let places = Places::new();
    let build = || kafka.app().listener(by_hand).state(places.clone());
    let first = build().start().await;
    places.reaches(20).await;
    let second = build().start().await;
    second.listener("by_hand").assigned(2).await;
    first.listener("by_hand").settled().await;
    second.listener("by_hand").settled().await;
    assert_each_once(&places.entries(), 200);
}

fn is_wanted(record: &Record) -> bool {
    record.payload() == Some(b"wanted")
}

#[kafka_listener(
    topics = "orders",
    group_id = "picky",
    ack_mode = "manual",
    filter = is_wanted
)]
async fn picky(ack: Acknowledgment) {
    tokio::spawn(async move { ack.acknowledge() });
}

#[kafka_test(topics = ["orders"])]
async fn a_filter_does_not_break_acknowledgements_1479_3880(kafka: EmbeddedKafka) {
    for nth in 0..30 {
        let order = if nth % 3 == 0 { "wanted" } else { "not" };
        kafka.send("orders", order).await;
    }
    let app = kafka.app().listener(picky).start().await;
    let settled = app.listener("picky").settled().await;
    settled.assert_handled(10).assert_filtered(20);
    let group = kafka.group("picky");
    group.assert_committed("orders", [(0, 30)]).await;
}
