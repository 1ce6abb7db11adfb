//! Half an hour of a group, a transaction and retention, in a moment, and the same each time.

use std::time::{Duration, Instant};

use bytes::Bytes;
use kafka_protocol::messages::add_partitions_to_txn_request::AddPartitionsToTxnTopic;
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use kafka_protocol::messages::{
    AddPartitionsToTxnRequest, AddPartitionsToTxnResponse, ApiKey, EndTxnRequest, EndTxnResponse,
    GroupId, HeartbeatRequest, HeartbeatResponse, InitProducerIdRequest, InitProducerIdResponse,
    JoinGroupRequest, JoinGroupResponse, ProduceRequest, ProduceResponse, ProducerId,
    SyncGroupRequest, SyncGroupResponse, TopicName, TransactionalId,
};
use micro_kafka_broker::Broker;
use micro_kafka_broker::fault::{Action, Chaos};
use tokio::time::sleep;

use crate::batch::Batch;
use crate::kafka::TOPIC;
use crate::wire::{Client, text};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HALF_AN_HOUR: Duration = Duration::from_secs(30 * 60);

const MEMBER_ID_REQUIRED: i16 = 79;

/// A member of the group `g`, by its place in it.
struct Member<'b> {
    client: Client<'b>,
    id: String,
    generation: i32,
    rebalances: usize,
}

impl<'b> Member<'b> {
    fn new(broker: &'b Broker, name: &'static str) -> Self {
        Self {
            client: Client::new(broker, name),
            id: String::new(),
            generation: -1,
            rebalances: 0,
        }
    }

    /// Joins, and synchronizes; a leader assigns nothing to everybody.
    async fn join(&mut self) {
        loop {
            let protocol = JoinGroupRequestProtocol::default().with_name(text("range"));
            let request = JoinGroupRequest::default()
                .with_group_id(GroupId(text("g")))
                .with_session_timeout_ms(45_000)
                .with_rebalance_timeout_ms(60_000)
                .with_member_id(text(&self.id))
                .with_protocol_type(text("consumer"))
                .with_protocols(vec![protocol]);
            let joined: JoinGroupResponse = self.client.call(ApiKey::JoinGroup, 5, &request).await;
            match joined.error_code {
                0 => {}
                MEMBER_ID_REQUIRED => {
                    self.id = joined.member_id.to_string();
                    continue;
                }
                _ => {
                    sleep(SECOND).await;
                    continue;
                }
            }
            self.id = joined.member_id.to_string();
            self.generation = joined.generation_id;
            let assignments = joined.members.iter().map(|member| {
                SyncGroupRequestAssignment::default()
                    .with_member_id(member.member_id.clone())
                    .with_assignment(Bytes::from_static(b"x"))
            });
            let request = SyncGroupRequest::default()
                .with_group_id(GroupId(text("g")))
                .with_generation_id(self.generation)
                .with_member_id(text(&self.id))
                .with_assignments(assignments.collect());
            let synced: SyncGroupResponse = self.client.call(ApiKey::SyncGroup, 3, &request).await;
            if synced.error_code == 0 {
                self.rebalances += 1;
                return;
            }
        }
    }

    /// Stays in the group for so long, and joins again when it must.
    async fn stay(&mut self, time: Duration) {
        let until = tokio::time::Instant::now() + time;
        self.join().await;
        while tokio::time::Instant::now() < until {
            sleep(15 * SECOND).await;
            let request = HeartbeatRequest::default()
                .with_group_id(GroupId(text("g")))
                .with_generation_id(self.generation)
                .with_member_id(text(&self.id));
            let beat: HeartbeatResponse = self.client.call(ApiKey::Heartbeat, 3, &request).await;
            if beat.error_code != 0 {
                self.join().await;
            }
        }
    }
}

/// Sends a record each ten seconds.
async fn produce(broker: &Broker) {
    let mut client = Client::new(broker, "producer");
    for nth in 0..180 {
        let records = Batch::at(broker.clock().unix_millis()).bytes();
        let data = PartitionProduceData::default()
            .with_index(nth % 2)
            .with_records(Some(records));
        let topic = TopicProduceData::default()
            .with_name(TopicName(text(TOPIC)))
            .with_partition_data(vec![data]);
        let request = ProduceRequest::default()
            .with_acks(-1)
            .with_timeout_ms(30_000)
            .with_topic_data(vec![topic]);
        loop {
            let sent: ProduceResponse = client.call(ApiKey::Produce, 9, &request).await;
            if sent.responses[0].partition_responses[0].error_code == 0 {
                break;
            }
            sleep(SECOND / 10).await;
        }
        sleep(10 * SECOND).await;
    }
}

