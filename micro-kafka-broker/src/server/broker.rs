//! A running broker.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::DuplexStream;
use tokio::net::TcpListener;
use tokio::runtime::{Handle, Runtime};
use tokio::task::JoinHandle;

use super::builder::BrokerBuilder;
use super::remains::Remains;
use super::running::{Blueprint, Running};
use super::start_error::StartError;
use super::state::BrokerState;
use crate::clock::BrokerClock;
use crate::fault::{Faults, Journal};
use crate::observe::HttpPort;

/// A broker; dropping it stops it.
#[derive(Debug)]
pub struct Broker {
    pub(super) blueprint: Arc<Blueprint>,
    cluster_id: String,
    pub(super) phase: Arc<Mutex<Phase>>,
    /// Held while brokers end or start, so that one follows the other.
    pub(super) changing: Arc<tokio::sync::Mutex<()>>,
    /// Where its tasks run.
    pub(super) handle: Handle,
    /// The threads of its own, if it has any.
    threads: Option<Runtime>,
    /// The HTTP port, if it has one.
    http: Option<HttpHandle>,
    /// Whether it ends with this value.
    is_owner: bool,
}

/// An HTTP port that is served.
#[derive(Debug)]
struct HttpHandle {
    address: SocketAddr,
    task: JoinHandle<()>,
}

/// Whether it runs.
#[derive(Debug)]
pub(super) enum Phase {
    Running(Running),
    /// It has crashed, and may have left something in memory.
    Down(Option<Remains>),
}

/// What a broker finds when it starts again; see [`Broker::restart`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restart {
    /// All that it had stored, in memory as well.
    WithData,
    /// Nothing, as on a new disk.
    Empty,
}

impl Broker {
    /// What a broker can be started with.
    pub fn builder() -> BrokerBuilder {
        BrokerBuilder::new()
    }

    pub(super) fn new(blueprint: Arc<Blueprint>, running: Running) -> Self {
        Self {
            blueprint,
            cluster_id: running.state.cluster_id().to_owned(),
            phase: Arc::new(Mutex::new(Phase::Running(running))),
            changing: Arc::default(),
            handle: Handle::current(),
            threads: None,
            http: None,
            is_owner: true,
        }
    }

    /// The same broker for whoever may outlive it: dropping this value does not stop it.
    fn borrowed(&self) -> Self {
        Self {
            blueprint: Arc::clone(&self.blueprint),
            cluster_id: self.cluster_id.clone(),
            phase: Arc::clone(&self.phase),
            changing: Arc::clone(&self.changing),
            handle: self.handle.clone(),
            threads: None,
            http: None,
            is_owner: false,
        }
    }

    /// Serves HTTP on this socket until the broker stops.
    pub(super) fn serve_http(&mut self, socket: TcpListener) {
        let Ok(address) = socket.local_addr() else {
            return;
        };
        let port = HttpPort {
            socket,
            broker: Arc::new(self.borrowed()),
        };
        let task = self.handle.spawn(port.run());
        self.http = Some(HttpHandle { address, task });
    }

    /// The broker, while it runs.
    pub(crate) fn state(&self) -> Option<Arc<BrokerState>> {
        match &*self.phase.lock() {
            Phase::Running(running) => Some(Arc::clone(&running.state)),
            Phase::Down(_) => None,
        }
    }

    /// The address that clients connect to, as `host:port`: that of the first listener. Several
    /// brokers have one each, separated by commas.
    #[must_use]
    pub fn bootstrap_servers(&self) -> String {
        let nodes = self.blueprint.nodes.iter();
        let first = nodes.filter_map(|plan| plan.node.endpoints.first());
        let first: Vec<_> = first.map(ToString::to_string).collect();
        first.join(",")
    }

    /// The advertised address of every listener, in the order in which they were named; broker by
    /// broker, if there are several.
    #[must_use]
    pub fn advertised(&self) -> Vec<String> {
        let nodes = self.blueprint.nodes.iter();
        let endpoints = nodes.flat_map(|plan| &plan.node.endpoints);
        endpoints.map(ToString::to_string).collect()
    }

    /// Where the HTTP port is, if there is one ([`BrokerBuilder::http`]).
    #[must_use]
    pub fn http_address(&self) -> Option<SocketAddr> {
        self.http.as_ref().map(|http| http.address)
    }

    /// The cluster's id, as clients see it; another one for every broker, unless there is a data
    /// directory.
    #[must_use]
    pub fn cluster_id(&self) -> &str {
        &self.cluster_id
    }

