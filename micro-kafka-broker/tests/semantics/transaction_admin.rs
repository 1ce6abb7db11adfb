//! Transactions as admin clients see and end them.

use kafka_protocol::messages::describe_producers_request::TopicRequest;
use kafka_protocol::messages::write_txn_markers_request::{
    WritableTxnMarker, WritableTxnMarkerTopic,
};
use kafka_protocol::messages::{
    ApiKey, DescribeProducersRequest, DescribeProducersResponse, DescribeTransactionsRequest,
    DescribeTransactionsResponse, ListTransactionsRequest, ListTransactionsResponse, ProducerId,
    TransactionalId, WriteTxnMarkersRequest, WriteTxnMarkersResponse,
};

use crate::batch::Batch;
use crate::kafka::{Kafka, text, topic_name};

const INVALID_REQUEST: i16 = 42;

pub(crate) async fn describe(
    kafka: &mut Kafka,
    name: &str,
) -> kafka_protocol::messages::describe_transactions_response::TransactionState {
    let request = DescribeTransactionsRequest::default()
        .with_transactional_ids(vec![TransactionalId(text(name))]);
    let answer: DescribeTransactionsResponse = kafka
        .client
        .call(ApiKey::DescribeTransactions, 0, &request)
        .await;
    answer.transaction_states[0].clone()
}

async fn list(kafka: &mut Kafka, request: &ListTransactionsRequest) -> ListTransactionsResponse {
    kafka
        .client
        .call(ApiKey::ListTransactions, 2, request)
        .await
}

#[tokio::test]
async fn transactions_are_described_and_listed() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("described", 2, &[]).await;
    let name = kafka.name("x");
    let producer = kafka.init(&name).await;
    kafka
        .add_to(&producer, 3, &[(&topic, 1), (&topic, 0)])
        .await;
    let open = describe(&mut kafka, &name).await;
    assert_eq!(
        (open.error_code, open.transaction_state.as_str()),
        (0, "Ongoing")
    );
    assert_eq!(
        (open.producer_id.0, open.producer_epoch),
        (producer.id, producer.epoch)
    );
    assert_eq!(open.transaction_timeout_ms, 60_000);
    assert!(open.transaction_start_time_ms > 1_700_000_000_000);
    let mut partitions = open.topics[0].partitions.clone();
    partitions.sort_unstable();
    assert_eq!((open.topics.len(), partitions), (1, vec![0, 1]));
    let missing = describe(&mut kafka, "no-such-id").await;
    assert_eq!(
        (missing.error_code, missing.transactional_id.as_str()),
        (105, "no-such-id")
    );
    assert_eq!(describe(&mut kafka, "").await.error_code, INVALID_REQUEST);

    let mine = ListTransactionsRequest::default()
        .with_duration_filter(-1)
        .with_transactional_id_pattern(Some(text(&format!("{}.*", kafka.prefix))));
    let listed = list(&mut kafka, &mine).await;
    assert_eq!(listed.transaction_states.len(), 1);
    assert_eq!(listed.transaction_states[0].transactional_id.as_str(), name);
    assert_eq!(
        listed.transaction_states[0].transaction_state.as_str(),
        "Ongoing"
    );
    let part = mine
        .clone()
        .with_transactional_id_pattern(Some(text(&kafka.prefix)));
    assert!(list(&mut kafka, &part).await.transaction_states.is_empty());
    let empty = mine
        .clone()
        .with_state_filters(vec![text("Empty"), text("Nonsense")]);
    let listed = list(&mut kafka, &empty).await;
    assert!(listed.transaction_states.is_empty());
    assert_eq!(listed.unknown_state_filters, [text("Nonsense")]);
    let others = mine
        .clone()
        .with_producer_id_filters(vec![ProducerId(producer.id + 1)]);
    assert!(
        list(&mut kafka, &others)
            .await
            .transaction_states
            .is_empty()
    );
    let long = mine.clone().with_duration_filter(3_600_000);
    assert!(list(&mut kafka, &long).await.transaction_states.is_empty());
    let broken = mine.with_transactional_id_pattern(Some(text("(")));
    assert_eq!(list(&mut kafka, &broken).await.error_code, 128);

    kafka.end(&producer, 3, true).await.unwrap();
    while describe(&mut kafka, &name).await.transaction_state.as_str() != "CompleteCommit" {
        tokio::task::yield_now().await;
    }
    assert!(describe(&mut kafka, &name).await.topics.is_empty());
}

#[tokio::test]
async fn producers_are_described_and_hanging_transactions_ended_by_hand() {
    let mut kafka = Kafka::start().await;
    let topic = kafka.topic("producers", 1, &[]).await;
    let name = kafka.name("x");
    let producer = kafka.init(&name).await;
    kafka.append(&topic, &Batch::of(1, 5)).await;
    kafka.add(&producer, 3, &topic).await;
    kafka
        .send(&producer, 9, &topic, &producer.batch(0))
        .await
        .unwrap();
    let asked = TopicRequest::default()
        .with_name(topic_name(&topic))
        .with_partition_indexes(vec![0, 9]);
    let request = DescribeProducersRequest::default().with_topics(vec![asked]);
    let answer: DescribeProducersResponse = kafka
        .client
        .call(ApiKey::DescribeProducers, 0, &request)
        .await;
    let partitions = &answer.topics[0].partitions;
    let codes: Vec<_> = partitions.iter().map(|p| p.error_code).collect();
    assert_eq!(codes, [0, 3]);
    let active = &partitions[0].active_producers[0];
    assert_eq!(
        (active.producer_id.0, active.producer_epoch),
        (producer.id, 0)
    );
    assert_eq!(
        (active.last_sequence, active.current_txn_start_offset),
        (0, 1)
    );
    assert_eq!(active.coordinator_epoch, -1);

    let partition = WritableTxnMarkerTopic::default()
        .with_name(topic_name(&topic))
        .with_partition_indexes(vec![0]);
    let marker = |epoch: i16, coordinator: i32| {
        let marker = WritableTxnMarker::default()
            .with_producer_id(ProducerId(producer.id))
            .with_producer_epoch(epoch)
            .with_transaction_result(false)
            .with_coordinator_epoch(coordinator)
            .with_topics(vec![partition.clone()]);
        WriteTxnMarkersRequest::default().with_markers(vec![marker])
    };
    for (epoch, coordinator, code) in [(0, 5, 0), (0, 4, 52)] {
        let request = marker(epoch, coordinator);
        let answer: WriteTxnMarkersResponse = kafka
            .client
            .call(ApiKey::WriteTxnMarkers, 1, &request)
            .await;
        let written = &answer.markers[0].topics[0].partitions[0];
        assert_eq!(written.error_code, code, "{epoch} {coordinator}");
    }
    kafka.settled(&topic, 3).await;
}
