//! Compaction of transactional records; runs where [`crate::upkeep`] does.

use bytes::Bytes;
use kafka_protocol::messages::add_partitions_to_txn_request::AddPartitionsToTxnTopic;
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{
    AddPartitionsToTxnRequest, AddPartitionsToTxnResponse, ApiKey, EndTxnRequest, EndTxnResponse,
    FindCoordinatorRequest, FindCoordinatorResponse, InitProducerIdRequest, InitProducerIdResponse,
    ProduceRequest, ProduceResponse, ProducerId, TransactionalId,
};

use crate::batch::Batch;
use crate::upkeep::{COMPACTED, Upkeep, keyed, now, text};

/// What a coordinator says that is still busy, or not there yet.
const LATER: [i16; 4] = [14, 15, 16, 51];

/// The bits of a batch's attributes.
const TRANSACTIONAL: i16 = 0x10;
const CONTROL: i16 = 0x20;

struct Producer {
    name: TransactionalId,
    id: ProducerId,
    epoch: i16,
    sequence: i32,
}

impl Upkeep {
    async fn producer(&mut self) -> Producer {
        let name = TransactionalId(text(&format!("{}-x", self.topic.0)));
        let find = FindCoordinatorRequest::default()
            .with_key(name.0.clone())
            .with_key_type(1);
        let init = InitProducerIdRequest::default()
            .with_transactional_id(Some(name.clone()))
            .with_transaction_timeout_ms(60_000)
            .with_producer_id(ProducerId(-1))
            .with_producer_epoch(-1);
        loop {
            // Apache Kafka creates the coordinator's topic when it is asked for.
            let _: FindCoordinatorResponse =
                self.client.call(ApiKey::FindCoordinator, 3, &find).await;
            let answer: InitProducerIdResponse =
                self.client.call(ApiKey::InitProducerId, 4, &init).await;
            if !LATER.contains(&answer.error_code) {
                assert_eq!(answer.error_code, 0);
                return Producer {
                    name,
                    id: answer.producer_id,
                    epoch: answer.producer_epoch,
                    sequence: 0,
                };
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    /// A transaction of one record; returns the record's offset once it has ended.
    async fn transaction(
        &mut self,
        producer: &mut Producer,
        key: &'static str,
        committed: bool,
    ) -> i64 {
        self.add_partition(producer).await;
        let mut batch = Batch::at(now()).producer(producer.id.0, producer.epoch, producer.sequence);
        batch.attributes = TRANSACTIONAL;
        batch.values[0].0 = Some(key);
        producer.sequence += 1;
        let offset = self.produce_in(producer, batch.bytes()).await;
        let request = EndTxnRequest::default()
            .with_transactional_id(producer.name.clone())
            .with_producer_id(producer.id)
            .with_producer_epoch(producer.epoch)
            .with_committed(committed);
        let answer: EndTxnResponse = self.client.call(ApiKey::EndTxn, 3, &request).await;
        assert_eq!(answer.error_code, 0);
        offset
    }

    /// Waits for the end of the transaction before.
    async fn add_partition(&mut self, producer: &Producer) {
        let topic = AddPartitionsToTxnTopic::default()
            .with_name(self.topic.clone())
            .with_partitions(vec![0]);
        let request = AddPartitionsToTxnRequest::default()
            .with_v3_and_below_transactional_id(producer.name.clone())
            .with_v3_and_below_producer_id(producer.id)
            .with_v3_and_below_producer_epoch(producer.epoch)
            .with_v3_and_below_topics(vec![topic]);
        loop {
            let key = ApiKey::AddPartitionsToTxn;
            let answer: AddPartitionsToTxnResponse = self.client.call(key, 3, &request).await;
            let results = &answer.results_by_topic_v3_and_below[0].results_by_partition;
            match results[0].partition_error_code {
                0 => return,
                code => assert!(LATER.contains(&code), "code {code}"),
            }
        }
    }

    async fn produce_in(&mut self, producer: &Producer, records: Bytes) -> i64 {
        let data = PartitionProduceData::default().with_records(Some(records));
        let data = TopicProduceData::default()
            .with_name(self.topic.clone())
            .with_partition_data(vec![data]);
        let request = ProduceRequest::default()
            .with_acks(-1)
            .with_timeout_ms(10_000)
            .with_transactional_id(Some(producer.name.clone()))
            .with_topic_data(vec![data]);
        let answer: ProduceResponse = self.client.call(ApiKey::Produce, 9, &request).await;
        let partition = &answer.responses[0].partition_responses[0];
        assert_eq!(partition.error_code, 0);
        partition.base_offset
    }

    /// First offset, attributes and number of records of every batch there is.
    async fn shapes(&mut self) -> Vec<(i64, i16, i32)> {
        let batches = self.batches(0).await;
        let shape = |batch: &Bytes| {
            (
                i64::from_be_bytes(batch[..8].try_into().unwrap()),
                i16::from_be_bytes(batch[21..23].try_into().unwrap()) & (TRANSACTIONAL | CONTROL),
                i32::from_be_bytes(batch[57..61].try_into().unwrap()),
            )
        };
        batches.iter().map(shape).collect()
    }
}

#[tokio::test]
async fn what_was_aborted_goes_and_markers_stay() {
    let mut upkeep = Upkeep::start(&COMPACTED).await;
    let mut producer = upkeep.producer().await;
    // Each transaction is a record and a marker.
    assert_eq!(upkeep.transaction(&mut producer, "a", true).await, 0);
    assert_eq!(upkeep.transaction(&mut producer, "a", false).await, 2);
    assert_eq!(upkeep.transaction(&mut producer, "b", false).await, 4);
    assert_eq!(upkeep.transaction(&mut producer, "c", true).await, 6);
    // The active segment is never compacted: this rolls it, once the transaction has ended.
    upkeep.add_partition(&producer).await;
    for _ in 0..2 {
        upkeep.produce(keyed("d", true, now())).await;
    }
    let aborted = [2, 4];
    let shapes = loop {
        let shapes = upkeep.shapes().await;
        let gone = |offset: &i64| !shapes.iter().any(|shape| shape.0 == *offset);
        if aborted.iter().all(gone) {
            break shapes;
        }
        tokio::task::yield_now().await;
    };
    let marker = TRANSACTIONAL | CONTROL;
    let kept = [
        (0, TRANSACTIONAL, 1),
        (1, marker, 1),
        (3, marker, 1),
        (5, marker, 1),
        (6, TRANSACTIONAL, 1),
        (7, marker, 1),
    ];
    assert_eq!(
        shapes[..6],
        kept,
        "the committed `a` outlives the aborted one"
    );
}
