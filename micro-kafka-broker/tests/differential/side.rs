//! One of the two Kafkas, what was learnt of it, and what it answered.

use std::collections::HashMap;
use std::fmt::Debug;

use bytes::Bytes;
use kafka_protocol::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::{
    ApiKey, BrokerId, CreateTopicsRequest, CreateTopicsResponse, FetchRequest, FetchResponse,
    FindCoordinatorRequest, FindCoordinatorResponse, GroupId, HeartbeatRequest, HeartbeatResponse,
    InitProducerIdRequest, InitProducerIdResponse, MetadataRequest, MetadataResponse,
    ResponseHeader, TopicName, TransactionalId,
};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, StrBytes};
use micro_kafka_broker::Broker;
use rand::RngExt;
use uuid::Uuid;

use crate::client::{Client, frame};
use crate::masks::Masks;

/// The coordinator's topic is being made or loaded; Apache Kafka says so for a moment.
pub(crate) const LOADING: std::ops::RangeInclusive<i16> = 14..=16;

pub(crate) fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

pub(crate) fn topic_name(name: &str) -> TopicName {
    TopicName(text(name))
}

/// One Kafka under the walk.
pub(crate) struct Side {
    _broker: Option<Broker>,
    address: String,
    pub(crate) client: Client,
    prefix: String,
    pub(crate) masks: Masks,
    pub(crate) topic_ids: HashMap<String, Uuid>,
    answers: Vec<String>,
    /// What the other side answered, on the side that is compared with it.
    theirs: Option<Vec<String>>,
    members: usize,
}

impl Side {
    /// A broker of one's own.
    pub(crate) async fn embedded() -> Self {
        let builder = Broker::builder()
            .broker_id(1)
            .config("group.min.session.timeout.ms", "1000")
            .config("group.initial.rebalance.delay.ms", "0");
        let broker = builder.start().await.unwrap();
        let address = broker.bootstrap_servers();
        Self::on(&address, Some(broker)).await
    }

    /// The Kafka at an address.
    pub(crate) async fn at(address: &str) -> Self {
        Self::on(address, None).await
    }

    async fn on(address: &str, broker: Option<Broker>) -> Self {
        let prefix = format!("d{:08x}", rand::rng().random::<u32>());
        let mut masks = Masks::new();
        masks.learn(prefix.clone(), "~");
        let mut side = Self {
            _broker: broker,
            address: address.to_owned(),
            client: Client::connect(address).await,
            prefix,
            masks,
            topic_ids: HashMap::new(),
            answers: Vec::new(),
            theirs: None,
            members: 0,
        };
        side.learn_the_cluster().await;
        side.until_coordinators_work().await;
        side
    }

    /// A name of this walk only.
    pub(crate) fn name(&self, s: &str) -> String {
        format!("{}.{s}", self.prefix)
    }

    pub(crate) fn answers(self) -> Vec<String> {
        self.answers
    }

    /// The side whose answers are compared with these.
    pub(crate) fn compared_with(mut self, theirs: &[String]) -> Self {
        self.theirs = Some(theirs.to_vec());
        self
    }

    /// Whether it is known what the other side answered.
    pub(crate) fn is_compared(&self) -> bool {
        self.theirs.is_some()
    }

    /// Whether what the other side answered after so many more begins so.
    pub(crate) fn expects(&self, after: usize, begin: &str) -> bool {
        let next = self
            .theirs
            .as_ref()
            .and_then(|theirs| theirs.get(self.answers.len() + after));
        next.is_some_and(|line| line.starts_with(begin))
    }

    /// A member of a group, called by its number from now on.
    pub(crate) fn learn_member(&mut self, id: &str) {
        if self.masks.learn(id, format!("member-{}", self.members)) {
            self.members += 1;
        }
    }

    /// Notes an answer.
    pub(crate) fn note(&mut self, asked: &str, answer: &str) {
        self.note_line(&format!("{asked} => {answer}"));
    }

    pub(crate) fn note_line(&mut self, line: &str) {
        self.answers.push(self.masks.mask(line));
    }

    /// Another connection.
    pub(crate) async fn connect(&self) -> Client {
        Client::connect(&self.address).await
    }

    /// Asks and notes the answer; `None` if the connection was closed instead.
    pub(crate) async fn ask<Q, A>(
        &mut self,
        what: &str,
        key: ApiKey,
        version: i16,
        request: &Q,
    ) -> Option<A>
    where
        Q: Encodable + HeaderVersion,
        A: Decodable + HeaderVersion + Debug,
    {
        self.ask_with(what, key, version, request, |_| String::new())
            .await
    }

