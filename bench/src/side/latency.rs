//! From the send to the handler, at a pace that leaves the machine idle.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::message::Message;
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};

use super::{GIVE_UP, Task, print_sample};
use crate::error::BenchError;
use crate::meter::Sample;

/// From one send to the next.
const PACE: Duration = Duration::from_millis(2);
/// Records before those that count: the consumers have their partitions then.
const WARM_UP: u64 = 500;
const COMMIT_TIME: Duration = Duration::from_secs(1);

/// One side is one process, so all of it shares one clock and one place for what was taken.
static CLOCK: OnceLock<(Instant, Sender<Duration>)> = OnceLock::new();

/// What a record holds: the process that sent it, and when by its clock.
fn payload(start: Instant) -> [u8; 12] {
    let now = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
    let mut payload = [0; 12];
    payload[..4].copy_from_slice(&std::process::id().to_be_bytes());
    payload[4..].copy_from_slice(&now.to_be_bytes());
    payload
}

/// Takes the time of a record; those that other runs have left on the topic have none.
pub(super) fn handled(payload: &[u8]) {
    let (Some((start, times)), Some((process, sent))) =
        (CLOCK.get(), payload.split_first_chunk::<4>())
    else {
        return;
    };
    if let (true, Ok(sent)) = (
        u32::from_be_bytes(*process) == std::process::id(),
        sent.try_into(),
    ) {
        let sent = Duration::from_nanos(u64::from_be_bytes(sent));
        // Nobody listens any more when enough was taken.
        let _ = times.send(start.elapsed().saturating_sub(sent));
    }
}

/// Sends records while `consume` runs, until enough were handled, and prints what half and 99 of 100
/// of them took.
pub(super) fn measure(
    task: &Task,
    consume: impl FnOnce(&AtomicBool) -> Result<(), BenchError> + Send,
    send: impl FnOnce(&AtomicBool) -> Result<(), BenchError> + Send,
) -> Result<(), BenchError> {
    let (told, times) = channel();
    CLOCK.get_or_init(|| (Instant::now(), told));
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let consumer = scope.spawn(|| consume(&over));
        let sender = scope.spawn(|| send(&over));
        let sample = collect(task.records, &times);
        over.store(true, Ordering::Relaxed);
        sender.join().map_err(|_| BenchError::Panicked)??;
        consumer.join().map_err(|_| BenchError::Panicked)??;
        print_sample(&sample?)
    })
}

/// Gives `send` a payload at the scenario's pace, until it is over.
pub(super) fn paced(
    over: &AtomicBool,
    mut send: impl FnMut(&[u8]) -> Result<(), BenchError>,
) -> Result<(), BenchError> {
    let start = CLOCK.get().map_or_else(Instant::now, |(start, _)| *start);
    while !over.load(Ordering::Relaxed) {
        send(&payload(start))?;
        thread::park_timeout(PACE);
    }
    Ok(())
}

/// Sends by a producer of rdkafka.
pub(super) fn send(task: &Task, over: &AtomicBool) -> Result<(), BenchError> {
    let mut config = task.producer();
    let producer: ThreadedProducer<DefaultProducerContext> =
        config.set("linger.ms", "0").create()?;
    paced(over, |payload| {
        let record = BaseRecord::<(), [u8]>::to(&task.topic).payload(payload);
        Ok(producer.send(record).map_err(|(error, _)| error)?)
    })?;
    Ok(producer.flush(GIVE_UP)?)
}

fn collect(records: u64, times: &Receiver<Duration>) -> Result<Sample, BenchError> {
    let mut taken = Vec::new();
    for number in 0..WARM_UP + records {
        let time = times.recv_timeout(GIVE_UP);
        let time = time.map_err(|_| BenchError::TooSlow(GIVE_UP))?;
        if number >= WARM_UP {
            taken.push(time);
        }
    }
    taken.sort_unstable();
    let at = |place: usize| taken.get(place).copied().unwrap_or_default();
    let sample = Sample::now(at(taken.len() / 2));
    Ok(sample.beside(at(taken.len() * 99 / 100)))
}

/// The loop one writes by hand, with one consumer.
pub(super) fn poll_loop(task: &Task, over: &AtomicBool) -> Result<(), BenchError> {
    let consumer: BaseConsumer = task.consumer().create()?;
    consumer.subscribe(&[&task.topic])?;
    let mut committed = Instant::now();
    while !over.load(Ordering::Relaxed) {
        let Some(message) = consumer.poll(Duration::from_millis(100)) else {
            continue;
        };
        let message = message?;
        handled(message.payload().unwrap_or_default());
        if committed.elapsed() >= COMMIT_TIME {
            committed = Instant::now();
            consumer.commit_message(&message, CommitMode::Async)?;
        }
    }
    Ok(())
}
