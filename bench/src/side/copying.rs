//! Consume, process, produce, exactly once: a transactional listener beside a loop that begins a
//! transaction, handles so many records, sends what they bring about and the offsets, and commits
//! by librdkafka's own call.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use micro_kafka::KafkaApp;
use micro_kafka::config::Config;
use micro_kafka::prelude::*;
use rdkafka::TopicPartitionList;
use rdkafka::admin::{AdminOptions, NewTopic, TopicReplication};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};
use rdkafka::util::Timeout;
use tokio::runtime::Runtime;

use super::transactions::commit;
use super::{Task, Who, Work, admin, print_sample};
use crate::error::BenchError;
use crate::meter::Sample;
use crate::order::Order;

/// Partitions of the output.
const PARTITIONS: i32 = 6;
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a transaction that is not full waits for records.
const LINGER: Duration = Duration::from_millis(100);

/// When the first record was handled: what is before it is the start.
static FIRST: OnceLock<Instant> = OnceLock::new();

/// The most records of one transaction.
fn most(work: Work) -> usize {
    match work {
        Work::CopyInLarge => 10_000,
        _ => 500,
    }
}

#[kafka_listener(
    topics = "${bench.topic}",
    group_id = "${bench.group}",
    send_to = "${bench.output}",
    transactional
)]
async fn copy(Json(order): Json<Order>) -> Json<Order> {
    FIRST.get_or_init(Instant::now);
    Json(order)
}

/// Copies the task's records and prints what they cost, from the first one handled to the last one
/// committed.
pub(super) fn run(task: &Task) -> Result<(), BenchError> {
    let runtime = Runtime::new().map_err(BenchError::Output)?;
    let output = format!("{}-{}", task.topic, task.group);
    let client = admin(&task.bootstrap)?;
    let options = AdminOptions::new().operation_timeout(Some(PATIENCE));
    let topic = NewTopic::new(&output, PARTITIONS, TopicReplication::Fixed(1));
    runtime.block_on(client.create_topics([&topic], &options))?;
    let spent = match task.who {
        Who::Plain => plain(task, &output),
        _ => runtime.block_on(framework(task, &output)),
    };
    let sample = spent.map(Sample::now);
    runtime.block_on(client.delete_topics(&[&output], &options))?;
    print_sample(&sample?)
}

async fn framework(task: &Task, output: &str) -> Result<Duration, BenchError> {
    let most = most(task.work).to_string();
    let mut config = Config::builder()
        .set("kafka.bootstrap-servers", &task.bootstrap)
        .set("bench.topic", &task.topic)
        .set("bench.group", &task.group)
        .set("bench.output", output)
        .set("kafka.listener.transaction.max", &most);
    if task.work == Work::CopyInLarge {
        config = config.set("kafka.listener.transaction.linger", "100ms");
    }
    for (key, value) in &task.properties {
        config = config.set(format!("kafka.consumer.properties.{key}"), value);
    }
    let app = KafkaApp::builder().config(config.build()?).listener(copy);
    let app = app.build()?.start().await?;
    let container = &app.containers()[0];
    container.assigned(1).await;
    while container.stats().handled < task.records {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    container.quiet().await;
    let spent = FIRST.get().map(Instant::elapsed).unwrap_or_default();
    app.stop().await;
    Ok(spent)
}

fn plain(task: &Task, output: &str) -> Result<Duration, BenchError> {
    let mut settings = task.producer();
    settings
        .set("transactional.id", format!("plain-{}", task.group))
        .set("transaction.timeout.ms", "120000");
    let producer: ThreadedProducer<DefaultProducerContext> = settings.create()?;
    producer.init_transactions(PATIENCE)?;
    let consumer: BaseConsumer = task.consumer().create()?;
    consumer.subscribe(&[&task.topic])?;
    let mut left = task.records;
    let mut began = None;
    while left > 0 {
        let mut offsets = TopicPartitionList::new();
        let mut in_it = 0;
        let mut until = None;
        while in_it < most(task.work) && until.is_none_or(|until| Instant::now() < until) {
            let Some(message) = consumer.poll(Duration::from_millis(20)) else {
                match in_it {
                    0 => continue,
                    _ if task.work == Work::CopyInLarge => continue,
                    _ => break,
                }
            };
            let message = message?;
            began.get_or_insert_with(Instant::now);
            if in_it == 0 {
                until = Some(Instant::now() + LINGER);
                producer.begin_transaction()?;
            }
            send(&producer, output, &message)?;
            let (topic, next) = (message.topic(), message.offset() + 1);
            let next = rdkafka::Offset::Offset(next);
            if offsets.find_partition(topic, message.partition()).is_none() {
                offsets.add_partition(topic, message.partition());
            }
            offsets.set_partition_offset(topic, message.partition(), next)?;
            in_it += 1;
            left -= 1;
            if left == 0 {
                break;
            }
        }
        if let Some(group) = consumer.group_metadata() {
            producer.send_offsets_to_transaction(&offsets, &group, Timeout::Never)?;
        }
        commit(&producer)?;
    }
    Ok(began.map(|began| began.elapsed()).unwrap_or_default())
}

fn send(
    producer: &ThreadedProducer<DefaultProducerContext>,
    output: &str,
    message: &BorrowedMessage<'_>,
) -> Result<(), BenchError> {
    let order: Order = serde_json::from_slice(message.payload().unwrap_or_default())
        .map_err(BenchError::Sample)?;
    let json = order.json();
    let mut record = BaseRecord::to(output).payload(&json);
    if let Some(key) = message.key() {
        record = record.key(key);
    }
    producer.send(record).map_err(|(error, _)| error)?;
    Ok(())
}