    /// As `ask`; what `show` takes out of the answer is shown in its own way.
    pub(crate) async fn ask_with<Q, A>(
        &mut self,
        what: &str,
        key: ApiKey,
        version: i16,
        request: &Q,
        show: impl FnOnce(&mut A) -> String,
    ) -> Option<A>
    where
        Q: Encodable + HeaderVersion,
        A: Decodable + HeaderVersion + Debug,
    {
        let asked = format!("{key:?} v{version} {what}");
        match self.send(key, version, request).await {
            Some(mut answer) => {
                let shown = show(&mut answer);
                self.note(&asked, &format!("{answer:?}{shown}"));
                Some(answer)
            }
            None => {
                self.note(&asked, "closed");
                None
            }
        }
    }

    /// Asks without a note; connects again after the connection was closed.
    pub(crate) async fn send<Q, A>(&mut self, key: ApiKey, version: i16, request: &Q) -> Option<A>
    where
        Q: Encodable + HeaderVersion,
        A: Decodable + HeaderVersion + Debug,
    {
        self.client.send(&frame(key, version, 1, request)).await;
        let Some(mut answer) = self.client.receive().await else {
            self.client = self.connect().await;
            return None;
        };
        ResponseHeader::decode(&mut answer, A::header_version(version)).unwrap();
        let body = A::decode(&mut answer, version).unwrap();
        assert!(answer.is_empty(), "{key:?} v{version}: bytes left over");
        Some(body)
    }

    async fn learn_the_cluster(&mut self) {
        let request = MetadataRequest::default().with_topics(Some(Vec::new()));
        let answer: MetadataResponse = self.send(ApiKey::Metadata, 12, &request).await.unwrap();
        let cluster = answer.cluster_id.unwrap();
        self.masks.learn(cluster.as_str(), "CLUSTER");
        let broker = &answer.brokers[0];
        assert_eq!(broker.node_id, BrokerId(1), "the broker's id");
        self.masks
            .learn(format!("port: {}", broker.port), "port: PORT");
    }

    /// Apache Kafka makes its internal topics when somebody asks for a coordinator.
    async fn until_coordinators_work(&mut self) {
        let group = GroupId(text("any"));
        let beat = HeartbeatRequest::default().with_group_id(group);
        let init = InitProducerIdRequest::default()
            .with_transactional_id(Some(TransactionalId(text("any"))))
            .with_transaction_timeout_ms(1000);
        loop {
            for kind in [0, 1] {
                let find = FindCoordinatorRequest::default()
                    .with_key(text("any"))
                    .with_key_type(kind);
                let _: FindCoordinatorResponse =
                    self.send(ApiKey::FindCoordinator, 3, &find).await.unwrap();
            }
            let alive: HeartbeatResponse = self.send(ApiKey::Heartbeat, 3, &beat).await.unwrap();
            let init: InitProducerIdResponse =
                self.send(ApiKey::InitProducerId, 3, &init).await.unwrap();
            if !LOADING.contains(&alive.error_code) && !LOADING.contains(&init.error_code) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    /// Creates a topic, waits until it can be written to, and learns its id.
    pub(crate) async fn topic(&mut self, s: &str, partitions: i32, configs: &[(&str, &str)]) {
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
            self.send(ApiKey::CreateTopics, 7, &request).await.unwrap();
        assert_eq!(created.topics[0].error_code, 0);
        self.learn_topic(s, created.topics[0].topic_id);
        self.until_led(s, partitions).await;
    }

    pub(crate) fn learn_topic(&mut self, s: &str, id: Uuid) {
        self.topic_ids.insert(s.to_owned(), id);
        self.masks.learn(id.to_string(), format!("ID({s})"));
    }

    /// Apache Kafka's broker leads a new partition a moment after it is in the metadata.
    pub(crate) async fn until_led(&mut self, s: &str, partitions: i32) {
        let name = self.name(s);
        for index in 0..partitions {
            let asked = FetchPartition::default()
                .with_partition(index)
                .with_partition_max_bytes(1);
            let topic = FetchTopic::default()
                .with_topic(topic_name(&name))
                .with_partitions(vec![asked]);
            let request = FetchRequest::default()
                .with_replica_id(BrokerId(-1))
                .with_session_epoch(-1)
                .with_topics(vec![topic]);
            loop {
                let answer: FetchResponse = self.send(ApiKey::Fetch, 12, &request).await.unwrap();
                // Its beginning may have been deleted: out of range is an answer of the leader.
                if matches!(answer.responses[0].partitions[0].error_code, 0 | 1) {
                    break;
                }
                tokio::task::yield_now().await;
            }
        }
    }
}

/// Bytes of records, as they are told in an answer.
pub(crate) fn taken(records: &mut Option<Bytes>) -> String {
    crate::summary::batches(&records.take().unwrap_or_default())
}
