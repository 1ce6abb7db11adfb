//! The requests of a transactional producer, one by one.

use kafka_protocol::messages::add_partitions_to_txn_request::{
    AddPartitionsToTxnTopic, AddPartitionsToTxnTransaction,
};
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestTopic;
use kafka_protocol::messages::txn_offset_commit_request::{
    TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
};
use kafka_protocol::messages::{
    AddOffsetsToTxnRequest, AddOffsetsToTxnResponse, AddPartitionsToTxnRequest,
    AddPartitionsToTxnResponse, ApiKey, BrokerId, EndTxnRequest, EndTxnResponse,
    FindCoordinatorRequest, FindCoordinatorResponse, GroupId, InitProducerIdRequest,
    InitProducerIdResponse, ListOffsetsRequest, ListOffsetsResponse, OffsetFetchRequest,
    OffsetFetchResponse, ProduceResponse, ProducerId, TransactionalId, TxnOffsetCommitRequest,
    TxnOffsetCommitResponse,
};

use crate::batch::Batch;
use crate::kafka::{Kafka, produce_request, text, topic_name};

pub(crate) const CONCURRENT: i16 = 51;

/// A producer with the id and epoch it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Producer {
    pub(crate) name: String,
    pub(crate) id: i64,
    pub(crate) epoch: i16,
}

impl Producer {
    /// One that nobody has given an id.
    pub(crate) fn unknown(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            id: -1,
            epoch: -1,
        }
    }

    fn name(&self) -> TransactionalId {
        TransactionalId(text(&self.name))
    }

    /// A transactional batch of one record.
    pub(crate) fn batch(&self, sequence: i32) -> Batch {
        let mut batch = Batch::of(1, 5).producer(self.id, self.epoch, sequence);
        batch.attributes = 0x10;
        batch
    }
}

impl Kafka {
    /// Asks once, as the producer given, for the next epoch.
    pub(crate) async fn try_init(
        &mut self,
        producer: &Producer,
        version: i16,
        timeout_ms: i32,
    ) -> Result<Producer, i16> {
        let mut request = InitProducerIdRequest::default()
            .with_transactional_id(Some(producer.name()))
            .with_transaction_timeout_ms(timeout_ms);
        if version >= 3 {
            request = request
                .with_producer_id(ProducerId(producer.id))
                .with_producer_epoch(producer.epoch);
        }
        let answer: InitProducerIdResponse = self
            .client
            .call(ApiKey::InitProducerId, version, &request)
            .await;
        match answer.error_code {
            0 => Ok(Producer {
                name: producer.name.clone(),
                id: answer.producer_id.0,
                epoch: answer.producer_epoch,
            }),
            code => Err(code),
        }
    }

    /// A new producer of a transactional id, once the last one's transaction has ended.
    pub(crate) async fn init(&mut self, name: &str) -> Producer {
        self.init_with_timeout(name, 60_000).await
    }

    pub(crate) async fn init_with_timeout(&mut self, name: &str, timeout_ms: i32) -> Producer {
        self.until_transactions_work().await;
        let producer = Producer::unknown(name);
        loop {
            match self.try_init(&producer, 4, timeout_ms).await {
                Ok(producer) => return producer,
                // Or the coordinator's part of the topic is not there yet.
                Err(CONCURRENT | 14..=16) => tokio::task::yield_now().await,
                Err(code) => panic!("code {code}"),
            }
        }
    }

