//! The loop one writes by hand for slow handlers: a queue for each key, so many at work at once, and
//! commits of what is finished without a gap.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use rdkafka::consumer::{CommitMode, Consumer, StreamConsumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{Message, OwnedMessage};
use rdkafka::{Offset, TopicPartitionList};

use super::{AT_WORK, Task, print_when_done, slowness};
use crate::error::BenchError;
use crate::meter::Meter;

const COMMIT_TIME: Duration = Duration::from_secs(1);

/// Handles the task's records and prints what they cost.
pub(super) fn run(task: &Task) -> Result<(), BenchError> {
    let (meter, sample) = Meter::new(task.records);
    let runtime = tokio::runtime::Runtime::new().map_err(BenchError::Output)?;
    let printed = std::thread::scope(|scope| {
        let handled = scope.spawn(|| runtime.block_on(handle_all(task, &meter)));
        let printed = print_when_done(task.work, &sample);
        meter.stop();
        handled.join().map_err(|_| BenchError::Panicked)??;
        printed
    });
    printed
}

async fn handle_all(task: &Task, meter: &Meter) -> Result<(), KafkaError> {
    let consumer: StreamConsumer = task.consumer().create()?;
    consumer.subscribe(&[&task.topic])?;
    let mut queues = HashMap::<Vec<u8>, VecDeque<OwnedMessage>>::new();
    let mut waiting = VecDeque::new();
    let mut at_work = FuturesUnordered::new();
    let mut commits = Commits::default();
    loop {
        while at_work.len() < AT_WORK
            && let Some(message) = waiting.pop_front()
        {
            at_work.push(handle(message));
        }
        tokio::select! {
            biased;
            Some(message) = at_work.next(), if !at_work.is_empty() => {
                let message: OwnedMessage = message;
                meter.handled();
                commits.finished(message.offset());
                let key = message.key().unwrap_or_default();
                match queues.get_mut(key).and_then(VecDeque::pop_front) {
                    Some(next) => waiting.push_back(next),
                    None => drop(queues.remove(key)),
                }
                commits.send_due(&consumer, &task.topic)?;
                if meter.is_stopped() {
                    return Ok(());
                }
            }
            message = consumer.recv() => {
                let message = message?.detach();
                commits.begun(message.offset());
                let key = message.key().unwrap_or_default();
                match queues.get_mut(key) {
                    Some(queue) => queue.push_back(message),
                    None => {
                        queues.insert(key.to_vec(), VecDeque::new());
                        waiting.push_back(message);
                    }
                }
            }
            () = tokio::time::sleep(Duration::from_millis(100)), if meter.is_stopped() => {
                return Ok(());
            }
        }
    }
}

async fn handle(message: OwnedMessage) -> OwnedMessage {
    tokio::time::sleep(slowness(message.offset())).await;
    message
}

/// What is begun and not finished, and the offset behind what is.
#[derive(Default)]
struct Commits {
    open: BTreeSet<i64>,
    read: i64,
    sent: Option<(Instant, i64)>,
}

impl Commits {
    fn begun(&mut self, offset: i64) {
        self.open.insert(offset);
        self.read = offset + 1;
    }

    fn finished(&mut self, offset: i64) {
        self.open.remove(&offset);
    }

    fn send_due(&mut self, consumer: &StreamConsumer, topic: &str) -> Result<(), KafkaError> {
        let next = self.open.first().copied().unwrap_or(self.read);
        let (last, sent) = *self.sent.get_or_insert((Instant::now(), 0));
        if next == sent || last.elapsed() < COMMIT_TIME {
            return Ok(());
        }
        self.sent = Some((Instant::now(), next));
        let mut offsets = TopicPartitionList::new();
        offsets.add_partition_offset(topic, 0, Offset::Offset(next))?;
        consumer.commit(&offsets, CommitMode::Async)
    }
}
