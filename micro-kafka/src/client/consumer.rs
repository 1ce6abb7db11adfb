//! A consumer on librdkafka's own calls: batch reads of per-partition queues, callbacks that only
//! write down, a close that nobody can hang in.

use std::collections::{HashMap, VecDeque};
use std::ffi::c_void;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use rdkafka::bindings as rdsys;
use rdsys::rd_kafka_resp_err_t as Code;

use super::admin::request;
use super::by_hand::ByHand;
use super::callbacks::{self, Heard};
use super::consumer_close::{self, Leaving};
use super::consumer_orphans::{Orphans, Subscription};
use super::handle::{ClientHandle, check, check_error, error_name};
use super::intake::{BATCH, Intake};
use super::missing_right::Deed;
use super::partition_list::PartitionList;
use super::properties::{consumer_properties, property};
use super::queue::{Batch, Queue};
use super::signal::Signal;
use super::start_offsets::{self, Reset};
use super::wake::BrokerWaker;
use super::{
    AnyClient, ClientError, CommitError, CommitOffset, ErrorCode, GroupMetadata, MissingRight,
    RecordSource, Slot, SourceEvent, Spot, Start, TopicPartition,
};
use crate::record::Record;

const SEEK_TIMEOUT_MS: i32 = 1_000;
/// How long a start may wait for the cluster to be known.
const HASTEN: Duration = Duration::from_secs(10);

/// A member of a consumer group.
#[derive(Debug)]
pub(crate) struct KafkaConsumer {
    pub(super) intake: Intake,
    slots: HashMap<(Arc<str>, i32), Slot>,
    pub(super) queue: Queue,
    batch: Batch,
    /// Errors that came among the records of a partition.
    overheard: Vec<Heard>,
    pub(super) signal: Arc<Signal>,
    pub(super) cooperative: bool,
    pub(super) reset: Reset,
    pub(super) isolation: rdsys::rd_kafka_IsolationLevel_t,
    waker: BrokerWaker,
    /// Whether its group has to be told that it goes, and librdkafka knows when that is done.
    pub(super) says_goodbye: bool,
    pub(super) leaving: Leaving,
    pub(super) by_hand: ByHand,
    pub(super) subscription: Subscription,
    pub(super) client: Arc<ClientHandle>,
}

impl KafkaConsumer {
    /// A consumer that joins its group for these topics; `settings` are completed by the
    /// framework's defaults.
    pub(crate) fn subscribe(
        settings: &[(String, String)],
        topics: &[String],
    ) -> Result<Self, ClientError> {
        let mut consumer = Self::connect(settings)?;
        let topics = topics.iter().map(|topic| TopicPartition::new(topic, -1));
        let topics = topics.collect::<Vec<_>>();
        let list = PartitionList::of(&topics).ok_or_else(no_queue)?;
        // SAFETY: client and list are alive.
        let code = unsafe { rdsys::rd_kafka_subscribe(consumer.client.raw(), list.raw()) };
        check("rd_kafka_subscribe", code)?;
        if consumer.cooperative {
            consumer.subscription = Subscription::of(topics, settings);
        }
        consumer.hasten();
        Ok(consumer)
    }

    /// A consumer without partitions.
    pub(super) fn connect(settings: &[(String, String)]) -> Result<Self, ClientError> {
        let properties = consumer_properties(settings);
        let client = Arc::new(ClientHandle::consumer(&properties)?);
        let signal = Arc::new(Signal::default());
        let queue = Queue::consumer(&client, &signal).ok_or_else(no_queue)?;
        let fetch = property(&properties, "fetch.message.max.bytes");
        let fetch = fetch.and_then(|bytes| bytes.trim().parse().ok());
        Ok(Self {
            intake: Intake::new(&client, &signal, fetch).ok_or_else(no_queue)?,
            slots: HashMap::new(),
            queue,
            batch: Batch::with_capacity(BATCH),
            overheard: Vec::new(),
            signal,
            cooperative: is_cooperative(&properties),
            reset: Reset::of(property(&properties, "auto.offset.reset")),
            isolation: start_offsets::isolation(property(&properties, "isolation.level")),
            waker: BrokerWaker::of(&properties),
            says_goodbye: consumer_close::says_goodbye(&properties),
            leaving: Leaving::default(),
            by_hand: ByHand::default(),
            subscription: Subscription::default(),
            client,
        })
    }

    /// Makes librdkafka connect anew as soon as it knows the cluster.
    ///
    /// It leaves the connection to a bootstrap server once it knows the broker by its number, and
    /// puts the next one off by 11 ms, unless there is a request for a broker that it knows.
    pub(super) fn hasten(&self) {
        let operation = rdsys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBECLUSTER;
        let asked = request(
            &self.client(),
            operation,
            HASTEN,
            |client, options, queue| {
                // SAFETY: all of them live, and librdkafka copies what it needs.
                unsafe { rdsys::rd_kafka_DescribeCluster(client, options, queue) };
            },
        );
        // Nobody needs the answer.
        drop(asked);
    }