/// Begins a transaction in the tenth minute and leaves it to its timeout of one; the error that its
/// end has then.
async fn forgotten_transaction(broker: &Broker) -> i16 {
    sleep(10 * MINUTE).await;
    let mut client = Client::new(broker, "transactional");
    let id = TransactionalId(text("tx"));
    let init = InitProducerIdRequest::default()
        .with_transactional_id(Some(id.clone()))
        .with_transaction_timeout_ms(60_000);
    let producer: InitProducerIdResponse = loop {
        let given: InitProducerIdResponse = client.call(ApiKey::InitProducerId, 3, &init).await;
        if given.error_code == 0 {
            break given;
        }
        sleep(SECOND).await;
    };
    let (producer_id, epoch) = (ProducerId(*producer.producer_id), producer.producer_epoch);
    let topic = AddPartitionsToTxnTopic::default()
        .with_name(TopicName(text(TOPIC)))
        .with_partitions(vec![0]);
    let add = AddPartitionsToTxnRequest::default()
        .with_v3_and_below_transactional_id(id.clone())
        .with_v3_and_below_producer_id(producer_id)
        .with_v3_and_below_producer_epoch(epoch)
        .with_v3_and_below_topics(vec![topic]);
    loop {
        let added: AddPartitionsToTxnResponse =
            client.call(ApiKey::AddPartitionsToTxn, 3, &add).await;
        let of_topic = &added.results_by_topic_v3_and_below[0];
        if of_topic.results_by_partition[0].partition_error_code == 0 {
            break;
        }
        sleep(SECOND).await;
    }
    assert_eq!(broker.transaction("tx").unwrap().state, "Ongoing");
    sleep(2 * MINUTE).await;
    assert_eq!(broker.transaction("tx").unwrap().state, "CompleteAbort");
    let end = EndTxnRequest::default()
        .with_transactional_id(id)
        .with_producer_id(producer_id)
        .with_producer_epoch(epoch)
        .with_committed(true);
    let ended: EndTxnResponse = client.call(ApiKey::EndTxn, 3, &end).await;
    ended.error_code
}

/// What happened in half an hour: the journal, and what was left.
fn half_an_hour(seed: u64) -> Vec<String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let builder = Broker::builder()
            .without_network()
            .virtual_time()
            .journal(100_000)
            .topic(TOPIC, 2)
            .config("log.retention.ms", "600000")
            .config("log.roll.ms", "300000")
            .config("log.retention.check.interval.ms", "60000");
        let broker = builder.start().await.unwrap();
        let chaos = Chaos::seeded(seed)
            .only()
            .or(1, Action::Disconnect)
            .or_errors(2)
            .or_delay(3, Duration::from_millis(1)..=2 * SECOND)
            .with_probability(0.1);
        let chaos = chaos.client("producer").start(broker.faults());
        let (mut first, mut second) = (Member::new(&broker, "m1"), Member::new(&broker, "m2"));
        let (_, fenced, (), ()) = tokio::join!(
            produce(&broker),
            forgotten_transaction(&broker),
            first.stay(HALF_AN_HOUR),
            // Falls silent in the fifth minute, and is out 45 s later.
            second.stay(5 * MINUTE),
        );
        assert!(
            fenced != 0,
            "a transaction that has timed out cannot be committed"
        );
        assert!(
            first.rebalances >= 2,
            "the other one's session has timed out"
        );
        assert_eq!(broker.group("g").unwrap().members.len(), 1);
        assert!(chaos.hits() > 0);
        let mut story: Vec<_> = broker
            .journal()
            .entries()
            .iter()
            .map(ToString::to_string)
            .collect();
        for partition in 0..2 {
            let left = broker.partition(TOPIC, partition).unwrap();
            assert!(left.start > 0, "ten minutes are kept: {left:?}");
            story.push(format!("{left:?}"));
        }
        story.push(format!(
            "{:?} {}",
            broker.clock().elapsed(),
            broker.clock().unix_millis()
        ));
        story
    })
}

/// Half an hour passes in less than a second, even of a test that is not optimized; the fastest of
/// several counts, because other tests share the machine.
#[test]
fn half_an_hour_takes_less_than_a_second() {
    let fastest = (0..5).map(|_| {
        let begun = Instant::now();
        let story = half_an_hour(1);
        assert!(story.len() > 300, "{} requests", story.len());
        begun.elapsed()
    });
    let fastest = fastest.min().unwrap();
    assert!(fastest < SECOND, "{fastest:?}");
}

#[test]
fn a_seed_tells_the_same_story_a_hundred_times() {
    let story = half_an_hour(42);
    for run in 1..100 {
        let again = half_an_hour(42);
        let parted = story.iter().zip(&again).position(|(a, b)| a != b);
        let parted = parted.map(|at| (&story[at], &again[at]));
        assert_eq!(parted, None, "run {run}");
        assert_eq!(story.len(), again.len(), "run {run}");
    }
    assert_ne!(story, half_an_hour(43));
}
