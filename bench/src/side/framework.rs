//! The framework's side, written as a service writes it.

use std::collections::VecDeque;
use std::hint::black_box;
use std::sync::OnceLock;
use std::time::Instant;

use micro_kafka::KafkaApp;
use micro_kafka::config::{Config, ConfigErrors};
use micro_kafka::error::{ListenerError, Recovered, RetryListener};
use micro_kafka::listener::Delivery;
use micro_kafka::prelude::*;
use micro_kafka::template::{DeliveryFuture, KafkaTemplate, TemplateConfig};
use tokio::runtime::Runtime;

use super::{KEYS, Task, WINDOW, Who, Work, print_sample, print_when_done, slowness};
use crate::error::BenchError;
use crate::meter::{Meter, Sample};
use crate::order::Order;

/// Deliveries that are kept for each four that a template has on its way: the oldest of them are
/// acknowledged already.
const DELIVERIES: usize = 5;

/// One side is one process, so its handlers share one meter.
static METER: OnceLock<Meter> = OnceLock::new();

fn handled() {
    if let Some(meter) = METER.get() {
        meter.handled();
    }
}

#[kafka_listener(
    topics = "${bench.topic}",
    group_id = "${bench.group}",
    concurrency = 2
)]
async fn json(Json(order): Json<Order>) {
    black_box(black_box(&order).id > 0);
    handled();
}

#[kafka_listener(
    topics = "${bench.topic}",
    group_id = "${bench.group}",
    concurrency = 2
)]
async fn bytes(payload: &[u8]) {
    black_box(payload);
    handled();
}

#[kafka_listener(
    topics = "${bench.topic}",
    group_id = "${bench.group}",
    concurrency = 2
)]
#[retryable(attempts = 3, backoff = "1s")]
async fn retryable(Json(order): Json<Order>) -> Result<(), Poison> {
    black_box(black_box(&order).id > 0);
    handled();
    Ok(())
}

#[kafka_listener(topics = "${bench.topic}", group_id = "${bench.group}")]
async fn first(Json(order): Json<Order>) {
    black_box(black_box(&order).id > 0);
    handled();
}

#[kafka_listener(
    topics = "${bench.topic}",
    group_id = "${bench.group}",
    order = "key",
    parallelism = 100
)]
async fn keyed(meta: Meta) {
    tokio::time::sleep(slowness(meta.offset())).await;
    handled();
}

#[derive(Debug, thiserror::Error)]
#[error("poison")]
struct Poison;

#[kafka_listener(
    topics = "${bench.topic}",
    group_id = "${bench.group}",
    retry(attempts = 3)
)]
async fn poisoned(Json(order): Json<Order>, meta: Meta) -> Result<(), Poison> {
    black_box(black_box(&order).id > 0);
    if meta.offset() % 100 == 50 {
        return Err(Poison);
    }
    handled();
    Ok(())
}

/// A dead letter is the end of its record.
#[derive(Debug)]
struct Letters;

impl RetryListener for Letters {
    fn recovered(&self, _: &Delivery, _: &ListenerError, _: Recovered) {
        handled();
    }
}

#[kafka_listener(
    topics = "${bench.topic}",
    group_id = "${bench.group}",
    concurrency = 2,
    batch(max = 500)
)]
async fn batch(orders: Batch<Json<Order>>) {
    for order in orders.values() {
        black_box(black_box(order).id > 0);
        handled();
    }
}

/// Runs a listener over the task's records and prints what they cost.
pub(super) fn listen(task: &Task) -> Result<(), BenchError> {
    let (meter, sample) = Meter::new(task.records);
    METER.get_or_init(|| meter);
    let builder = KafkaApp::builder().config(settings(task)?);
    let app = match task.work {
        Work::HandleBytes => builder.listener(bytes),
        Work::HandleKeyed => builder.listener(keyed),
        Work::HandlePoison => builder.listener(poisoned).retry_listener(Letters),
        Work::FirstRecord => builder.listener(first),
        Work::HandleBatch if task.who == Who::Framework => builder.listener(batch),
        Work::HandleRetryable if task.who == Who::Framework => builder.listener(retryable),
        _ => builder.listener(json),
    };
    let runtime = Runtime::new().map_err(BenchError::Output)?;
    let app = runtime.block_on(async { app.build()?.start().await })?;
    let printed = print_when_done(task.work, &sample);
    runtime.block_on(app.stop());
    printed
}

pub(super) fn settings(task: &Task) -> Result<Config, ConfigErrors> {
    let mut config = Config::builder()
        .set("kafka.bootstrap-servers", &task.bootstrap)
        .set("bench.topic", &task.topic)
        .set("bench.group", &task.group);
    if task.work == Work::Rebalance {
        // Not what earlier runs have left.
        config = config.set("kafka.consumer.auto-offset-reset", "latest");
    }
    let id = match task.work {
        Work::HandleKeyed => "keyed",
        _ => "json",
    };
    for (key, value) in &task.properties {
        config = match key.strip_prefix("listener.") {
            Some(key) => config.set(format!("kafka.listeners.{id}.{key}"), value),
            None => config.set(format!("kafka.consumer.properties.{key}"), value),
        };
    }
    config.build()
}

/// Sends the task's records and prints what they cost; the first send, which connects, is not
/// counted.
///
/// The plain side has to bound what is on its way; a template does that by itself, so its
/// deliveries are looked at later. `SendInWindow` bounds it like the plain side.
pub(super) fn send(task: &Task) -> Result<(), BenchError> {
    let runtime = Runtime::new().map_err(BenchError::Output)?;
    print_sample(&runtime.block_on(pipelined(task))?)
}

async fn pipelined(task: &Task) -> Result<Sample, BenchError> {
    let mut config = TemplateConfig::new(&task.bootstrap);
    config.max_in_flight = task.in_flight.unwrap_or(config.max_in_flight);
    config.properties.clone_from(&task.properties);
    let most = config.max_in_flight * DELIVERIES / 4;
    let kafka = KafkaTemplate::new(config)?;
    let orders: Vec<Order> = (0..KEYS).map(Order::numbered).collect();
    let json = orders.iter().map(Order::json).collect::<Vec<_>>();
    kafka.send(&task.topic, &json[0]).await?;
    let start = Instant::now();
    let mut deliveries = VecDeque::new();
    for (_, (order, payload)) in (0..task.records).zip(orders.iter().zip(&json).cycle()) {
        if task.work == Work::SendInWindow && deliveries.len() == WINDOW {
            acknowledged(&mut deliveries).await?;
        }
        let send = kafka.send(&task.topic, payload).key(&order.key);
        deliveries.push_back(send.queue().await?);
        while deliveries.len() > most {
            acknowledged(&mut deliveries).await?;
        }
    }
    while !deliveries.is_empty() {
        acknowledged(&mut deliveries).await?;
    }
    Ok(Sample::now(start.elapsed()))
}

async fn acknowledged(deliveries: &mut VecDeque<DeliveryFuture>) -> Result<(), BenchError> {
    if let Some(oldest) = deliveries.pop_front() {
        oldest.await?;
    }
    Ok(())
}
