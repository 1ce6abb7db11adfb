//! The Kafka under test, and the requests that most tests send.

use bytes::Bytes;
use kafka_protocol::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::fetch_response::PartitionData;
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::produce_response::PartitionProduceResponse;
use kafka_protocol::messages::{
    ApiKey, BrokerId, CreateTopicsRequest, CreateTopicsResponse, FetchRequest, FetchResponse,
    FindCoordinatorRequest, FindCoordinatorResponse, GroupId, HeartbeatRequest, HeartbeatResponse,
    MetadataRequest, MetadataResponse, ProduceRequest, ProduceResponse, TopicName,
};
use kafka_protocol::protocol::StrBytes;
use micro_kafka_broker::Broker;
use rand::RngExt;

use crate::batch::Batch;
use crate::client::Client;

pub(crate) struct Kafka {
    _broker: Option<Broker>,
    pub(crate) address: String,
    pub(crate) prefix: String,
    pub(crate) client: Client,
}

pub(crate) fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

pub(crate) fn topic_name(name: &str) -> TopicName {
    TopicName(text(name))
}

impl Kafka {
    pub(crate) async fn start() -> Self {
        Self::start_with("MICRO_KAFKA_TEST", &[]).await
    }

    /// A Kafka with these settings; or the one that the environment variable names, if it is set,
    /// which must have them.
    pub(crate) async fn start_with(variable: &str, settings: &[(&str, &str)]) -> Self {
        let (broker, address) = match std::env::var(variable) {
            Ok(address) => (None, address),
            Err(_) => {
                let builder = Broker::builder().config("group.min.session.timeout.ms", "1000");
                let settings = settings.iter();
                let builder = settings.fold(builder, |builder, (name, value)| {
                    builder.config(*name, *value)
                });
                let broker = builder.start().await.unwrap();
                let address = broker.bootstrap_servers();
                (Some(broker), address)
            }
        };
        let mut client = Client::connect(&address).await;
        until_groups_work(&mut client).await;
        Self {
            _broker: broker,
            client,
            address,
            prefix: format!("s{:08x}", rand::rng().random::<u32>()),
        }
    }

    pub(crate) fn name(&self, s: &str) -> String {
        format!("{}-{s}", self.prefix)
    }

    /// Another connection.
    pub(crate) async fn connect(&self) -> Client {
        Client::connect(&self.address).await
    }

    /// Creates a topic and waits until it can be written to.
    pub(crate) async fn topic(
        &mut self,
        s: &str,
        partitions: i32,
        configs: &[(&str, &str)],
    ) -> String {
        let name = self.name(s);
        let config = |(name, value): &(&str, &str)| {
            CreatableTopicConfig::default()
                .with_name(text(name))
                .with_value(Some(text(value)))
        };
        let topic = CreatableTopic::default()
            .with_name(topic_name(&name))
            .with_num_partitions(partitions)
            .with_replication_factor(1)
            .with_configs(configs.iter().map(config).collect());
        let request = CreateTopicsRequest::default()
            .with_topics(vec![topic])
            .with_timeout_ms(10_000);
        let created: CreateTopicsResponse =
            self.client.call(ApiKey::CreateTopics, 5, &request).await;
        assert_eq!(created.topics[0].error_code, 0);
        while self.metadata(&name).await.topics[0].partitions.len()
            < usize::try_from(partitions).unwrap()
        {
            tokio::task::yield_now().await;
        }
        // Apache Kafka's broker leads a new partition a moment after it is in the metadata.
        for index in 0..partitions {
            let of = |asked: FetchPartition| asked.with_partition(index);
            while self.fetch(&name, 0, |f| f, of).await.error_code != 0 {
                tokio::task::yield_now().await;
            }
        }
        name
    }

    pub(crate) async fn metadata(&mut self, topic: &str) -> MetadataResponse {
        let asked = kafka_protocol::messages::metadata_request::MetadataRequestTopic::default()
            .with_name(Some(topic_name(topic)));
        let request = MetadataRequest::default()
            .with_topics(Some(vec![asked]))
            .with_allow_auto_topic_creation(false);
        self.client.call(ApiKey::Metadata, 12, &request).await
    }

    pub(crate) async fn topic_id(
        &mut self,
        topic: &str,
    ) -> kafka_protocol::messages::metadata_response::MetadataResponseTopic {
        self.metadata(topic).await.topics.remove(0)
    }

    /// Produces in version 9 with acks=all to partition 0.
    pub(crate) async fn produce(
        &mut self,
        topic: &str,
        records: Bytes,
    ) -> PartitionProduceResponse {
        self.produce_as(topic, 9, -1, Some(records)).await
    }

    pub(crate) async fn append(&mut self, topic: &str, batch: &Batch) -> i64 {
        let answer = self.produce(topic, batch.bytes()).await;
        assert_eq!(answer.error_code, 0, "{:?}", answer.error_message);
        answer.base_offset
    }

    pub(crate) async fn produce_as(
        &mut self,
        topic: &str,
        version: i16,
        acks: i16,
        records: Option<Bytes>,
    ) -> PartitionProduceResponse {
        let request = produce_request(topic, acks, records);
        let answer: ProduceResponse = self.client.call(ApiKey::Produce, version, &request).await;
        answer.responses[0].partition_responses[0].clone()
    }

    /// Fetches partition 0 in version 12 without waiting; the closures change the request.
    pub(crate) async fn fetch(
        &mut self,
        topic: &str,
        offset: i64,
        request: impl FnOnce(FetchRequest) -> FetchRequest,
        partition: impl FnOnce(FetchPartition) -> FetchPartition,
    ) -> PartitionData {
        let asked = partition(fetch_partition(offset));
        let request = request(fetch_request(topic, vec![asked]));
        let answer: FetchResponse = self.client.call(ApiKey::Fetch, 12, &request).await;
        assert_eq!(answer.error_code, 0);
        answer.responses[0].partitions[0].clone()
    }
}

/// Apache Kafka creates the topic of its groups when the first one is asked for.
async fn until_groups_work(client: &mut Client) {
    let find = FindCoordinatorRequest::default().with_key(text("any"));
    let beat = HeartbeatRequest::default().with_group_id(GroupId(text("any")));
    loop {
        let found: FindCoordinatorResponse = client.call(ApiKey::FindCoordinator, 3, &find).await;
        let alive: HeartbeatResponse = client.call(ApiKey::Heartbeat, 3, &beat).await;
        if found.error_code == 0 && !(14..=16).contains(&alive.error_code) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

pub(crate) fn produce_request(topic: &str, acks: i16, records: Option<Bytes>) -> ProduceRequest {
    let data = PartitionProduceData::default()
        .with_index(0)
        .with_records(records);
    let data = TopicProduceData::default()
        .with_name(topic_name(topic))
        .with_partition_data(vec![data]);
    ProduceRequest::default()
        .with_acks(acks)
        .with_timeout_ms(10_000)
        .with_topic_data(vec![data])
}

pub(crate) fn fetch_partition(offset: i64) -> FetchPartition {
    FetchPartition::default()
        .with_partition(0)
        .with_fetch_offset(offset)
        .with_partition_max_bytes(1 << 20)
}

pub(crate) fn fetch_request(topic: &str, partitions: Vec<FetchPartition>) -> FetchRequest {
    let topic = FetchTopic::default()
        .with_topic(topic_name(topic))
        .with_partitions(partitions);
    FetchRequest::default()
        .with_replica_id(BrokerId(-1))
        .with_session_epoch(-1)
        .with_max_bytes(50 << 20)
        .with_topics(vec![topic])
}