    /// What goes wrong on command. Rules outlive a crash.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.blueprint.surroundings.faults
    }

    /// What was asked of the broker, and what it answered; kept from [`Journal::keep`] on, and
    /// beyond a crash.
    #[must_use]
    pub fn journal(&self) -> &Journal {
        &self.blueprint.surroundings.journal
    }

    /// The broker's time, which can be moved on.
    #[must_use]
    pub fn clock(&self) -> &BrokerClock {
        &self.blueprint.surroundings.clock
    }

    /// A connection to the broker without a network: bytes of Kafka's protocol, as on a socket. Of
    /// several brokers it is the first one ([`BrokerNode::connect`](crate::BrokerNode::connect)).
    /// It is closed at once if the broker is down or refuses connections.
    #[must_use]
    pub fn connect(&self) -> DuplexStream {
        let first = self.blueprint.nodes.first().map_or(0, |plan| plan.node.id);
        match &*self.phase.lock() {
            Phase::Running(running) => running.connect(first, &self.handle),
            Phase::Down(_) => tokio::io::duplex(1).0,
        }
    }

    /// Waits until no client has been connected for that long, counted from the call at the
    /// earliest: for brokers that are to end with their last client.
    ///
    /// Cancel safe.
    pub async fn idle_for(&self, duration: Duration) {
        self.blueprint.surroundings.clients.none_for(duration).await;
    }

    /// Whether it runs: it does not between [`Broker::crash`] and [`Broker::restart`].
    #[must_use]
    pub fn is_running(&self) -> bool {
        matches!(&*self.phase.lock(), Phase::Running(_))
    }

    /// Ends the broker as a power cut would: connections break, requests in progress are neither
    /// finished nor answered, nothing is flushed or closed. Its ports stay its own, and refuse
    /// connections.
    pub async fn crash(&self) {
        let _changing = self.changing.lock().await;
        self.crash_now().await;
    }

    async fn crash_now(&self) {
        let phase = std::mem::replace(&mut *self.phase.lock(), Phase::Down(None));
        let remains = match phase {
            Phase::Running(running) => {
                for door in self.blueprint.doors() {
                    door.keep(true);
                }
                running.crash().await
            }
            Phase::Down(remains) => remains,
        };
        *self.phase.lock() = Phase::Down(remains);
    }

    /// Starts the broker again, on the same ports; one that runs crashes first. Of several brokers
    /// all start, those too that had ended before.
    ///
    /// # Errors
    /// [`StartError`], if a port was taken meanwhile or what is stored cannot be read. The broker is
    /// down then.
    pub async fn restart(&self, with: Restart) -> Result<(), StartError> {
        let _changing = self.changing.lock().await;
        self.crash_now().await;
        let phase = std::mem::replace(&mut *self.phase.lock(), Phase::Down(None));
        let remains = match phase {
            Phase::Down(remains) => remains.filter(|_| with == Restart::WithData),
            Phase::Running(_) => None,
        };
        let blueprint = Arc::clone(&self.blueprint);
        // The broker's tasks belong to its own runtime, whoever calls.
        let launched = self.handle.spawn(async move {
            if with == Restart::Empty {
                blueprint.empty_data_dir()?;
            }
            let opened = blueprint
                .nodes
                .iter()
                .map(|plan| blueprint.open_doors(plan));
            let sockets = opened.collect::<Result<_, _>>()?;
            blueprint.launch(sockets, remains).await
        });
        let launched = launched.await;
        let running =
            launched.map_err(|error| StartError::Threads(std::io::Error::other(error)))??;
        *self.phase.lock() = Phase::Running(running);
        Ok(())
    }

    /// Stops accepting, ends all connections and waits for them: at most about a second.
    ///
    /// Requests that wait (a fetch for records, a join for members) are not answered. When this
    /// returns, the ports are free, and a data directory is complete: the next start needs no
    /// recovery.
    pub async fn stop(mut self) {
        let _changing = self.changing.lock().await;
        for door in self.blueprint.doors() {
            door.keep(false);
        }
        let phase = std::mem::replace(&mut *self.phase.lock(), Phase::Down(None));
        if let Phase::Running(running) = phase {
            running.stop().await;
        }
        if let Some(http) = self.http.take() {
            http.task.abort();
            // Its port is free once it has ended.
            let _ = http.task.await;
        }
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if !self.is_owner {
            return;
        }
        if let Some(http) = self.http.take() {
            http.task.abort();
        }
        *self.phase.lock() = Phase::Down(None);
        if let Some(threads) = self.threads.take() {
            threads.shutdown_background();
        }
    }
}

/// Starts a broker on threads of its own, which end with it.
pub(super) fn on_threads(builder: BrokerBuilder, threads: usize) -> Result<Broker, StartError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads.max(1))
        .thread_name("kafka-broker")
        .enable_io()
        .enable_time()
        .build()
        .map_err(StartError::Threads)?;
    let (started, outcome) = std::sync::mpsc::sync_channel(1);
    runtime.spawn(async move {
        let _ = started.send(builder.start().await);
    });
    let broker = outcome
        .recv()
        .map_err(|_| StartError::Threads(std::io::ErrorKind::BrokenPipe.into()));
    match broker.flatten() {
        Ok(mut broker) => {
            broker.threads = Some(runtime);
            Ok(broker)
        }
        Err(error) => {
            runtime.shutdown_background();
            Err(error)
        }
    }
}
