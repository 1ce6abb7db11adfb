//! Transactions of ten records, one after another: the framework's, a loop that calls librdkafka
//! directly, and one that commits by rust-rdkafka's own call.
#![allow(
    unsafe_code,
    reason = "the loop to be measured beside is one that calls librdkafka itself"
)]

use std::time::{Duration, Instant};

use micro_kafka::template::{KafkaError, KafkaTemplate, TemplateConfig};
use rdkafka::bindings as rdsys;
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};
use rdkafka::util::Timeout;

use super::{Task, Who, Work, print_sample};
use crate::error::BenchError;
use crate::meter::Sample;
use crate::order::Order;

/// Records of one transaction.
const RECORDS: u64 = 10;
/// Transactions that are not counted: connections are made, and a Java server compiles.
const WARM_UP: usize = 20;
const PATIENCE: Duration = Duration::from_secs(30);

/// Makes the task's transactions and prints the median time of one.
pub(super) fn run(task: &Task) -> Result<(), BenchError> {
    let runtime = tokio::runtime::Runtime::new().map_err(BenchError::Output)?;
    let count = usize::try_from(task.records).unwrap_or(usize::MAX);
    let times = match task.who {
        Who::Plain => plain(task, count + WARM_UP)?,
        _ => runtime.block_on(framework(task, count + WARM_UP))?,
    };
    let mut times = times[WARM_UP..].to_vec();
    times.sort_unstable();
    print_sample(&Sample::now(times[times.len() / 2]))
}

async fn framework(task: &Task, count: usize) -> Result<Vec<Duration>, BenchError> {
    let kafka = KafkaTemplate::new(TemplateConfig::new(&task.bootstrap))?;
    let json = Order::numbered(1).json();
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let begun = Instant::now();
        let done = kafka.transaction(async |tx| {
            for _ in 0..RECORDS {
                tx.send(&task.topic, &json).key("k").await?;
            }
            Ok::<_, KafkaError>(())
        });
        done.await?;
        times.push(begun.elapsed());
    }
    Ok(times)
}

fn plain(task: &Task, count: usize) -> Result<Vec<Duration>, BenchError> {
    let mut settings = task.producer();
    settings
        .set("transactional.id", format!("plain-{}", task.group))
        .set("transaction.timeout.ms", "120000");
    let producer: ThreadedProducer<DefaultProducerContext> = settings.create()?;
    producer.init_transactions(PATIENCE)?;
    let json = Order::numbered(1).json();
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let begun = Instant::now();
        producer.begin_transaction()?;
        for _ in 0..RECORDS {
            let record = BaseRecord::to(&task.topic).key("k").payload(&json);
            producer.send(record).map_err(|(error, _)| error)?;
        }
        if task.work == Work::TransactionsByRdkafka {
            producer.commit_transaction(Timeout::Never)?;
        } else {
            commit(&producer)?;
        }
        times.push(begun.elapsed());
    }
    Ok(times)
}

/// Commits by librdkafka's own call, which flushes as fast as it can.
pub(super) fn commit(
    producer: &ThreadedProducer<DefaultProducerContext>,
) -> Result<(), BenchError> {
    let client = producer.client().native_ptr();
    // SAFETY: the client lives as long as the producer; an error is ours to destroy.
    let failed = unsafe {
        let error = rdsys::rd_kafka_commit_transaction(client, -1);
        let failed = !error.is_null();
        if failed {
            rdsys::rd_kafka_error_destroy(error);
        }
        failed
    };
    if failed {
        return Err(BenchError::Commit);
    }
    Ok(())
}