    /// The client, to make requests by before the consumer runs.
    pub(crate) fn client(&self) -> AnyClient {
        AnyClient::Consumer(Arc::clone(&self.client))
    }

    /// The slot of a partition, whose queue is taken at the first time.
    pub(crate) fn slot(&mut self, topic: &str, partition: i32) -> Result<Slot, ClientError> {
        let name = TopicPartition::new(topic, partition);
        let key = (Arc::clone(&name.topic), partition);
        if let Some(slot) = self.slots.get(&key) {
            return Ok(*slot);
        }
        let slot = self.intake.add(name).ok_or_else(no_queue)?;
        self.slots.insert(key, slot);
        Ok(slot)
    }

    pub(super) fn list(&self, slots: &[Slot]) -> Result<PartitionList, ClientError> {
        PartitionList::of(slots.iter().map(|slot| self.name(*slot))).ok_or_else(no_queue)
    }

    fn slots(&mut self, names: Vec<(String, i32)>) -> Vec<Slot> {
        let mut slots = Vec::with_capacity(names.len());
        for (topic, partition) in names {
            match self.slot(&topic, partition) {
                Ok(slot) => slots.push(slot),
                Err(error) => tracing::error!(topic, partition, %error, "no queue for a partition"),
            }
        }
        slots
    }

    fn translate(&mut self, heard: Heard) -> SourceEvent {
        match heard {
            Heard::Assign(names) => SourceEvent::Assign(self.slots(names)),
            Heard::Revoke { partitions, lost } => SourceEvent::Revoke {
                slots: self.slots(partitions),
                lost,
            },
            Heard::Committed { id, code } => SourceEvent::Committed {
                id,
                result: self.commit_result(code),
            },
            Heard::Error { name, text, denied } => match self.client.fatal_error() {
                Some(reason) => SourceEvent::Fatal(reason),
                None if name == callbacks::FATAL => SourceEvent::Fatal(text),
                None => SourceEvent::Error { name, text, denied },
            },
        }
    }

    fn commit_result(&self, code: Code) -> Result<(), CommitError> {
        let fenced = matches!(
            code,
            Code::RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID
                | Code::RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID
                | Code::RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST
        );
        match code {
            Code::RD_KAFKA_RESP_ERR_NO_ERROR | Code::RD_KAFKA_RESP_ERR__NO_OFFSET => Ok(()),
            code => {
                let (client, error) = (self.client.raw(), ErrorCode::of(code));
                // SAFETY: the client is alive.
                let missing = unsafe { MissingRight::of(client, error, Deed::Read, "") };
                Err(CommitError {
                    name: error_name(code),
                    fenced,
                    missing: missing.map(|right| right.to_string()),
                })
            }
        }
    }

    /// Reads the queue of callbacks until it was seen empty.
    pub(super) fn serve(&mut self, timeout_ms: i32) {
        loop {
            let count = self.queue.read(&mut self.batch, BATCH, timeout_ms);
            for message in self.batch.drain() {
                // SAFETY: the message was just handed out to us, and is destroyed once.
                unsafe {
                    let heard = Heard::from_message(self.client.raw(), message.as_ptr());
                    self.overheard.push(heard);
                    rdsys::rd_kafka_message_destroy(message.as_ptr());
                }
            }
            if count < BATCH {
                return;
            }
        }
    }
}

impl RecordSource for KafkaConsumer {
    fn poll_filled(&self, context: &Context<'_>) -> Poll<()> {
        self.signal.poll_raised(context)
    }

    fn poll_events(&mut self, events: &mut Vec<SourceEvent>) {
        self.queue.take_filled();
        self.serve(0);
        events.extend(self.by_hand.event());
        for heard in std::mem::take(&mut self.overheard) {
            events.push(self.translate(heard));
        }
        for heard in self.client.callbacks().take() {
            events.push(self.translate(heard));
        }
        self.go_on_leaving(events);
    }

    fn take_filled(&mut self, into: &mut Vec<Slot>) {
        self.intake.take_fresh(into, &mut self.overheard);
    }

    fn read(&mut self, slot: Slot, limit: usize, into: &mut VecDeque<Record>) -> usize {
        self.intake.read(slot, limit, into, &mut self.overheard)
    }

    fn recycle(&mut self, record: Record) {
        self.intake.recycle(record);
    }

    fn name(&self, slot: Slot) -> &TopicPartition {
        self.intake.name(slot)
    }

    fn assign(&mut self, slots: &[Slot]) -> Result<Vec<Start>, ClientError> {
        self.begin_assignment(slots)
    }

