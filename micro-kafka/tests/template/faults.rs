//! What a broker does once a year: lost answers, moved leaders, refused commits, long outages.

use std::time::Duration;

use micro_kafka::admin::NewTopic;
use micro_kafka::template::{
    KafkaError, KafkaTemplate, SendError, TemplateConfig, TransactionError,
};
use micro_kafka_broker::Broker;
use micro_kafka_broker::fault::{ApiKey, ErrorCode};

use crate::support::raw;

/// A broker whose requests can fail, and a template with topic `orders` of one partition.
async fn on_broker(
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

/// Sends so many records; they must be stored once each and in their order.
async fn in_order(kafka: &KafkaTemplate, count: i64) {
    let mut deliveries = Vec::new();
    for n in 0..count {
        let send = kafka.send("orders", raw(&n.to_string()));
        deliveries.push(send.queue().await.unwrap());
    }
    for (offset, delivery) in (0..).zip(deliveries) {
        assert_eq!(delivery.await.unwrap().offset, offset);
    }
    let ends = kafka.admin().end_offsets("orders").await.unwrap();
    assert_eq!(ends[&0], count);
}

#[tokio::test]
async fn lost_answers_lose_and_double_nothing() {
    let (kafka, broker) = on_broker(|config| config.property("batch.num.messages", "50")).await;
    let fault = broker.faults().on(ApiKey::Produce).every(3).times(4);
    let fault = fault.apply_then_disconnect();
    in_order(&kafka, 1_000).await;
    assert_eq!(fault.hits(), 4);
}

#[tokio::test]
async fn leaders_that_move_and_full_brokers_cost_a_retry() {
    let (kafka, broker) = on_broker(|config| config.property("batch.num.messages", "50")).await;
    let moved = broker.faults().on(ApiKey::Produce).every(4).times(3);
    let moved = moved.answer(ErrorCode::NOT_LEADER_OR_FOLLOWER);
    in_order(&kafka, 1_000).await;
    assert_eq!(moved.hits(), 3);
}

#[tokio::test]
async fn a_broker_that_is_away_costs_waiting_and_no_record() {
    let (kafka, broker) = on_broker(|config| {
        let config = config.property("reconnect.backoff.max.ms", "50");
        config.property("delivery.timeout.ms", "60000")
    })
    .await;
    kafka.send("orders", raw("before")).await.unwrap();
    let away = broker.faults().on_any().disconnect();
    let mut deliveries = Vec::new();
    for n in 1..500 {
        let send = kafka.send("orders", raw(&n.to_string()));
        deliveries.push(send.queue().await.unwrap());
    }
    // Each refused request is one reconnection: the outage lasts for many of them.
    tokio::time::timeout(Duration::from_secs(30), async {
        while away.hits() < 20 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .unwrap();
    away.remove();
    for (offset, delivery) in (1..).zip(deliveries) {
        assert_eq!(delivery.await.unwrap().offset, offset);
    }
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

async fn committed(kafka: &KafkaTemplate, texts: &[&str]) -> Result<(), KafkaError> {
    kafka
        .transaction(async |tx| {
            for text in texts {
                tx.send("orders", raw(text)).await?;
            }
            Ok(())
        })
        .await
}

#[tokio::test]
async fn a_lost_answer_to_a_commit_is_asked_for_again() {
    let (kafka, broker) = on_broker(|config| config).await;
    committed(&kafka, &["0"]).await.unwrap();
    let fault = broker.faults().on(ApiKey::EndTxn).once();
    let fault = fault.apply_then_disconnect();
    committed(&kafka, &["1", "2"]).await.unwrap();
    assert_eq!(fault.hits(), 1);
    committed(&kafka, &["3"]).await.unwrap();
}

#[tokio::test]
async fn a_coordinator_that_moves_costs_waiting() {
    let (kafka, broker) = on_broker(|config| config).await;
    committed(&kafka, &["0"]).await.unwrap();
    for api in [ApiKey::AddPartitionsToTxn, ApiKey::EndTxn] {
        let fault = broker.faults().on(api).once();
        let fault = fault.answer(ErrorCode::NOT_COORDINATOR);
        committed(&kafka, &["1"]).await.unwrap();
        assert_eq!(fault.hits(), 1, "{api}");
    }
}

#[tokio::test]
async fn a_refused_right_in_a_transaction_aborts_it_and_no_other() {
    let (kafka, broker) = on_broker(|config| config).await;
    committed(&kafka, &["0"]).await.unwrap();
    let fault = broker.faults().on(ApiKey::Produce).once();
    let _fault = fault.answer(ErrorCode::TOPIC_AUTHORIZATION_FAILED);
    let refused = committed(&kafka, &["1"]).await.unwrap_err();
    let KafkaError::Transaction(TransactionError::Undelivered { failures, .. }) = &refused else {
        panic!("{refused:?}");
    };
    assert!(failures[0].is_unauthorized(), "{failures:?}");
    let other = NewTopic::new("other").partitions(1);
    kafka.admin().create_topics(&[other]).await.unwrap();
    let next = kafka.transaction(async |tx| tx.send("other", raw("2")).await);
    next.await.unwrap();
}

#[tokio::test]
async fn a_fenced_commit_is_told_and_the_producer_replaced() {
    let (kafka, broker) = on_broker(|config| config).await;
    committed(&kafka, &["0"]).await.unwrap();
    let fault = broker.faults().on(ApiKey::EndTxn).once();
    let _fault = fault.answer(ErrorCode::PRODUCER_FENCED);
    let fenced = committed(&kafka, &["1"]).await.unwrap_err();
    let told = matches!(
        &fenced,
        KafkaError::Transaction(TransactionError::Fenced { again: false, .. })
    );
    assert!(told, "{fenced:?}");
    committed(&kafka, &["2"]).await.unwrap();
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
