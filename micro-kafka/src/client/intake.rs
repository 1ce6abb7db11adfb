//! The records of all partitions, read from one queue.
//!
//! librdkafka bounds what it fetches ahead by queue. With a queue for each partition it runs far
//! ahead of handlers that compute, and what it fetched has left the caches by the time it is handled.
//! So the partitions share a queue, and only one that nobody reads has its own, in which its records
//! wait and hold up no others.

use std::collections::{HashMap, VecDeque};
use std::ffi::CStr;
use std::ptr::NonNull;
use std::sync::Arc;

use rdkafka::bindings as rdsys;
use rdsys::rd_kafka_resp_err_t as Code;

use super::callbacks::Heard;
use super::handle::ClientHandle;
use super::queue::{Batch, Queue};
use super::signal::Signal;
use super::{NativeMessage, Slot, TopicPartition};
use crate::record::Record;

/// The most records of one read; more gains nothing.
pub(super) const BATCH: usize = 500;
/// About how many bytes of payload one read may take out of librdkafka's own accounting, if one
/// fetch of a partition may bring as much.
const BATCH_BYTES: usize = 4 << 20;
/// Where that is less, a read takes a record for so many bytes at most, and some in any case.
const RECORD: usize = 1_024;
const FEW: usize = 16;

/// The partitions of a consumer and the queue that they share.
#[derive(Debug)]
pub(super) struct Intake {
    partitions: Vec<OwnPartition>,
    queue: Queue,
    /// Whether the queue may have more.
    filled: bool,
    /// How many partitions are hungry.
    hungry: usize,
    batch: Batch,
    /// How many records one read takes: few if they are large.
    limit: usize,
    /// What one read may take at most, in bytes and in records. A partition that has so many bytes,
    /// or twice as many records, in hand has its further ones wait in a queue of their own.
    read_bytes: usize,
    read_records: usize,
    /// Slots by the address of librdkafka's topic and the number of the partition.
    routes: HashMap<(usize, i32), Slot>,
    /// Partitions that got records in hand since the last call.
    fresh: Vec<Slot>,
    /// Holds on the client for messages to come.
    holds: Vec<Arc<ClientHandle>>,
    signal: Arc<Signal>,
    client: Arc<ClientHandle>,
}

#[derive(Debug)]
struct OwnPartition {
    name: TopicPartition,
    /// Held for the consumer's life.
    queue: Queue,
    /// Read for it out of the shared queue, and what that weighs.
    in_hand: VecDeque<Record>,
    bytes: usize,
    /// Whether it was read to its end. While none is, nothing is read ahead of the handlers.
    hungry: bool,
    /// Whether its records wait in its own queue. They are younger than all in the shared one, and
    /// are put behind those when they are wanted again, so that nothing is out of order.
    apart: bool,
}

impl Intake {
    /// `fetch` bounds what one fetch of a partition brings, in bytes.
    pub(super) fn new(
        client: &Arc<ClientHandle>,
        signal: &Arc<Signal>,
        fetch: Option<usize>,
    ) -> Option<Self> {
        let read_bytes = fetch.map_or(BATCH_BYTES, |fetch| fetch.min(BATCH_BYTES));
        let read_records = (read_bytes / RECORD).clamp(FEW, BATCH);
        Some(Self {
            partitions: Vec::new(),
            queue: Queue::shared(client, signal)?,
            filled: true,
            hungry: 0,
            batch: Batch::with_capacity(BATCH),
            limit: read_records,
            read_bytes,
            read_records,
            routes: HashMap::new(),
            fresh: Vec::new(),
            holds: Vec::new(),
            signal: Arc::clone(signal),
            client: Arc::clone(client),
        })
    }

    /// Takes a partition in, whose records come by the shared queue once it is assigned.
    pub(super) fn add(&mut self, name: TopicPartition) -> Option<Slot> {
        let queue = Queue::partition(&self.client, &name.c_topic, name.partition)?;
        // Before it is first assigned, or its records would go to the queue of callbacks.
        queue.forward(Some(&self.queue));
        let slot = Slot::try_from(self.partitions.len()).unwrap_or(Slot::MAX);
        self.partitions.push(OwnPartition {
            name,
            queue,
            in_hand: VecDeque::new(),
            bytes: 0,
            hungry: false,
            apart: false,
        });
        Some(slot)
    }

    /// A partition was assigned. librdkafka ends the forwarding of a queue when it stops to fetch its
    /// partition, and takes it up by itself only where no program ever chose one.
    pub(super) fn begin(&mut self, slot: Slot) {
        let partition = &mut self.partitions[slot as usize];
        partition.apart = false;
        partition.queue.forward(Some(&self.queue));
    }

    pub(super) fn name(&self, slot: Slot) -> &TopicPartition {
        &self.partitions[slot as usize].name
    }

    /// The partitions that got records in hand since the last call.
    pub(super) fn take_fresh(&mut self, into: &mut Vec<Slot>, errors: &mut Vec<Heard>) {
        self.filled |= self.queue.take_filled();
        if self.filled && self.hungry > 0 {
            self.pull(errors);
        }
        into.append(&mut self.fresh);
        self.come_again();
    }

    /// As [`RecordSource::read`](super::RecordSource::read).
    pub(super) fn read(
        &mut self,
        slot: Slot,
        limit: usize,
        into: &mut VecDeque<Record>,
        errors: &mut Vec<Heard>,
    ) -> usize {
        let index = slot as usize;
        if self.partitions[index].in_hand.is_empty() && self.filled {
            self.pull(errors);
        }
        let partition = &mut self.partitions[index];
        let count = partition.in_hand.len().min(limit);
        if into.is_empty() && count == partition.in_hand.len() {
            std::mem::swap(into, &mut partition.in_hand);
            partition.bytes = 0;
        } else {
            for record in partition.in_hand.drain(..count) {
                partition.bytes -= bytes_of(&record);
                into.push_back(record);
            }
        }
        self.fresh.retain(|other| *other != slot);
        if self.partitions[index].in_hand.is_empty() {
            self.join(slot);
            self.set_hungry(slot, count < limit);
        }
        self.come_again();
        count
    }

