//! A full queue makes senders wait, in order, without spinning.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::{join_all, poll_immediate};
use parking_lot::Mutex;

use crate::support::{cluster, config, raw, template};
use micro_kafka::template::KafkaTemplate;

const SMALL: &[(&str, &str)] = &[("queue.buffering.max.messages", "50"), ("linger.ms", "1")];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_of_senders_share_a_small_queue() {
    let cluster = cluster("orders", 3);
    let kafka = template(&cluster, SMALL);
    let sends = (0..5_000).map(|n: u32| {
        let kafka = kafka.clone();
        tokio::spawn(async move {
            let payload = n.to_string();
            kafka.send("orders", raw(&payload)).key(&payload).await
        })
    });
    let all = tokio::time::timeout(Duration::from_secs(60), join_all(sends));
    for sent in all.await.expect("senders starve") {
        sent.unwrap().unwrap();
    }
}

#[tokio::test]
async fn senders_get_room_in_the_order_in_which_they_came() {
    let cluster = cluster("orders", 1);
    let kafka = template(&cluster, SMALL);
    let order = Arc::new(Mutex::new(Vec::new()));
    // `join_all` polls its futures in order at first, which is when they take their places.
    let sends = (0..500).map(|n| {
        let (kafka, order) = (&kafka, Arc::clone(&order));
        async move {
            let delivery = kafka.send("orders", raw("x")).queue().await.unwrap();
            order.lock().push(n);
            delivery.await.unwrap();
        }
    });
    join_all(sends).await;
    let order = Arc::into_inner(order).unwrap().into_inner();
    assert!(order.is_sorted(), "{order:?}");
    assert_eq!(order.len(), 500);
}

#[tokio::test]
async fn a_newcomer_does_not_overtake_those_who_wait() {
    let cluster = cluster("orders", 1);
    let slow = [("queue.buffering.max.messages", "1"), ("linger.ms", "200")];
    let kafka = template(&cluster, &slow);
    let first = kafka.send("orders", raw("first")).queue().await.unwrap();
    let mut waiting = Box::pin(kafka.send("orders", raw("second")).queue());
    assert!(poll_immediate(&mut waiting).await.is_none());
    let third = kafka.send("orders", raw("third"));
    let (second, third) = tokio::join!(async { waiting.await.unwrap().await }, third);
    assert_eq!(first.await.unwrap().offset, 0);
    assert_eq!(second.unwrap().offset, 1);
    assert_eq!(third.unwrap().offset, 2);
}

#[tokio::test]
async fn a_sender_that_is_never_polled_again_holds_up_nobody() {
    let cluster = cluster("orders", 1);
    let one = [("queue.buffering.max.messages", "1"), ("linger.ms", "50")];
    let kafka = template(&cluster, &one);
    let first = kafka.send("orders", raw("first")).queue().await.unwrap();
    let mut stuck = Box::pin(kafka.send("orders", raw("stuck")).queue());
    assert!(poll_immediate(&mut stuck).await.is_none());
    let other = kafka.send("orders", raw("other"));
    let other = tokio::time::timeout(Duration::from_secs(10), other);
    other.await.expect("held up").unwrap();
    first.await.unwrap();
    // Cancelled while it waited for room: never sent.
    drop(stuck);
    assert_eq!(kafka.send("orders", raw("last")).await.unwrap().offset, 2);
}

#[tokio::test]
async fn waiting_for_room_does_not_spin() {
    let cluster = cluster("orders", 1);
    let kafka = template(
        &cluster,
        &[("queue.buffering.max.messages", "1"), ("linger.ms", "500")],
    );
    let first = kafka.send("orders", raw("first")).queue().await.unwrap();
    let polls = AtomicUsize::new(0);
    let mut second = Box::pin(kafka.send("orders", raw("second")).queue());
    let delivery = std::future::poll_fn(|context| {
        polls.fetch_add(1, Ordering::Relaxed);
        second.as_mut().poll(context)
    });
    let delivery = delivery.await.unwrap();
    // Half a second of waiting, a look every 20 ms at most.
    assert!(polls.load(Ordering::Relaxed) < 60, "{polls:?} polls");
    first.await.unwrap();
    delivery.await.unwrap();
}

#[tokio::test]
async fn no_more_records_are_on_their_way_than_allowed() {
    let cluster = cluster("orders", 1);
    let mut settings = config(&cluster, &[("linger.ms", "100")]);
    settings.max_in_flight = 2;
    let kafka = KafkaTemplate::new(settings).unwrap();
    let first = kafka.send("orders", raw("1")).queue().await.unwrap();
    let second = kafka.send("orders", raw("2")).queue().await.unwrap();
    let mut third = Box::pin(kafka.send("orders", raw("3")).queue());
    assert!(poll_immediate(&mut third).await.is_none());
    // Detached sends do not wait.
    kafka.send("orders", raw("detached")).detach();
    assert_eq!(first.await.unwrap().offset, 0);
    second.await.unwrap();
    assert_eq!(third.await.unwrap().await.unwrap().offset, 3);
}
