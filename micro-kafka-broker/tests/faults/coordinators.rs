//! Faults of coordinators: markers that wait, sessions that end, coordinators that move.

use micro_kafka_broker::Broker;
use micro_kafka_broker::fault::ApiKey;
use rdkafka::Message;
use rdkafka::consumer::{CommitMode, Consumer, StreamConsumer};
use rdkafka::producer::{FutureProducer, Producer};

use crate::kafka::{DEADLINE, TOPIC, consumer, next, producer, send, start, until};

/// Blocking calls of librdkafka.
async fn blocking<T: Send + 'static>(
    producer: &FutureProducer,
    call: impl FnOnce(FutureProducer) -> T + Send + 'static,
) -> T {
    let producer = producer.clone();
    tokio::task::spawn_blocking(move || call(producer))
        .await
        .unwrap()
}

async fn transactional(broker: &Broker) -> FutureProducer {
    let producer = producer(broker, &[("transactional.id", "tx")]);
    blocking(&producer, |producer| producer.init_transactions(DEADLINE))
        .await
        .unwrap();
    producer
}

/// A consumer that has its partitions.
async fn assigned(broker: &Broker, client: &str) -> StreamConsumer {
    let settings = [
        ("client.id", client),
        ("session.timeout.ms", "6000"),
        ("heartbeat.interval.ms", "100"),
    ];
    let consumer = consumer(broker, &settings);
    consumer.subscribe(&[TOPIC]).unwrap();
    let _ = tokio::time::timeout(std::time::Duration::ZERO, consumer.recv()).await;
    until("an assignment", || {
        let group = broker.group("g").filter(|group| group.state == "Stable");
        group.is_some_and(|group| {
            group
                .members
                .iter()
                .any(|member| member.client_id == client)
        })
    })
    .await;
    consumer
}

#[tokio::test]
async fn a_transaction_stays_open_as_long_as_its_markers_are_held() {
    let broker = start();
    let producer = transactional(&broker).await;
    producer.begin_transaction().unwrap();
    send(&producer, "a").await.unwrap();
    broker.faults().hold_transaction_markers();
    blocking(&producer, |producer| producer.commit_transaction(DEADLINE))
        .await
        .unwrap();
    assert_eq!(broker.transaction("tx").unwrap().state, "PrepareCommit");
    let open = broker.partition(TOPIC, 0).unwrap();
    assert_eq!((open.stable, open.end), (0, 1));
    let reader = consumer(&broker, &[("isolation.level", "read_committed")]);
    reader.subscribe(&[TOPIC]).unwrap();
    let reading = tokio::spawn(async move { next(&reader).await });
    broker
        .journal()
        .wait_for(ApiKey::Fetch, 2, DEADLINE)
        .await
        .unwrap();
    broker.faults().release_transaction_markers();
    let read = reading.await.unwrap().unwrap();
    assert_eq!(read.payload(), Some(&b"a"[..]));
    assert_eq!(broker.transaction("tx").unwrap().state, "CompleteCommit");
    let records = broker.records(TOPIC, 0).unwrap();
    assert_eq!(records[1].marker, Some(true));
}

#[tokio::test]
async fn aborted_transactions_and_producers_are_there_to_see() {
    let broker = start();
    let producer = transactional(&broker).await;
    producer.begin_transaction().unwrap();
    send(&producer, "a").await.unwrap();
    let id = broker.transaction("tx").unwrap().producer_id;
    let writing = broker.producers(TOPIC, 0).unwrap();
    assert_eq!(
        (writing[0].producer_id, writing[0].open_from),
        (id, Some(0))
    );
    blocking(&producer, |producer| producer.abort_transaction(DEADLINE))
        .await
        .unwrap();
    until("the marker", || {
        !broker.aborted_transactions(TOPIC, 0).unwrap().is_empty()
    })
    .await;
    let aborted = broker.aborted_transactions(TOPIC, 0).unwrap();
    assert_eq!((aborted[0].first_offset, aborted[0].last_offset), (0, 1));
    assert!(broker.records("nothing", 0).is_err());
}

#[tokio::test]
async fn a_member_whose_session_ends_is_told_and_joins_again() {
    let broker = start();
    let consumer = assigned(&broker, "svc-1").await;
    let before = broker.group("g").unwrap().members[0].member_id.clone();
    let joined = broker.journal().count(ApiKey::JoinGroup);
    broker.expire_member("g", "svc-1").await.unwrap();
    let serving = tokio::spawn(async move {
        // Whoever polls keeps its place in the group.
        let _ = consumer.recv().await;
    });
    broker
        .journal()
        .wait_for(ApiKey::JoinGroup, joined + 1, DEADLINE)
        .await
        .unwrap();
    until("another member", || {
        let group = broker.group("g").filter(|group| group.state == "Stable");
        group.is_some_and(|group| {
            group
                .members
                .iter()
                .any(|member| member.member_id != before)
        })
    })
    .await;
    let unknown = broker
        .expire_member("g", "nobody")
        .await
        .unwrap_err()
        .to_string();
    assert!(unknown.contains("svc-1"), "{unknown}");
    serving.abort();
}

#[tokio::test]
async fn a_coordinator_that_moved_is_looked_for_and_knows_what_was_committed() {
    let broker = start();
    send(&producer(&broker, &[]), "a").await.unwrap();
    let consumer = assigned(&broker, "svc-1").await;
    next(&consumer).await.unwrap();
    consumer.commit_consumer_state(CommitMode::Sync).unwrap();
    let found = broker.journal().count(ApiKey::FindCoordinator);
    let moved = broker.move_group_coordinator("g");
    assert_eq!(broker.committed("g")[0].offset, 1, "it is read again");
    let serving = tokio::spawn(async move {
        let _ = consumer.recv().await;
    });
    moved.wait_for_hits(1, DEADLINE).await.unwrap();
    let journal = broker.journal();
    journal
        .wait_for(ApiKey::FindCoordinator, found + 1, DEADLINE)
        .await
        .unwrap();
    assert!(broker.faults().active().is_empty(), "a move leaves no rule");
    let mark = journal.mark();
    until("heartbeats that are answered", || {
        let since = journal.since(mark).into_iter();
        let mut beats = since.filter(|exchange| exchange.request.api == ApiKey::Heartbeat);
        beats.any(|beat| beat.answer.is_some_and(|answer| answer.failures.is_empty()))
    })
    .await;
    serving.abort();
}

#[tokio::test]
async fn a_transaction_survives_a_move_of_its_coordinator() {
    let broker = start();
    let producer = transactional(&broker).await;
    producer.begin_transaction().unwrap();
    send(&producer, "a").await.unwrap();
    let moved = broker.move_transaction_coordinator("tx");
    blocking(&producer, |producer| producer.commit_transaction(DEADLINE))
        .await
        .unwrap();
    assert_eq!(moved.hits(), 1);
    until("its end", || {
        broker.transaction("tx").unwrap().state == "CompleteCommit"
    })
    .await;
}
