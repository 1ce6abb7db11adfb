//! Rules for requests: a test for each kind.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use micro_kafka_broker::fault::{Action, ApiKey, Ending, ErrorCode, Matcher};
use rdkafka::Message;
use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use crate::kafka::{DEADLINE, TOPIC, consumer, next, producer, send, start, stored, until};

#[tokio::test]
async fn an_error_that_passes_is_retried_and_delivered_once() {
    let broker = start();
    let moved = broker.faults().on(ApiKey::Produce).topic(TOPIC).nth(1);
    let moved = moved.answer(ErrorCode::NOT_LEADER_OR_FOLLOWER);
    assert_eq!(send(&producer(&broker, &[]), "a").await, Ok(0));
    assert_eq!(moved.hits(), 1);
    assert_eq!(stored(&broker), ["a"]);
    assert_eq!(broker.journal().count(ApiKey::Produce), 2);
}

#[tokio::test]
async fn an_error_that_stays_reaches_the_sender_and_nothing_is_stored() {
    let broker = start();
    let refused = broker.faults().on(ApiKey::Produce).partition(0);
    refused.answer(ErrorCode::TOPIC_AUTHORIZATION_FAILED);
    let error = send(&producer(&broker, &[]), "a").await.unwrap_err();
    let code = error.rdkafka_error_code();
    assert_eq!(code, Some(RDKafkaErrorCode::TopicAuthorizationFailed));
    assert!(stored(&broker).is_empty());
}

