//! One of several brokers that a process plays: its end and its return.

use std::sync::Arc;

use tokio::io::DuplexStream;
use tokio::sync::{mpsc, watch};

use super::broker::{Broker, Phase};
use super::door::Door;
use super::endpoint::Node;
use super::start_error::StartError;

/// A broker as it is started: where it listens, and what clients are told of it.
#[derive(Debug)]
pub(super) struct NodePlan {
    /// What clients are told.
    pub(super) node: Node,
    /// Where it listens.
    pub(super) doors: Vec<Arc<Door>>,
}

/// What runs of a broker.
#[derive(Debug)]
pub(super) struct NodeTasks {
    /// Ends its listeners and connections.
    pub(super) stop: watch::Sender<bool>,
    /// Held by whatever must have ended before the broker has.
    pub(super) alive: mpsc::WeakSender<()>,
    pub(super) ended: mpsc::Receiver<()>,
}

impl NodeTasks {
    /// Ends its listeners and connections, and waits for them.
    pub(super) async fn end(mut self) {
        self.stop.send_replace(true);
        // Nothing is ever sent: the channel closes when the last listener has ended.
        let _ = self.ended.recv().await;
    }
}

/// One of the brokers of a [`Broker`] that plays several
/// ([`BrokerBuilder::brokers`](crate::BrokerBuilder::brokers)), or the only one.
///
/// All of them share one state: what one has stored is not lost with it. When it ends, the
/// partitions that it led are led by the next replica in sync, with a new leader epoch, or by none;
/// what it coordinated is coordinated by others. When it returns it is in sync at once, and leads
/// what nobody else leads: an election of preferred leaders (ElectLeaders) gives it back the rest.
#[derive(Debug, Clone, Copy)]
pub struct BrokerNode<'a> {
    broker: &'a Broker,
    id: i32,
}

impl Broker {
    /// The ids of its brokers.
    #[must_use]
    pub fn node_ids(&self) -> Vec<i32> {
        let nodes = &self.blueprint.nodes;
        nodes.iter().map(|plan| plan.node.id).collect()
    }

    /// One of its brokers, by id; `None` if there is no such one.
    #[must_use]
    pub fn node(&self, id: i32) -> Option<BrokerNode<'_>> {
        let known = self.node_ids().contains(&id);
        known.then_some(BrokerNode { broker: self, id })
    }
}

impl BrokerNode<'_> {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> i32 {
        self.id
    }

    /// The address that clients connect to, as `host:port`: that of its first listener.
    #[must_use]
    pub fn bootstrap_servers(&self) -> String {
        let endpoints = self.plan().map(|plan| &plan.node.endpoints);
        let first = endpoints.and_then(|endpoints| endpoints.first());
        first.map(ToString::to_string).unwrap_or_default()
    }

    /// Whether it runs.
    #[must_use]
    pub fn is_running(&self) -> bool {
        match &*self.broker.phase.lock() {
            Phase::Running(running) => running.nodes.contains_key(&self.id),
            Phase::Down(_) => false,
        }
    }

    /// A connection to this broker without a network, as [`Broker::connect`].
    #[must_use]
    pub fn connect(&self) -> DuplexStream {
        match &*self.broker.phase.lock() {
            Phase::Running(running) => running.connect(self.id, &self.broker.handle),
            Phase::Down(_) => tokio::io::duplex(1).0,
        }
    }

    /// Shuts it down as an operator does: others lead first, then its connections end. Its ports
    /// stay its own, and refuse connections. One that does not run stays as it is.
    pub async fn stop(&self) {
        let _changing = self.broker.changing.lock().await;
        self.set_live(false).await;
        self.end().await;
    }

    /// Ends it as a power cut would: its connections break, requests in progress are neither finished
    /// nor answered, and then others lead. Its ports stay its own, and refuse connections.
    pub async fn kill(&self) {
        let _changing = self.broker.changing.lock().await;
        self.end().await;
        self.set_live(false).await;
    }

    /// Starts it again, on its ports. One that runs stays as it is.
    ///
    /// # Errors
    /// [`StartError`], if a port was taken meanwhile, or the whole [`Broker`] is down.
    pub async fn start(&self) -> Result<(), StartError> {
        let _changing = self.broker.changing.lock().await;
        if self.is_running() {
            return Ok(());
        }
        let (blueprint, phase) = (
            Arc::clone(&self.broker.blueprint),
            Arc::clone(&self.broker.phase),
        );
        let id = self.id;
        // Its tasks belong to the broker's own runtime, whoever calls.
        let started = self.broker.handle.spawn(async move {
            let Some(plan) = blueprint.nodes.iter().find(|plan| plan.node.id == id) else {
                return Ok(());
            };
            let sockets = blueprint.open_doors(plan)?;
            match &mut *phase.lock() {
                Phase::Running(running) => {
                    running.start_node(plan, sockets);
                    Ok(())
                }
                Phase::Down(_) => Err(StartError::Down(id)),
            }
        });
        let started = started.await;
        started.map_err(|error| StartError::Threads(std::io::Error::other(error)))??;
        self.set_live(true).await;
        Ok(())
    }

    fn plan(&self) -> Option<&NodePlan> {
        let mut nodes = self.broker.blueprint.nodes.iter();
        nodes.find(|plan| plan.node.id == self.id)
    }

    async fn end(&self) {
        for door in self.plan().into_iter().flat_map(|plan| &plan.doors) {
            door.keep(true);
        }
        let tasks = match &mut *self.broker.phase.lock() {
            Phase::Running(running) => running.nodes.remove(&self.id),
            Phase::Down(_) => None,
        };
        if let Some(tasks) = tasks {
            tasks.end().await;
        }
    }

    /// Has leaders and coordinators follow; they read what they have to, which blocks.
    async fn set_live(&self, is_live: bool) {
        let Some(state) = self.broker.state() else {
            return;
        };
        let id = self.id;
        let followed = self
            .broker
            .handle
            .spawn_blocking(move || state.catalog().set_live(id, is_live));
        // It ends with the runtime at the latest.
        let _ = followed.await;
    }
}