    fn unassign(&mut self, slots: &[Slot]) -> Result<(), ClientError> {
        if !self.answers() {
            return Ok(());
        }
        if self.cooperative {
            let list = self.list(slots)?;
            for slot in slots {
                self.intake.forget(*slot, false);
            }
            // SAFETY: client and list are alive.
            let error =
                unsafe { rdsys::rd_kafka_incremental_unassign(self.client.raw(), list.raw()) };
            check_error("rd_kafka_incremental_unassign", error)
        } else {
            self.intake.forget_all();
            // SAFETY: the client is alive; null stands for all.
            let code = unsafe { rdsys::rd_kafka_assign(self.client.raw(), std::ptr::null()) };
            check("rd_kafka_assign", code)
        }
    }

    fn wake_brokers(&self) {
        self.waker.wake(&self.client);
    }

    fn commit(&mut self, id: u64, offsets: &[CommitOffset]) -> Result<(), ClientError> {
        let mut list = PartitionList::with_capacity(offsets.len()).ok_or_else(no_queue)?;
        for commit in offsets {
            let mut entry = list.push(self.name(commit.slot), commit.offset);
            entry.set_leader_epoch(commit.leader_epoch);
            if let Some(text) = &commit.metadata {
                entry.set_metadata(text);
            }
        }
        let id = std::ptr::without_provenance_mut::<c_void>(usize::try_from(id).unwrap_or(0));
        // SAFETY: client, list and queue are alive; the callback has the signature asked for.
        let code = unsafe {
            rdsys::rd_kafka_commit_queue(
                self.client.raw(),
                list.raw(),
                self.queue.raw(),
                Some(callbacks::committed),
                id,
            )
        };
        check("rd_kafka_commit_queue", code)
    }

    fn group_metadata(&self) -> Option<GroupMetadata> {
        if matches!(self.leaving, Leaving::Closing { .. }) {
            return None;
        }
        let by_hand = !self.by_hand.is_empty();
        GroupMetadata::of(&self.client).filter(|group| by_hand || group.names_member())
    }

    fn committed(&mut self, slots: &[Slot]) -> Result<Vec<(Slot, i64)>, ClientError> {
        self.ask_committed(slots)
    }

    fn found(&mut self, slot: Slot) -> Result<Option<(i64, Option<String>)>, ClientError> {
        self.ask_note(slot)
    }

    fn seek(&mut self, slot: Slot, offset: i64) -> Result<(), ClientError> {
        let mut list = PartitionList::with_capacity(1).ok_or_else(no_queue)?;
        list.push(self.name(slot), offset);
        // SAFETY: client and list are alive.
        let error = unsafe {
            rdsys::rd_kafka_seek_partitions(self.client.raw(), list.raw(), SEEK_TIMEOUT_MS)
        };
        check_error("rd_kafka_seek_partitions", error)?;
        let code = list.entries().map(|entry| entry.error()).next();
        code.map_or(Ok(()), |code| check("rd_kafka_seek_partitions", code))?;
        self.intake.forget(slot, true);
        Ok(())
    }

    fn assignment_lost(&self) -> bool {
        // SAFETY: the client is alive.
        unsafe { rdsys::rd_kafka_assignment_lost(self.client.raw()) != 0 }
    }

    fn offsets(&mut self, slots: &[Slot], spot: Spot) -> Result<Vec<(Slot, i64)>, ClientError> {
        self.offsets_at(slots, spot)
    }

    fn known_end(&self, slot: Slot) -> Option<i64> {
        self.end_as_told(slot)
    }

    fn position(&self, slot: Slot) -> Option<i64> {
        self.position_of(slot)
    }

    fn orphans(&self) -> Option<Orphans> {
        self.ask_orphans()
    }

    fn rejoin(&mut self) -> Result<(), ClientError> {
        self.join_anew()
    }

    fn close(&mut self) -> Result<(), ClientError> {
        self.begin_leaving()
    }

    fn is_closed(&self) -> bool {
        self.has_left()
    }
}

/// Whether assignments come as differences. `rd_kafka_rebalance_protocol` would be a round trip
/// and knows nothing before the first join.
fn is_cooperative(properties: &[(String, String)]) -> bool {
    let sticky = property(properties, "partition.assignment.strategy")
        .is_some_and(|assignors| assignors.contains("cooperative-sticky"));
    is_by_broker(properties) || sticky
}

/// Whether its group's partitions are assigned by the broker (KIP-848).
pub(super) fn is_by_broker(properties: &[(String, String)]) -> bool {
    property(properties, "group.protocol")
        .is_some_and(|protocol| protocol.eq_ignore_ascii_case("consumer"))
}

pub(super) fn no_queue() -> ClientError {
    ClientError::Create("out of memory".to_owned())
}