    /// The offset of the first record of a partition that was read and not asked for yet.
    pub(super) fn first_in_hand(&self, slot: Slot) -> Option<i64> {
        let first = self.partitions[slot as usize].in_hand.front()?;
        Some(first.offset())
    }

    /// Lets go of what is in hand of a partition, which is read from elsewhere or given up.
    pub(super) fn forget(&mut self, slot: Slot, goes_on: bool) {
        let partition = &mut self.partitions[slot as usize];
        partition.in_hand.clear();
        partition.bytes = 0;
        self.join(slot);
        self.set_hungry(slot, goes_on);
        self.come_again();
    }

    /// Gives all partitions up.
    pub(super) fn forget_all(&mut self) {
        for slot in (0..).take(self.partitions.len()) {
            self.forget(slot, false);
        }
    }

    /// Ends a partition's stay apart.
    fn join(&mut self, slot: Slot) {
        let partition = &mut self.partitions[slot as usize];
        if std::mem::take(&mut partition.apart) {
            partition.queue.forward(Some(&self.queue));
            self.filled = true;
        }
    }

    fn set_hungry(&mut self, slot: Slot, hungry: bool) {
        let before = std::mem::replace(&mut self.partitions[slot as usize].hungry, hungry);
        self.hungry = self.hungry + usize::from(hungry) - usize::from(before);
    }

    /// Has the loop look again where there is more for somebody.
    fn come_again(&self) {
        if !self.fresh.is_empty() || (self.filled && self.hungry > 0) {
            self.signal.raise();
        }
    }

    /// Takes the memory of a record that nobody needs any more.
    #[inline]
    pub(super) fn recycle(&mut self, record: Record) {
        if let Some(message) = record.into_native() {
            let hold = message.into_client();
            if self.holds.len() < BATCH && Arc::ptr_eq(&hold, &self.client) {
                self.holds.push(hold);
            }
        }
    }

    /// Reads once from the shared queue, for whomever it concerns.
    fn pull(&mut self, errors: &mut Vec<Heard>) {
        let mut batch = std::mem::take(&mut self.batch);
        let count = self.queue.read(&mut batch, self.limit, 0);
        self.filled = count == self.limit;
        let mut bytes = 0;
        // One topic's records of one partition come in runs.
        let mut run = None;
        for message in batch.drain() {
            // SAFETY: the message was just handed out to us, and lives.
            let (of, code) = unsafe {
                let message = message.as_ref();
                bytes += message.len;
                ((message.rkt.addr(), message.partition), message.err)
            };
            let slot = match run {
                _ if code != Code::RD_KAFKA_RESP_ERR_NO_ERROR => None,
                Some((same, slot)) if same == of => Some(slot),
                _ => self.route(of, message),
            };
            run = slot.map(|slot| (of, slot)).or(run);
            match slot {
                Some(slot) => self.hand(slot, message),
                None => {
                    // SAFETY: ours, and destroyed once.
                    unsafe {
                        let client = self.client.raw();
                        errors.push(Heard::from_message(client, message.as_ptr()));
                        rdsys::rd_kafka_message_destroy(message.as_ptr());
                    }
                    // Errors are told by `poll_events`, which has to run once more.
                    self.signal.raise();
                }
            }
        }
        self.batch = batch;
        if let Some(average) = bytes.checked_div(count) {
            self.limit = (self.read_bytes / average.max(1)).clamp(1, self.read_records);
        }
    }

    fn hand(&mut self, slot: Slot, message: NonNull<rdsys::rd_kafka_message_t>) {
        let hold = self.holds.pop();
        let hold = hold.unwrap_or_else(|| Arc::clone(&self.client));
        // SAFETY: the message is the client's, without an error, and handed on here alone.
        let record = Record::from_native(unsafe { NativeMessage::from_raw(message, hold) });
        if self.partitions[slot as usize].in_hand.is_empty() {
            self.fresh.push(slot);
            self.set_hungry(slot, false);
        }
        let partition = &mut self.partitions[slot as usize];
        partition.bytes += bytes_of(&record);
        partition.in_hand.push_back(record);
        let many = partition.in_hand.len() >= 2 * self.read_records;
        let much = many || partition.bytes >= self.read_bytes;
        if much && !partition.apart {
            partition.apart = true;
            partition.queue.forward(None);
        }
    }

    /// Whose record it is.
    fn route(
        &mut self,
        of: (usize, i32),
        message: NonNull<rdsys::rd_kafka_message_t>,
    ) -> Option<Slot> {
        // SAFETY: a fetched message has its topic, whose name ends with a zero.
        let topic = unsafe { CStr::from_ptr(rdsys::rd_kafka_topic_name(message.as_ref().rkt)) };
        let is = |name: &TopicPartition| name.partition == of.1 && *name.c_topic == *topic;
        // An address may have been another topic's.
        let known = self.routes.get(&of).copied();
        if let Some(slot) = known.filter(|slot| is(self.name(*slot))) {
            return Some(slot);
        }
        let mut all = (0..).zip(&self.partitions);
        let found = all.find(|(_, partition)| is(&partition.name));
        let slot = found.map(|(slot, _)| slot)?;
        self.routes.insert(of, slot);
        Some(slot)
    }
}

#[inline]
fn bytes_of(record: &Record) -> usize {
    record.payload().map_or(0, <[u8]>::len)
}
