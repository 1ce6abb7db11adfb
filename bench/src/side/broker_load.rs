//! Load on a broker with as little client as possible: one partition, records of 1,000 bytes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseRecord, ProducerContext, ThreadedProducer};
use rdkafka::{ClientContext, Offset, TopicPartitionList};

use super::{Task, print_sample};
use crate::error::BenchError;
use crate::meter::{Meter, Sample};

/// Bytes of one record.
pub(crate) const RECORD_BYTES: u16 = 1_000;
pub(super) const PATIENCE: Duration = Duration::from_secs(120);

/// Tells of every acknowledgement.
pub(super) struct Told(pub(super) Box<dyn Fn(Result<(), KafkaError>) + Send + Sync>);

impl ClientContext for Told {}

impl ProducerContext for Told {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        (self.0)(
            result
                .as_ref()
                .map(drop)
                .map_err(|(error, _)| error.clone()),
        );
    }
}

/// Sends; wall time runs from the first send to the last acknowledgement, but for one more record
/// that goes first: it connects, and gets the producer its id, for which librdkafka takes half a
/// second.
pub(super) fn produce(task: &Task) -> Result<(), BenchError> {
    let (meter, sample) = Meter::new(task.records);
    let (failed, failure) = channel();
    let (connected, connection) = channel();
    let is_connected = AtomicBool::new(false);
    let told = Told(Box::new(move |result| match result {
        Ok(()) if is_connected.swap(true, Ordering::Relaxed) => meter.handled(),
        Ok(()) => drop(connected.send(())),
        Err(error) => drop(failed.send(error)),
    }));
    let producer: ThreadedProducer<Told> = task.producer().create_with_context(told)?;
    let payload = vec![b'x'; usize::from(RECORD_BYTES)];
    let record = || BaseRecord::to(&task.topic).partition(0).payload(&payload);
    enqueue(&producer, record())?;
    connection
        .recv_timeout(PATIENCE)
        .map_err(|_| BenchError::TooSlow(PATIENCE))?;
    let start = Instant::now();
    for _ in 0..task.records {
        enqueue(&producer, record())?;
    }
    let sample = sample.recv_timeout(PATIENCE);
    let wall = start.elapsed();
    if let Ok(error) = failure.try_recv() {
        return Err(error.into());
    }
    let sample = sample.map_err(|_| BenchError::TooSlow(PATIENCE))?;
    print_sample(&sample.lasting(wall))
}

pub(super) fn enqueue(
    producer: &ThreadedProducer<Told>,
    mut record: BaseRecord<'_, (), Vec<u8>>,
) -> Result<(), KafkaError> {
    loop {
        match producer.send(record) {
            Ok(()) => return Ok(()),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), same)) => {
                record = same
            }
            Err((error, _)) => return Err(error),
        }
        std::thread::park_timeout(Duration::from_millis(1));
    }
}

/// Reads the partition from its start; wall time runs from the assignment to the last record.
pub(super) fn consume(task: &Task) -> Result<(), BenchError> {
    let (meter, sample) = Meter::new(task.records);
    let consumer: BaseConsumer = task.consumer().create()?;
    consumer
        .client()
        .fetch_metadata(Some(&task.topic), PATIENCE)?;
    let mut from_start = TopicPartitionList::new();
    from_start.add_partition_offset(&task.topic, 0, Offset::Beginning)?;
    let start = Instant::now();
    consumer.assign(&from_start)?;
    while !meter.is_stopped() {
        match consumer.poll(Duration::from_secs(1)) {
            Some(message) => message.map(|_| meter.handled())?,
            None if start.elapsed() > PATIENCE => return Err(BenchError::TooSlow(PATIENCE)),
            None => {}
        }
        if meter.is_done() {
            meter.stop();
        }
    }
    let wall = start.elapsed();
    let sample = sample.recv().map_err(|_| BenchError::Panicked)?;
    print_sample(&sample.lasting(wall))
}

/// Sends one after another; wall time is the median from a send to its acknowledgement.
pub(super) fn round_trip(task: &Task) -> Result<(), BenchError> {
    let (acknowledged, acknowledgement): (Sender<_>, Receiver<Result<(), KafkaError>>) = channel();
    let told = Told(Box::new(move |result| drop(acknowledged.send(result))));
    let mut config = task.producer();
    let producer: ThreadedProducer<Told> =
        config.set("linger.ms", "0").create_with_context(told)?;
    let payload = vec![b'x'; usize::from(RECORD_BYTES)];
    let mut times = Vec::new();
    for _ in 0..task.records {
        let start = Instant::now();
        enqueue(
            &producer,
            BaseRecord::to(&task.topic).partition(0).payload(&payload),
        )?;
        acknowledgement
            .recv_timeout(PATIENCE)
            .map_err(|_| BenchError::TooSlow(PATIENCE))??;
        times.push(start.elapsed());
    }
    times.sort_unstable();
    let at = |place: usize| times.get(place).copied().unwrap_or_default();
    let sample = Sample::now(at(times.len() / 2));
    print_sample(&sample.beside(at(times.len() * 99 / 100)))
}
