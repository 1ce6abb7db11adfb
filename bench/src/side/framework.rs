//! The framework's side, written as a service writes it.

use std::collections::VecDeque;
use std::hint::black_box;
use std::sync::OnceLock;
use std::time::Instant;

use micro_kafka::KafkaApp;
use micro_kafka::config::{Config, ConfigErrors};
use micro_kafka::prelude::*;
use micro_kafka::template::{KafkaTemplate, TemplateConfig};
use tokio::runtime::Runtime;

use super::{KEYS, Task, WINDOW, Work, print_sample, print_when_done};
use crate::error::BenchError;
use crate::meter::{Meter, Sample};
use crate::order::Order;

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

#[kafka_listener(topics = "${bench.topic}", group_id = "${bench.group}")]
async fn first(Json(order): Json<Order>) {
    black_box(black_box(&order).id > 0);
    handled();
}

/// Runs a listener over the task's records and prints what they cost.
pub(super) fn listen(task: &Task) -> Result<(), BenchError> {
    let (meter, sample) = Meter::new(task.records);
    METER.get_or_init(|| meter);
    let builder = KafkaApp::builder().config(settings(task)?);
    let app = match task.work {
        Work::HandleBytes => builder.listener(bytes),
        Work::FirstRecord => builder.listener(first),
        _ => builder.listener(json),
    };
    let runtime = Runtime::new().map_err(BenchError::Output)?;
    let app = runtime.block_on(async { app.build()?.start().await })?;
    let printed = print_when_done(task.work, &sample);
    runtime.block_on(app.stop());
    printed
}

fn settings(task: &Task) -> Result<Config, ConfigErrors> {
    Config::builder()
        .set("kafka.bootstrap-servers", &task.bootstrap)
        .set("bench.topic", &task.topic)
        .set("bench.group", &task.group)
        .build()
}

/// Sends the task's records and prints what they cost, as the plain side does;
/// the first send, which connects, is not counted.
pub(super) fn send(task: &Task) -> Result<(), BenchError> {
    let runtime = Runtime::new().map_err(BenchError::Output)?;
    print_sample(&runtime.block_on(pipelined(task))?)
}

async fn pipelined(task: &Task) -> Result<Sample, BenchError> {
    let kafka = KafkaTemplate::new(TemplateConfig::new(&task.bootstrap))?;
    let orders: Vec<Order> = (0..KEYS).map(Order::numbered).collect();
    let json = orders.iter().map(Order::json).collect::<Vec<_>>();
    kafka.send(&task.topic, &json[0]).await?;
    let start = Instant::now();
    let mut window = VecDeque::with_capacity(WINDOW);
    for (_, (order, payload)) in (0..task.records).zip(orders.iter().zip(&json).cycle()) {
        if window.len() == WINDOW
            && let Some(oldest) = window.pop_front()
        {
            oldest.await?;
        }
        window.push_back(
            kafka
                .send(&task.topic, payload)
                .key(&order.key)
                .queue()
                .await?,
        );
    }
    for delivery in window {
        delivery.await?;
    }
    Ok(Sample::now(start.elapsed()))
}
