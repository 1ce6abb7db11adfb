//! What a broker does once a year to those who send: lost answers, moved leaders, long outages. No
//! record is lost or stored twice, and their order stays.

use std::pin::Pin;
use std::time::Duration;

use futures_util::future::poll_immediate;
use micro_kafka::admin::NewTopic;
use micro_kafka::template::{DeliveryFuture, KafkaTemplate, SendError, TemplateConfig};
use micro_kafka_broker::fault::{ApiKey, Chaos, ErrorCode};
use micro_kafka_broker::{Broker, Restart};

use crate::support::raw;

/// How long a broker is away that comes back; a proof has it away for longer.
const OUTAGE_SECONDS: &str = "MICRO_KAFKA_OUTAGE_SECONDS";

/// A broker whose requests can fail, and a template with topic `orders` of one partition.
pub(crate) async fn on_broker(
    change: impl FnOnce(TemplateConfig) -> TemplateConfig,
) -> (KafkaTemplate, Broker) {
    let broker = Broker::builder().listen("127.0.0.1:0").start_on_threads(1);
    let broker = broker.unwrap();
    let config = change(TemplateConfig::new(broker.bootstrap_servers()));
    let kafka = KafkaTemplate::new(config).unwrap();
    let topic = NewTopic::new("orders").partitions(1);
    kafka.admin().create_topics(&[topic]).await.unwrap();
    (kafka, broker)
}

/// Many requests, and soon again after a lost connection.
async fn on_small_batches() -> (KafkaTemplate, Broker) {
    on_broker(|config| {
        let config = config.property("batch.num.messages", "50");
        config.property("reconnect.backoff.max.ms", "50")
    })
    .await
}

pub(crate) fn outage() -> Duration {
    let seconds = std::env::var(OUTAGE_SECONDS).map_or(1, |text| text.parse().unwrap());
    Duration::from_secs(seconds)
}

/// What is in the log, as the numbers that were sent.
fn log(broker: &Broker) -> Vec<usize> {
    let records = broker.records("orders", 0).unwrap().into_iter();
    let value = |bytes: Option<_>| String::from_utf8(Vec::from(bytes.unwrap())).unwrap();
    records
        .map(|record| value(record.value).parse().unwrap())
        .collect()
}

async fn queued(kafka: &KafkaTemplate, numbers: std::ops::Range<usize>) -> Vec<DeliveryFuture> {
    let mut deliveries = Vec::new();
    for n in numbers {
        let send = kafka.send("orders", raw(&n.to_string()));
        deliveries.push(send.queue().await.unwrap());
    }
    deliveries
}

/// Sends so many records; they must be stored once each and in their order.
async fn in_order(kafka: &KafkaTemplate, broker: &Broker, count: usize) {
    for delivery in queued(kafka, 0..count).await {
        delivery.await.unwrap();
    }
    assert!(log(broker).into_iter().eq(0..count), "{:?}", log(broker));
}

#[tokio::test]
async fn lost_answers_lose_and_double_nothing() {
    let (kafka, broker) = on_small_batches().await;
    let fault = broker.faults().on(ApiKey::Produce).every(3).times(4);
    let fault = fault.apply_then_disconnect();
    in_order(&kafka, &broker, 1_000).await;
    assert_eq!(fault.hits(), 4);
}

#[tokio::test]
async fn answers_that_break_off_lose_and_double_nothing() {
    let (kafka, broker) = on_small_batches().await;
    let fault = broker.faults().on(ApiKey::Produce).every(3).times(4);
    let fault = fault.cut_answer(6);
    in_order(&kafka, &broker, 1_000).await;
    assert_eq!(fault.hits(), 4);
}

#[tokio::test]
async fn answers_that_never_come_lose_and_double_nothing() {
    let (kafka, broker) = on_broker(|config| {
        let config = config.property("batch.num.messages", "50");
        config.property("socket.timeout.ms", "1000")
    })
    .await;
    let fault = broker.faults().on(ApiKey::Produce).nth(3).once();
    let fault = fault.apply_then_silence();
    in_order(&kafka, &broker, 500).await;
    assert_eq!(fault.hits(), 1);
}

#[tokio::test]
async fn leaders_that_move_cost_a_retry() {
    let (kafka, broker) = on_small_batches().await;
    let moved = broker.faults().on(ApiKey::Produce).every(4).times(3);
    let moved = moved.answer(ErrorCode::NOT_LEADER_OR_FOLLOWER);
    in_order(&kafka, &broker, 1_000).await;
    assert_eq!(moved.hits(), 3);
}

#[tokio::test]
async fn a_leader_that_stores_a_batch_and_denies_it_doubles_nothing() {
    let (kafka, broker) = on_small_batches().await;
    let moved = broker.faults().on(ApiKey::Produce).every(4).times(3);
    let moved = moved.apply_then_answer(ErrorCode::NOT_LEADER_OR_FOLLOWER);
    in_order(&kafka, &broker, 1_000).await;
    assert_eq!(moved.hits(), 3);
}

