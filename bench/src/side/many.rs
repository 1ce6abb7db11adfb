//! Load of many connections at once, each on partitions of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::time::Instant;

use rdkafka::producer::{BaseRecord, Producer, ThreadedProducer};

use super::broker_load::{PATIENCE, RECORD_BYTES, Told, enqueue};
use super::{Task, print_sample};
use crate::error::BenchError;
use crate::meter::Sample;

/// Producers that send at once.
pub(crate) const CONNECTIONS: u16 = 200;
/// Records that a connection sends to a partition before it goes on to the next one.
const RUN: u64 = 100;

/// One connection, and how many acknowledgements it waits for.
struct Connection {
    producer: ThreadedProducer<Told>,
    first_partition: i32,
}

/// Sends; wall time runs from the first send until the last connection is done, the time beside it
/// until half of them are. One record of each goes first and connects.
pub(super) fn produce(task: &Task) -> Result<(), BenchError> {
    let each = (task.records / u64::from(CONNECTIONS)).max(1);
    let (acknowledged, done) = channel();
    let failed = Arc::new(AtomicU64::new(0));
    let mut connections = Vec::with_capacity(usize::from(CONNECTIONS));
    for number in 0..CONNECTIONS {
        let (acknowledged, failed) = (acknowledged.clone(), Arc::clone(&failed));
        let count = AtomicU64::new(0);
        let told = Told(Box::new(move |result| {
            let count = count.fetch_add(1, Ordering::Relaxed) + 1;
            if result.is_err() {
                failed.fetch_add(1, Ordering::Relaxed);
            }
            // The first one connects.
            if count == 1 || count == each + 1 {
                let _ = acknowledged.send(Instant::now());
            }
        }));
        connections.push(Connection {
            producer: task.producer().create_with_context(told)?,
            first_partition: i32::from(number),
        });
    }
    let partitions = partitions(task, &connections)?;
    let payload = vec![b'x'; usize::from(RECORD_BYTES)];
    let send = |connection: &Connection, run: u64| {
        let step = i32::try_from(run % 5).unwrap_or_default() * i32::from(CONNECTIONS);
        let partition = (connection.first_partition + step) % partitions;
        let record = BaseRecord::to(&task.topic).partition(partition);
        enqueue(&connection.producer, record.payload(&payload))
    };
    let all_told = || -> Result<Vec<Instant>, BenchError> {
        let told = (0..CONNECTIONS).map(|_| done.recv_timeout(PATIENCE));
        let told: Result<Vec<_>, _> = told.collect();
        told.map_err(|_| BenchError::TooSlow(PATIENCE))
    };
    for connection in &connections {
        send(connection, 0)?;
    }
    all_told()?;
    let start = Instant::now();
    for record in (0..each).step_by(usize::try_from(RUN).unwrap_or(1)) {
        for connection in &connections {
            for _ in record..each.min(record + RUN) {
                send(connection, record / RUN)?;
            }
        }
    }
    let mut ends = all_told()?;
    ends.sort_unstable();
    if failed.load(Ordering::Relaxed) > 0 {
        return Err(BenchError::Lost(failed.load(Ordering::Relaxed)));
    }
    let until = |end: Option<&Instant>| end.map_or(PATIENCE, |end| *end - start);
    let sample = Sample::now(until(ends.last()));
    print_sample(&sample.beside(until(ends.get(ends.len() / 2))))
}

/// How many partitions the topic has.
fn partitions(task: &Task, connections: &[Connection]) -> Result<i32, BenchError> {
    let Some(first) = connections.first() else {
        return Ok(1);
    };
    let client = first.producer.client();
    let metadata = client.fetch_metadata(Some(&task.topic), PATIENCE)?;
    let topic = metadata.topics().first();
    let count = topic.map_or(1, |topic| topic.partitions().len().max(1));
    Ok(i32::try_from(count).unwrap_or(1))
}
