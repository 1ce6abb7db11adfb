//! What a broker does once a year to transactions: what was committed is there once, and nothing
//! else.

use std::time::Duration;

use micro_kafka::admin::NewTopic;
use micro_kafka::template::{KafkaError, KafkaTemplate, TransactionError};
use micro_kafka_broker::fault::{ApiKey, Chaos, ErrorCode};
use micro_kafka_broker::{Broker, Restart};

use crate::faults::{on_broker, outage};
use crate::support::raw;

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

/// What readers of committed records see.
fn seen(broker: &Broker) -> Vec<String> {
    let aborted = broker.aborted_transactions("orders", 0).unwrap();
    let is_aborted = |producer: Option<i64>, offset: i64| {
        aborted.iter().any(|one| {
            Some(one.producer_id) == producer
                && (one.first_offset..=one.last_offset).contains(&offset)
        })
    };
    let stable = broker.partition("orders", 0).unwrap().stable;
    let records = broker.records("orders", 0).unwrap().into_iter();
    records
        .filter(|record| record.marker.is_none() && record.offset < stable)
        .filter(|record| !is_aborted(record.producer_id, record.offset))
        .map(|record| String::from_utf8(record.value.unwrap().into()).unwrap())
        .collect()
}

#[tokio::test]
async fn a_lost_answer_to_any_step_is_asked_for_again() {
    let steps = [ApiKey::AddPartitionsToTxn, ApiKey::Produce, ApiKey::EndTxn];
    let (kafka, broker) = on_broker(|config| config).await;
    committed(&kafka, &["0"]).await.unwrap();
    for api in steps {
        let fault = broker.faults().on(api).once();
        let fault = fault.apply_then_disconnect();
        committed(&kafka, &["1", "2"]).await.unwrap();
        assert_eq!(fault.hits(), 1, "{api}");
    }
    assert_eq!(seen(&broker), ["0", "1", "2", "1", "2", "1", "2"]);
}

#[tokio::test]
async fn a_coordinator_that_moves_costs_waiting() {
    let (kafka, broker) = on_broker(|mut config| {
        config.transactions.id_prefix = Some("tx-".into());
        config.transactions.producers = 1;
        config
    })
    .await;
    committed(&kafka, &["0"]).await.unwrap();
    for api in [ApiKey::AddPartitionsToTxn, ApiKey::EndTxn] {
        let fault = broker.faults().on(api).once();
        let fault = fault.answer(ErrorCode::NOT_COORDINATOR);
        committed(&kafka, &["1"]).await.unwrap();
        assert_eq!(fault.hits(), 1, "{api}");
    }
    let moved = kafka.transaction(async |tx| {
        tx.send("orders", raw("2")).await?;
        let moved = broker.move_transaction_coordinator("tx-0");
        tx.send("orders", raw("3")).await.map(|()| moved)
    });
    assert!(moved.await.unwrap().hits() > 0);
    assert_eq!(seen(&broker), ["0", "1", "1", "2", "3"]);
}

#[tokio::test]
async fn a_leader_that_moves_and_a_throttled_commit_cost_waiting() {
    let (kafka, broker) = on_broker(|config| config).await;
    committed(&kafka, &["0"]).await.unwrap();
    let moved = broker.faults().on(ApiKey::Produce).once();
    let moved = moved.answer(ErrorCode::NOT_LEADER_OR_FOLLOWER);
    let slow = broker.faults().on(ApiKey::EndTxn).once();
    let slow = slow.throttle(Duration::from_millis(200));
    committed(&kafka, &["1", "2"]).await.unwrap();
    committed(&kafka, &["3"]).await.unwrap();
    assert_eq!((moved.hits(), slow.hits()), (1, 1));
    assert_eq!(seen(&broker), ["0", "1", "2", "3"]);
}

#[tokio::test]
async fn a_broker_that_is_away_in_a_transaction_costs_waiting() {
    let (kafka, broker) = on_broker(|mut config| {
        config.transactions.timeout = Duration::from_secs(120);
        config.property("reconnect.backoff.max.ms", "200")
    })
    .await;
    committed(&kafka, &["0"]).await.unwrap();
    let done = kafka.transaction(async |tx| {
        tx.send("orders", raw("1")).await?;
        broker.crash().await;
        tx.send("orders", raw("2")).await?;
        tokio::time::sleep(outage()).await;
        broker.restart(Restart::WithData).await.unwrap();
        tx.send("orders", raw("3")).await
    });
    done.await.unwrap();
    assert_eq!(seen(&broker), ["0", "1", "2", "3"]);
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
    assert_eq!(seen(&broker), ["0"]);
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
    assert_eq!(seen(&broker), ["0", "2"]);
}

/// Each is there once if its commit succeeded, not at all if it failed; either where the outcome
/// stayed unknown.
#[tokio::test]
async fn any_mixture_of_faults_commits_all_or_nothing_once_and_in_order() {
    for seed in 0..3 {
        let (kafka, broker) = on_broker(|config| {
            let config = config.property("retry.backoff.ms", "10");
            config.property("reconnect.backoff.max.ms", "50")
        })
        .await;
        let steps = [ApiKey::AddPartitionsToTxn, ApiKey::Produce, ApiKey::EndTxn];
        let chaos = Chaos::seeded(seed).with_probability(0.1).on(steps);
        let reign = chaos.start(broker.faults());
        let mut outcomes = Vec::new();
        for n in 0..60 {
            let text = n.to_string();
            let done = committed(&kafka, &[&text, &text]).await;
            outcomes.push((text, done));
        }
        reign.stop();
        committed(&kafka, &["end"]).await.unwrap();
        let mut seen = seen(&broker).into_iter().peekable();
        for (text, done) in outcomes {
            let there = seen.next_if_eq(&text).is_some();
            let whole = there == seen.next_if_eq(&text).is_some();
            let wanted = match &done {
                Ok(()) => there,
                Err(KafkaError::Transaction(TransactionError::Unknown { .. })) => true,
                Err(_) => !there,
            };
            assert!(whole && wanted, "{text}: {done:?}, there: {there}");
        }
        assert_eq!(seen.collect::<Vec<_>>(), ["end"]);
    }
}
