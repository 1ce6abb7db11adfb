//! Members of a group that are applications of the framework.

use micro_kafka::prelude::*;
use tokio::runtime::Runtime;

use super::Task;
use super::framework::settings;
use super::rebalance::{Members, handled};
use crate::error::BenchError;

/// Which member an application is.
#[derive(Debug, Clone, Copy)]
struct Member(usize);

#[kafka_listener(topics = "${bench.topic}", group_id = "${bench.group}")]
async fn watched(meta: Meta, State(member): State<Member>) {
    handled(member.0, meta.partition());
}

/// Applications of one listener each; stopped when the value is dropped.
pub(super) struct Apps<'t> {
    task: &'t Task,
    runtime: Runtime,
    running: Vec<RunningApp>,
}

impl<'t> Apps<'t> {
    pub(super) fn new(task: &'t Task) -> Result<Self, BenchError> {
        Ok(Self {
            task,
            runtime: Runtime::new().map_err(BenchError::Output)?,
            running: Vec::new(),
        })
    }
}

impl Members for Apps<'_> {
    fn join(&mut self, member: usize) -> Result<(), BenchError> {
        let app = KafkaApp::builder().config(settings(self.task)?);
        let app = app.state(Member(member)).listener(watched);
        let app = self
            .runtime
            .block_on(async { app.build()?.start().await })?;
        self.running.push(app);
        Ok(())
    }
}

impl Drop for Apps<'_> {
    fn drop(&mut self) {
        for app in self.running.drain(..) {
            self.runtime.block_on(app.stop());
        }
    }
}