#[tokio::test]
async fn a_request_that_is_served_twice_is_stored_once() {
    let (kafka, broker) = on_small_batches().await;
    let twice = broker.faults().on(ApiKey::Produce).every(2).duplicate();
    in_order(&kafka, &broker, 1_000).await;
    assert!(twice.hits() > 0);
}

#[tokio::test]
async fn throttled_senders_wait_and_lose_nothing() {
    let (kafka, broker) = on_small_batches().await;
    let fault = broker.faults().on(ApiKey::Produce).every(3).times(3);
    let fault = fault.throttle(Duration::from_millis(150));
    in_order(&kafka, &broker, 1_000).await;
    assert_eq!(fault.hits(), 3);
}

#[tokio::test]
async fn any_mixture_of_faults_loses_and_doubles_nothing() {
    for seed in 0..5 {
        let (kafka, broker) = on_small_batches().await;
        let apis = [ApiKey::Produce, ApiKey::Metadata, ApiKey::InitProducerId];
        let chaos = Chaos::seeded(seed).with_probability(0.2).on(apis);
        let reign = chaos.start(broker.faults());
        in_order(&kafka, &broker, 2_000).await;
        reign.stop();
    }
}

#[tokio::test]
async fn a_broker_that_is_away_costs_waiting_and_no_record() {
    let (kafka, broker) = on_broker(|config| {
        let config = config.property("queue.buffering.max.messages", "500");
        config.property("reconnect.backoff.max.ms", "200")
    })
    .await;
    let mut deliveries = queued(&kafka, 0..100).await;
    broker.crash().await;
    let sender = kafka.clone();
    // More than the queue takes: those that find no room wait as well.
    let sending = tokio::spawn(async move { queued(&sender, 100..1_500).await });
    tokio::time::sleep(outage()).await;
    assert!(!sending.is_finished());
    broker.restart(Restart::WithData).await.unwrap();
    deliveries.extend(sending.await.unwrap());
    for delivery in deliveries {
        delivery.await.unwrap();
    }
    assert!(log(&broker).into_iter().eq(0..1_500), "{:?}", log(&broker));
}

#[tokio::test]
async fn a_cancelled_send_is_stored_once_or_never() {
    let (kafka, broker) = on_small_batches().await;
    let lost = broker.faults().on(ApiKey::Produce).every(3).times(4);
    let lost = lost.apply_then_disconnect();
    let mut kept = Vec::new();
    let mut deliveries = Vec::new();
    for n in 0..1_000 {
        let send = kafka.send("orders", raw(&n.to_string()));
        match n % 4 {
            // Never polled: never sent.
            0 => drop(send.into_future()),
            // Queued when it is dropped: sent, though nobody hears of it.
            1 => {
                let mut send = Box::pin(send.into_future());
                assert!(poll_immediate(Pin::new(&mut send)).await.is_none());
                kept.push(n);
            }
            2 => {
                drop(send.queue().await.unwrap());
                kept.push(n);
            }
            _ => {
                deliveries.push(send.queue().await.unwrap());
                kept.push(n);
            }
        }
    }
    for delivery in deliveries {
        delivery.await.unwrap();
    }
    kafka.flush(Duration::from_secs(30)).await.unwrap();
    assert_eq!(log(&broker), kept);
    assert_eq!(lost.hits(), 4);
}

#[tokio::test]
async fn a_delivery_that_outlasts_its_deadline_is_told_with_the_keys_hash() {
    let (kafka, broker) = on_broker(|config| config.property("delivery.timeout.ms", "1500")).await;
    kafka.send("orders", raw("before")).await.unwrap();
    let silence = broker.faults().on(ApiKey::Produce).silence();
    let error = kafka.send("orders", raw("x")).key("21").await.unwrap_err();
    assert!(matches!(error, SendError::TimedOut { .. }), "{error:?}");
    assert!(error.is_retriable() && error.is_timeout() && error.maybe_stored());
    let told = error.to_string();
    assert!(
        told.contains("orders") && told.contains("c5f2f8ec") && !told.contains("21 "),
        "{told}"
    );
    silence.remove();
    kafka.send("orders", raw("after")).await.unwrap();
}

#[tokio::test]
async fn a_broken_producer_is_replaced_by_the_next_send() {
    let (kafka, broker) = on_broker(|config| config).await;
    kafka.send("orders", raw("0")).await.unwrap();
    let fault = broker.faults().on(ApiKey::Produce).once();
    let _fault = fault.answer(ErrorCode::CLUSTER_AUTHORIZATION_FAILED);
    kafka.send("orders", raw("1")).await.unwrap_err();
    let stored = kafka.send("orders", raw("2")).await.unwrap();
    assert_eq!(stored.offset, 1);
    assert_eq!(kafka.fatal_error(), None);
}
