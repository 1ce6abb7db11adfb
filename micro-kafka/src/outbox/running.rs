//! The relays of an application.

use std::fmt;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::relay::Relay;
use super::{Dialect, Outbox};
use crate::template::KafkaTemplate;

/// An outbox of any database.
pub(crate) trait Relayed: fmt::Debug + Send + Sync {
    /// Begins to relay.
    fn start(&self, template: &KafkaTemplate, runtime: &Handle) -> RelayHandle;
}

impl<DB: Dialect> Relayed for Outbox<DB> {
    fn start(&self, template: &KafkaTemplate, runtime: &Handle) -> RelayHandle {
        let template = self.template.as_ref().unwrap_or(template);
        let (stop, stopped) = watch::channel(false);
        let shards = 0..self.settings.shards.max(1);
        let tasks = shards.map(|shard| {
            let relay = Relay::new(self.clone(), template.clone(), shard, stopped.clone());
            runtime.spawn(relay.run())
        });
        let tasks = tasks.collect();
        RelayHandle { stop, tasks }
    }
}

/// Relays at work; dropped, they are abandoned.
#[derive(Debug)]
pub(crate) struct RelayHandle {
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl RelayHandle {
    /// Lets them end what they have begun, for that long at most.
    pub(crate) async fn stop(&mut self, within: Duration) {
        self.stop.send_replace(true);
        let ended = join_all(self.tasks.iter_mut());
        if tokio::time::timeout(within, ended).await.is_err() {
            tracing::warn!("the outbox was stopped in the middle: some records may be sent again");
            self.tasks.iter().for_each(JoinHandle::abort);
        }
        self.tasks.clear();
    }
}

impl Drop for RelayHandle {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}