    /// Apache Kafka creates the topic of its transactions when the first one is asked for.
    pub(crate) async fn until_transactions_work(&mut self) {
        let find = FindCoordinatorRequest::default()
            .with_key(text("any"))
            .with_key_type(1);
        let any = Producer::unknown("any");
        loop {
            let found: FindCoordinatorResponse =
                self.client.call(ApiKey::FindCoordinator, 3, &find).await;
            let ended = self.end(&any, 3, false).await;
            if found.error_code == 0 && !matches!(ended, Err(14..=16)) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    /// Adds partition 0 of a topic.
    pub(crate) async fn add(&mut self, producer: &Producer, version: i16, topic: &str) -> i16 {
        self.add_to(producer, version, &[(topic, 0)]).await[0]
    }

    pub(crate) async fn add_to(
        &mut self,
        producer: &Producer,
        version: i16,
        partitions: &[(&str, i32)],
    ) -> Vec<i16> {
        let topics = partitions.iter().map(|(topic, index)| {
            AddPartitionsToTxnTopic::default()
                .with_name(topic_name(topic))
                .with_partitions(vec![*index])
        });
        let request = AddPartitionsToTxnRequest::default()
            .with_v3_and_below_transactional_id(producer.name())
            .with_v3_and_below_producer_id(ProducerId(producer.id))
            .with_v3_and_below_producer_epoch(producer.epoch)
            .with_v3_and_below_topics(topics.collect());
        loop {
            let answer: AddPartitionsToTxnResponse = self
                .client
                .call(ApiKey::AddPartitionsToTxn, version, &request)
                .await;
            let codes: Vec<_> = answer
                .results_by_topic_v3_and_below
                .iter()
                .map(|topic| topic.results_by_partition[0].partition_error_code)
                .collect();
            if codes[0] != CONCURRENT {
                return codes;
            }
        }
    }

    /// Adds or verifies partitions 0 and 1 of a topic, as brokers do.
    pub(crate) async fn ask(
        &mut self,
        producer: &Producer,
        version: i16,
        verify_only: bool,
        topic: &str,
    ) -> Vec<i16> {
        let topic = AddPartitionsToTxnTopic::default()
            .with_name(topic_name(topic))
            .with_partitions(vec![0, 1]);
        let transaction = AddPartitionsToTxnTransaction::default()
            .with_transactional_id(producer.name())
            .with_producer_id(ProducerId(producer.id))
            .with_producer_epoch(producer.epoch)
            .with_verify_only(verify_only)
            .with_topics(vec![topic]);
        let request = AddPartitionsToTxnRequest::default().with_transactions(vec![transaction]);
        let answer: AddPartitionsToTxnResponse = self
            .client
            .call(ApiKey::AddPartitionsToTxn, version, &request)
            .await;
        assert_eq!(answer.error_code, 0);
        let partitions = &answer.results_by_transaction[0].topic_results[0].results_by_partition;
        partitions.iter().map(|p| p.partition_error_code).collect()
    }

    pub(crate) async fn add_offsets(
        &mut self,
        producer: &Producer,
        version: i16,
        group: &str,
    ) -> i16 {
        let request = AddOffsetsToTxnRequest::default()
            .with_transactional_id(producer.name())
            .with_producer_id(ProducerId(producer.id))
            .with_producer_epoch(producer.epoch)
            .with_group_id(GroupId(text(group)));
        loop {
            let answer: AddOffsetsToTxnResponse = self
                .client
                .call(ApiKey::AddOffsetsToTxn, version, &request)
                .await;
            if answer.error_code != CONCURRENT {
                return answer.error_code;
            }
        }
    }

    /// Produces a batch as part of a transaction.
    pub(crate) async fn send(
        &mut self,
        producer: &Producer,
        version: i16,
        topic: &str,
        batch: &Batch,
    ) -> Result<i64, i16> {
        let request = produce_request(topic, -1, Some(batch.bytes()))
            .with_transactional_id(Some(producer.name()));
        loop {
            let answer: ProduceResponse =
                self.client.call(ApiKey::Produce, version, &request).await;
            let answer = &answer.responses[0].partition_responses[0];
            match answer.error_code {
                0 => return Ok(answer.base_offset),
                // What older clients are told when they are too early.
                CONCURRENT | 19 => {}
                code => return Err(code),
            }
        }
    }

    /// Commits or aborts, and waits until that is done.
    pub(crate) async fn end(
        &mut self,
        producer: &Producer,
        version: i16,
        committed: bool,
    ) -> Result<Producer, i16> {
        let request = EndTxnRequest::default()
            .with_transactional_id(producer.name())
            .with_producer_id(ProducerId(producer.id))
            .with_producer_epoch(producer.epoch)
            .with_committed(committed);
        loop {
            let answer: EndTxnResponse = self.client.call(ApiKey::EndTxn, version, &request).await;
            match answer.error_code {
                0 if version >= 5 => {
                    return Ok(Producer {
                        name: producer.name.clone(),
                        id: answer.producer_id.0,
                        epoch: answer.producer_epoch,
                    });
                }
                0 => return Ok(producer.clone()),
                CONCURRENT => {}
                code => return Err(code),
            }
        }
    }

    /// Commits the offset of partition 0 of a topic as part of a transaction.
    pub(crate) async fn send_offset(
        &mut self,
        producer: &Producer,
        version: i16,
        (group, generation): (&str, i32),
        (topic, offset): (&str, i64),
    ) -> i16 {
        let partition = TxnOffsetCommitRequestPartition::default().with_committed_offset(offset);
        let topic = TxnOffsetCommitRequestTopic::default()
            .with_name(topic_name(topic))
            .with_partitions(vec![partition]);
        let mut request = TxnOffsetCommitRequest::default()
            .with_transactional_id(producer.name())
            .with_group_id(GroupId(text(group)))
            .with_producer_id(ProducerId(producer.id))
            .with_producer_epoch(producer.epoch)
            .with_topics(vec![topic]);
        if version >= 3 {
            request = request.with_generation_id(generation);
        }
        loop {
            let answer: TxnOffsetCommitResponse = self
                .client
                .call(ApiKey::TxnOffsetCommit, version, &request)
                .await;
            let code = answer.topics[0].partitions[0].error_code;
            // Some versions are told to look for the coordinator when they are too early.
            if !matches!(code, CONCURRENT | 15) {
                return code;
            }
        }
    }

    /// A group's offset of partition 0 of a topic, and its error.
    pub(crate) async fn offset(&mut self, group: &str, topic: &str, stable: bool) -> (i64, i16) {
        let topic = OffsetFetchRequestTopic::default()
            .with_name(topic_name(topic))
            .with_partition_indexes(vec![0]);
        let request = OffsetFetchRequest::default()
            .with_group_id(GroupId(text(group)))
            .with_topics(Some(vec![topic]))
            .with_require_stable(stable);
        let answer: OffsetFetchResponse = self.client.call(ApiKey::OffsetFetch, 7, &request).await;
        let partition = &answer.topics[0].partitions[0];
        (partition.committed_offset, partition.error_code)
    }

    /// The end of partition 0 of a topic, for readers of everything and of committed records.
    pub(crate) async fn ends(&mut self, topic: &str) -> (i64, i64) {
        let mut ends = Vec::new();
        for isolation in [0, 1] {
            let partition = ListOffsetsPartition::default().with_timestamp(-1);
            let topic = ListOffsetsTopic::default()
                .with_name(topic_name(topic))
                .with_partitions(vec![partition]);
            let request = ListOffsetsRequest::default()
                .with_replica_id(BrokerId(-1))
                .with_isolation_level(isolation)
                .with_topics(vec![topic]);
            let answer: ListOffsetsResponse =
                self.client.call(ApiKey::ListOffsets, 5, &request).await;
            ends.push(answer.topics[0].partitions[0].offset);
        }
        (ends[0], ends[1])
    }

    /// Waits until no transaction is open in partition 0 of a topic; returns its end.
    pub(crate) async fn settled(&mut self, topic: &str, end: i64) {
        while self.ends(topic).await != (end, end) {
            tokio::task::yield_now().await;
        }
    }
}
