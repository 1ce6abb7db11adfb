//! The loop one writes by hand: `BaseConsumer::poll`, decode, handle, commit every 1,000 records.

use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::{Offset, TopicPartitionList};

use super::{Task, Work, print_when_done};
use crate::error::BenchError;
use crate::meter::Meter;
use crate::order::Order;

const CONSUMERS: usize = 2;
const COMMIT_RECORDS: u32 = 1_000;
const COMMIT_TIME: Duration = Duration::from_secs(1);

/// Handles the task's records and prints what they cost.
pub(super) fn run(task: &Task) -> Result<(), BenchError> {
    let (meter, sample) = Meter::new(task.records);
    let consumers = if task.work == Work::FirstRecord {
        1
    } else {
        CONSUMERS
    };
    thread::scope(|scope| {
        let loops: Vec<_> = (0..consumers)
            .map(|_| scope.spawn(|| poll_loop(task, &meter)))
            .collect();
        let printed = print_when_done(task.work, &sample);
        meter.stop();
        for ended in loops {
            ended.join().map_err(|_| BenchError::Panicked)??;
        }
        printed
    })
}

fn poll_loop(task: &Task, meter: &Meter) -> Result<(), KafkaError> {
    let (config, patience) = match task.work {
        Work::FirstRecord => (task.default_consumer(), Duration::from_millis(50)),
        _ => (task.consumer(), Duration::from_millis(100)),
    };
    let consumer: BaseConsumer = config.create()?;
    consumer.subscribe(&[&task.topic])?;
    let handle = if task.work == Work::HandleBytes {
        handle_bytes
    } else {
        handle_json
    };
    let mut commits = Commits::new(&task.topic);
    while !meter.is_stopped() {
        match consumer.poll(patience) {
            Some(message) => {
                let message = message?;
                handle(&message);
                meter.handled();
                commits.handled(&message);
            }
            None => commits.overdue(),
        }
        commits.send_due(&consumer)?;
    }
    commits.send(&consumer)
}

fn handle_json(message: &BorrowedMessage<'_>) {
    let order = serde_json::from_slice::<Order>(message.payload().unwrap_or_default());
    black_box(order.is_ok_and(|order| black_box(&order).id > 0));
}

fn handle_bytes(message: &BorrowedMessage<'_>) {
    black_box(message.payload().unwrap_or_default());
}

/// The offsets to commit: by partition, the one behind the last handled record.
struct Commits<'a> {
    topic: &'a str,
    next: Vec<Option<i64>>,
    waiting: u32,
    last: Instant,
    due: bool,
}

impl<'a> Commits<'a> {
    fn new(topic: &'a str) -> Self {
        Self {
            topic,
            next: Vec::new(),
            waiting: 0,
            last: Instant::now(),
            due: false,
        }
    }

    fn handled(&mut self, message: &BorrowedMessage<'_>) {
        let partition = usize::try_from(message.partition()).unwrap_or_default();
        if partition >= self.next.len() {
            self.next.resize(partition + 1, None);
        }
        self.next[partition] = Some(message.offset() + 1);
        self.waiting += 1;
        self.due = self.waiting >= COMMIT_RECORDS;
    }

    fn overdue(&mut self) {
        self.due = self.waiting > 0 && self.last.elapsed() >= COMMIT_TIME;
    }

    fn send_due(&mut self, consumer: &BaseConsumer) -> Result<(), KafkaError> {
        if self.due {
            self.send(consumer)
        } else {
            Ok(())
        }
    }

    fn send(&mut self, consumer: &BaseConsumer) -> Result<(), KafkaError> {
        (self.waiting, self.due, self.last) = (0, false, Instant::now());
        let mut offsets = TopicPartitionList::new();
        for (partition, next) in self.next.iter_mut().enumerate() {
            if let (Ok(partition), Some(next)) = (i32::try_from(partition), next.take()) {
                offsets.add_partition_offset(self.topic, partition, Offset::Offset(next))?;
            }
        }
        if offsets.count() == 0 {
            Ok(())
        } else {
            consumer.commit(&offsets, CommitMode::Async)
        }
    }
}
