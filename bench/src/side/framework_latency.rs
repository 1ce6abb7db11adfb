//! A listener, and a template, of which the time from a send to its handler is taken.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use micro_kafka::KafkaApp;
use micro_kafka::prelude::*;
use micro_kafka::template::{KafkaTemplate, TemplateConfig};
use tokio::runtime::Runtime;

use super::framework::settings;
use super::{Task, latency};
use crate::error::BenchError;

#[kafka_listener(topics = "${bench.topic}", group_id = "${bench.group}")]
async fn timed(payload: &[u8]) {
    latency::handled(payload);
}

/// Runs a listener that takes the time of its records, until it is over.
pub(super) fn listen(task: &Task, over: &AtomicBool) -> Result<(), BenchError> {
    let builder = KafkaApp::builder().config(settings(task)?).listener(timed);
    let runtime = Runtime::new().map_err(BenchError::Output)?;
    let app = runtime.block_on(async { builder.build()?.start().await })?;
    while !over.load(Ordering::Relaxed) {
        std::thread::park_timeout(Duration::from_millis(100));
    }
    runtime.block_on(app.stop());
    Ok(())
}

/// Sends by a template; its drop waits for the last acknowledgement.
pub(super) fn send(task: &Task, over: &AtomicBool) -> Result<(), BenchError> {
    let config = TemplateConfig::new(&task.bootstrap).property("linger.ms", "0");
    let runtime = Runtime::new().map_err(BenchError::Output)?;
    let _entered = runtime.enter();
    let kafka = KafkaTemplate::new(config)?;
    latency::paced(over, |payload| {
        kafka.send(&task.topic, payload).detach();
        Ok(())
    })
}