#[tokio::test]
async fn a_delay_holds_the_answer_back() {
    let broker = start();
    let (from, to) = (Duration::from_millis(300), Duration::from_millis(400));
    broker.faults().on(ApiKey::Produce).once().delay(from..=to);
    let producer = producer(&broker, &[]);
    let begun = Instant::now();
    send(&producer, "a").await.unwrap();
    assert!(begun.elapsed() >= from, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_broken_connection_is_made_again() {
    let broker = start();
    let cut = broker.faults().on(ApiKey::Produce).once().disconnect();
    send(&producer(&broker, &[]), "a").await.unwrap();
    assert_eq!((cut.hits(), stored(&broker)), (1, vec!["a".to_owned()]));
    let produced = broker.journal().matching(ApiKey::Produce);
    let connections: Vec<_> = produced
        .iter()
        .map(|sent| sent.request.connection)
        .collect();
    assert!(connections[0] != connections[1], "{connections:?}");
}

#[tokio::test]
async fn silence_is_noticed_by_the_client_alone() {
    let broker = start();
    let silent = broker.faults().on(ApiKey::Produce).once().silence();
    let producer = producer(
        &broker,
        &[("request.timeout.ms", "500"), ("socket.timeout.ms", "1000")],
    );
    let begun = Instant::now();
    send(&producer, "a").await.unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(500));
    assert_eq!((silent.hits(), stored(&broker)), (1, vec!["a".to_owned()]));
}

#[tokio::test]
async fn an_answer_that_ends_in_the_middle_is_asked_for_again() {
    let broker = start();
    send(&producer(&broker, &[]), "a").await.unwrap();
    let cut = broker.faults().on(ApiKey::Fetch).topic(TOPIC).times(2);
    let cut = cut.cut_answer(20);
    let consumer = consumer(&broker, &[]);
    consumer.subscribe(&[TOPIC]).unwrap();
    let record = loop {
        match next(&consumer).await {
            Ok(record) => break record,
            // The client tells of the connections that broke.
            Err(KafkaError::MessageConsumption(_)) => {}
            Err(error) => panic!("{error}"),
        }
    };
    assert_eq!(record.payload(), Some(&b"a"[..]));
    assert_eq!(cut.hits(), 2);
}

#[tokio::test]
async fn a_throttled_client_is_not_read_for_that_long() {
    let broker = start();
    let time = Duration::from_millis(700);
    broker.faults().on(ApiKey::Produce).once().throttle(time);
    let producer = producer(&broker, &[]);
    send(&producer, "a").await.unwrap();
    let begun = Instant::now();
    send(&producer, "b").await.unwrap();
    // The first answer has taken a moment to come.
    assert!(begun.elapsed() > time / 2, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn corrupt_records_are_noticed_by_their_checksum() {
    let broker = start();
    let producer = producer(&broker, &[]);
    send(&producer, "a").await.unwrap();
    let corrupt = broker.faults().on(ApiKey::Fetch).partition(0).once();
    let corrupt = corrupt.corrupt_records();
    let consumer = consumer(&broker, &[]);
    consumer.subscribe(&[TOPIC]).unwrap();
    let told = next(&consumer).await.unwrap_err();
    assert_eq!(
        told.rdkafka_error_code(),
        Some(RDKafkaErrorCode::BadMessage)
    );
    assert_eq!(corrupt.hits(), 1);
    assert_eq!(stored(&broker), ["a"], "what is stored is whole");
}

#[tokio::test]
async fn a_request_that_comes_twice_is_stored_twice_unless_its_producer_is_idempotent() {
    for (idempotent, copies) in [("false", 2), ("true", 1)] {
        let broker = start();
        broker.faults().on(ApiKey::Produce).once().duplicate();
        let producer = producer(&broker, &[("enable.idempotence", idempotent)]);
        assert_eq!(send(&producer, "a").await, Ok(0));
        assert_eq!(stored(&broker).len(), copies, "idempotent: {idempotent}");
    }
}

#[tokio::test]
async fn an_unknown_outcome_is_settled_by_idempotence_alone() {
    for (idempotent, copies) in [("false", 2), ("true", 1)] {
        let broker = start();
        let lost = broker.faults().on(ApiKey::Produce).once();
        let lost = lost.apply_then_disconnect();
        let producer = producer(&broker, &[("enable.idempotence", idempotent)]);
        send(&producer, "a").await.unwrap();
        assert_eq!(lost.hits(), 1);
        assert_eq!(stored(&broker).len(), copies, "idempotent: {idempotent}");
        let first = &broker.journal().matching(ApiKey::Produce)[0];
        assert_eq!(first.answer.as_ref().unwrap().ending, Ending::Closed);
    }
}

#[tokio::test]
async fn a_held_request_waits_for_the_test() {
    let broker = start();
    let held = broker.faults().on(ApiKey::Produce).hold();
    let producer = producer(&broker, &[]);
    let sending = tokio::spawn(async move { send(&producer, "a").await });
    held.wait_for_hits(1, DEADLINE).await.unwrap();
    assert!(stored(&broker).is_empty());
    held.remove();
    assert_eq!(sending.await.unwrap(), Ok(0));
}

#[tokio::test]
async fn a_hook_sees_the_request_and_decides() {
    let broker = start();
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let topics = Arc::clone(&seen);
    broker.faults().on(ApiKey::Produce).hook(move |request| {
        let mut topics = topics.lock().unwrap();
        topics.push(request.topics[0].to_string());
        match topics.len() {
            1 => Action::Answer(ErrorCode::NOT_ENOUGH_REPLICAS),
            _ => Action::Proceed,
        }
    });
    send(&producer(&broker, &[]), "a").await.unwrap();
    assert_eq!(*seen.lock().unwrap(), ["orders-0", "orders-0"]);
}

#[tokio::test]
async fn rules_pick_the_client_and_the_nth_request() {
    let broker = start();
    let refused = broker.faults().on(ApiKey::Produce).client("svc-*").nth(2);
    let refused = refused.answer(ErrorCode::MESSAGE_TOO_LARGE);
    let other = producer(&broker, &[("client.id", "other")]);
    let service = producer(&broker, &[("client.id", "svc-7")]);
    for (from, fails) in [
        (&other, false),
        (&service, false),
        (&other, false),
        (&service, true),
    ] {
        assert_eq!(send(from, "a").await.is_err(), fails);
    }
    assert_eq!(refused.hits(), 1);
    send(&service, "a").await.unwrap();
}

#[tokio::test]
async fn the_journal_waits_for_what_is_to_come() {
    let broker = start();
    let journal = broker.journal();
    let mark = journal.mark();
    let producer = producer(&broker, &[("client.id", "svc-7")]);
    send(&producer, "a").await.unwrap();
    let wanted = Matcher::on(ApiKey::Produce)
        .with_topic(TOPIC)
        .with_client("svc-7");
    let found = journal.wait_for(wanted, 1, DEADLINE).await.unwrap();
    assert_eq!(found[0].request.topics[0].partitions, [0]);
    until("an answer", || {
        let since = journal.since(mark);
        since
            .iter()
            .any(|exchange| exchange.to_string().contains("Produce") && exchange.answer.is_some())
    })
    .await;
    let missing = journal
        .wait_for(ApiKey::EndTxn, 1, Duration::from_millis(1))
        .await;
    let told = missing.unwrap_err().to_string();
    assert!(told.contains("svc-7: Produce v"), "{told}");
}
