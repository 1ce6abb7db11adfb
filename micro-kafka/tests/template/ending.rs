//! Flush, close and drop, with a broker that is there or not.

use std::time::{Duration, Instant};

use micro_kafka::template::{KafkaError, KafkaTemplate, SendError};

use crate::support::{cluster, config, raw, read, template};

#[tokio::test]
async fn dropping_the_last_clone_flushes() {
    let cluster = cluster("orders", 1);
    let kafka = template(&cluster, &[("linger.ms", "60000")]);
    let clone = kafka.clone();
    for n in 0..100 {
        kafka.send("orders", raw(&n.to_string())).detach();
    }
    drop(kafka);
    drop(clone);
    assert_eq!(read(&cluster, "orders", 1, 100).len(), 100);
}

#[tokio::test]
async fn a_flush_does_not_wait_for_linger() {
    let cluster = cluster("orders", 1);
    let kafka = template(&cluster, &[("linger.ms", "60000")]);
    kafka
        .send("orders", raw("first"))
        .queue()
        .await
        .unwrap()
        .into_flushed(&kafka)
        .await;
    // The shortest of some: other tests have the processor at times.
    let mut shortest = Duration::MAX;
    for offset in 1..11 {
        let delivery = kafka.send("orders", raw("next")).queue().await.unwrap();
        let started = Instant::now();
        kafka.flush(Duration::from_secs(10)).await.unwrap();
        shortest = shortest.min(started.elapsed());
        assert_eq!(delivery.await.unwrap().offset, offset);
    }
    assert!(shortest < Duration::from_millis(90), "{shortest:?}");
}

trait IntoFlushed {
    async fn into_flushed(self, kafka: &KafkaTemplate);
}

impl IntoFlushed for micro_kafka::template::DeliveryFuture {
    /// Makes the connection, which is no part of what is measured.
    async fn into_flushed(self, kafka: &KafkaTemplate) {
        kafka.flush(Duration::from_secs(10)).await.unwrap();
        self.await.unwrap();
    }
}

#[tokio::test]
async fn a_flush_that_takes_too_long_tells_how_many_are_on_their_way() {
    let cluster = cluster("orders", 1);
    cluster.broker_down(1).unwrap();
    let mut settings = config(&cluster, &[]);
    settings.flush_timeout = Duration::from_millis(10);
    let kafka = KafkaTemplate::new(settings).unwrap();
    let one = kafka.send("orders", raw("x")).queue().await.unwrap();
    let two = kafka.send("orders", raw("y")).queue().await.unwrap();
    let error = kafka.flush(Duration::from_millis(50)).await.unwrap_err();
    assert!(
        matches!(error, KafkaError::FlushTimedOut { outstanding: 2.. }),
        "{error:?}"
    );
    drop(kafka);
    assert!(matches!(one.await, Err(SendError::Closed { .. })));
    assert!(matches!(two.await, Err(SendError::Closed { .. })));
}

#[tokio::test]
async fn closing_counts_what_is_lost_and_refuses_the_rest() {
    let cluster = cluster("orders", 1);
    let kafka = template(&cluster, &[]);
    kafka.send("orders", raw("kept")).await.unwrap();
    cluster.broker_down(1).unwrap();
    for n in 0..7 {
        kafka.send("orders", raw(&n.to_string())).detach();
    }
    let awaited = kafka.send("orders", raw("awaited")).queue().await.unwrap();
    assert_eq!(kafka.close(Duration::from_millis(200)).await, 8);
    assert!(matches!(awaited.await, Err(SendError::Closed { .. })));
    let error = kafka.send("orders", raw("late")).await.unwrap_err();
    assert!(matches!(error, SendError::Closed { .. }), "{error:?}");
    assert!(error.is_fatal());
    assert_eq!(kafka.close(Duration::from_secs(5)).await, 0);
}

#[tokio::test]
async fn closing_a_healthy_template_loses_nothing() {
    let cluster = cluster("orders", 1);
    let kafka = template(&cluster, &[]);
    for n in 0..1_000 {
        kafka.send("orders", raw(&n.to_string())).detach();
    }
    assert_eq!(kafka.close(Duration::from_secs(10)).await, 0);
    assert_eq!(read(&cluster, "orders", 1, 1_000).len(), 1_000);
}

#[tokio::test]
async fn closing_ends_the_wait_for_room() {
    let cluster = cluster("orders", 1);
    cluster.broker_down(1).unwrap();
    let kafka = template(&cluster, &[("queue.buffering.max.messages", "1")]);
    let queued = kafka.send("orders", raw("x")).queue().await.unwrap();
    let waiting = tokio::spawn(kafka.send("orders", raw("y")).queue());
    tokio::task::yield_now().await;
    assert_eq!(kafka.close(Duration::from_millis(50)).await, 1);
    let waited = waiting.await.unwrap();
    assert!(
        matches!(waited, Err(SendError::Closed { .. })),
        "{waited:?}"
    );
    assert!(queued.await.is_err());
}

#[tokio::test]
async fn records_sent_while_the_broker_is_away_arrive_once_and_in_order() {
    let cluster = cluster("orders", 1);
    let kafka = template(&cluster, &[("reconnect.backoff.max.ms", "100")]);
    let mut deliveries = Vec::new();
    for n in 0..3_000 {
        if n == 1_000 {
            cluster.broker_down(1).unwrap();
        }
        if n == 2_000 {
            cluster.broker_up(1).unwrap();
        }
        let payload = n.to_string();
        deliveries.push(kafka.send("orders", raw(&payload)).queue().await.unwrap());
    }
    for (n, delivery) in (0..).zip(deliveries) {
        assert_eq!(delivery.await.unwrap().offset, n);
    }
    let records = read(&cluster, "orders", 1, 3_000);
    for (n, record) in records.iter().enumerate() {
        assert_eq!(record.payload.as_deref(), Some(n.to_string().as_bytes()));
    }
}

#[tokio::test]
async fn the_last_clone_may_be_dropped_by_the_error_hook() {
    let cluster = cluster("orders", 1);
    let mut settings = config(&cluster, &[]);
    let held = std::sync::Arc::new(parking_lot::Mutex::new(None::<KafkaTemplate>));
    let (dropped, mut was_dropped) = tokio::sync::mpsc::unbounded_channel();
    let hook = std::sync::Arc::clone(&held);
    settings.error_hook = micro_kafka::template::ErrorHook::new(move |_: &SendError| {
        drop(hook.lock().take());
        dropped.send(()).unwrap();
    });
    let kafka = KafkaTemplate::new(settings).unwrap();
    let send = kafka.send("orders", raw("x")).partition(7);
    *held.lock() = Some(kafka);
    send.detach();
    was_dropped.recv().await.unwrap();
}
