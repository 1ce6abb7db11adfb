//! A broker from its start to its end.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use tokio::io::DuplexStream;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use super::connection::{Peer, serve};
use super::door::Door;
use super::limits::ConnectionLimits;
use super::listener::{Listener, stopped};
use super::node::{NodePlan, NodeTasks};
use super::remains::Remains;
use super::start_error::StartError;
use super::state::{BrokerState, Plan};
use super::surroundings::Surroundings;
use crate::compat::Release;
use crate::log::disk::DataDir;
use crate::meta::{BrokerConfig, CatalogError, NewTopic};
use crate::upkeep::Upkeep;

/// How much a connection in memory holds that the other side has not read.
const PIPE: usize = 64 * 1024;

/// What a broker is started from, the first time and after a crash.
#[derive(Debug)]
pub(super) struct Blueprint {
    /// The brokers that it plays, at least one.
    pub(super) nodes: Vec<NodePlan>,
    /// Its listeners' names.
    pub(super) names: Vec<String>,
    /// The topics it has at least.
    pub(super) topics: Vec<NewTopic>,
    /// Its configuration.
    pub(super) config: Vec<(String, String)>,
    /// Where it keeps everything; `None` for memory.
    pub(super) data_dir: Option<PathBuf>,
    /// The release that it passes for.
    pub(super) release: Release,
    /// What outlives it.
    pub(super) surroundings: Surroundings,
}

/// A broker that runs.
#[derive(Debug)]
pub(super) struct Running {
    /// The broker.
    pub(super) state: Arc<BrokerState>,
    /// Those of its brokers that run, by id.
    pub(super) nodes: BTreeMap<i32, NodeTasks>,
    limits: Arc<ConnectionLimits>,
    stop: watch::Sender<bool>,
    /// Held by whatever must have ended before the broker has.
    alive: mpsc::WeakSender<()>,
    ended: mpsc::Receiver<()>,
    /// Flushes now and then, with a data directory.
    flusher: Option<JoinHandle<()>>,
}

impl Blueprint {
    /// Where its brokers listen.
    pub(super) fn doors(&self) -> impl Iterator<Item = &Arc<Door>> {
        self.nodes.iter().flat_map(|plan| &plan.doors)
    }

    /// Starts the broker on these sockets, in the order of its brokers and their doors.
    ///
    /// # Errors
    /// [`StartError`], which names the directory, topic or configuration that is at fault.
    pub(super) async fn launch(
        &self,
        sockets: Vec<Vec<Option<TcpListener>>>,
        remains: Option<Remains>,
    ) -> Result<Running, StartError> {
        let nodes: Vec<_> = self.nodes.iter().map(|plan| plan.node.clone()).collect();
        let first = nodes.first().map_or(0, |node| node.id);
        let data = match &self.data_dir {
            Some(path) => Some(Arc::new(DataDir::open(path, first)?)),
            None => None,
        };
        let state = Arc::new(BrokerState::new(Plan {
            config: BrokerConfig::new(self.config.clone())?,
            node_id: first,
            listeners: self.names.clone(),
            nodes,
            data,
            remains,
            release: self.release,
            surroundings: self.surroundings.clone(),
        })?);
        let catalog = Arc::clone(state.catalog());
        let limits = ConnectionLimits::new(catalog, state.clock().clone()).await?;
        // Those that had ended before a crash of all are back.
        for node in state.nodes() {
            state.catalog().set_live(node.id, true);
        }
        let before = state.catalog().image();
        let missing = self.topics.iter();
        for topic in missing.filter(|topic| before.topic(&topic.name).is_none()) {
            let created = state.catalog().create_topic(topic, false);
            created.map_err(|error| topic_error(topic, &error))?;
        }
        if state.take_up() {
            let state = Arc::clone(&state);
            tokio::task::spawn_blocking(move || state.load_coordinators());
        }
        Ok(self.run(state, Arc::new(limits), sockets))
    }

    /// Listens again at all doors of a broker, unless connections are refused.
    ///
    /// # Errors
    /// [`StartError::Listen`] if somebody else has the port.
    pub(super) fn open_doors(
        &self,
        plan: &NodePlan,
    ) -> Result<Vec<Option<TcpListener>>, StartError> {
        let refusing = *self.surroundings.faults.switches().refusing().borrow();
        let opened = plan.doors.iter().map(|door| {
            if refusing {
                return Ok(None);
            }
            let socket = door.open();
            socket.map(Some).map_err(|source| StartError::Listen {
                address: door.address().to_string(),
                source,
            })
        });
        opened.collect()
    }

    /// Removes what an earlier start has left in the data directory.
    ///
    /// # Errors
    /// [`StartError::Emptied`] if that is not possible.
    pub(super) fn empty_data_dir(&self) -> Result<(), StartError> {
        let Some(path) = &self.data_dir else {
            return Ok(());
        };
        let empty = || -> std::io::Result<()> {
            for entry in std::fs::read_dir(path)? {
                let entry = entry?;
                match entry.file_type()?.is_dir() {
                    true => std::fs::remove_dir_all(entry.path())?,
                    false => std::fs::remove_file(entry.path())?,
                }
            }
            Ok(())
        };
        empty().map_err(|source| StartError::Emptied {
            dir: path.clone(),
            source,
        })
    }

    fn run(
        &self,
        state: Arc<BrokerState>,
        limits: Arc<ConnectionLimits>,
        sockets: Vec<Vec<Option<TcpListener>>>,
    ) -> Running {
        let (stop, stopping) = watch::channel(false);
        let (alive, ended) = mpsc::channel(1);
        let upkeep = Upkeep {
            catalog: Arc::clone(state.catalog()),
            partitions: Arc::clone(state.partitions()),
            clock: state.clock().clone(),
            stop: stopping,
        };
        upkeep.start(&alive);
        let on_disk = state.partitions().data_dir().is_some();
        let flusher = on_disk.then(|| tokio::spawn(Arc::clone(&state).run_flusher()));
        let mut running = Running {
            state,
            nodes: BTreeMap::new(),
            limits,
            stop,
            alive: alive.downgrade(),
            ended,
            flusher,
        };
        for (plan, sockets) in self.nodes.iter().zip(sockets) {
            running.start_node(plan, sockets);
        }
        running
    }
}

impl Running {
    /// Has one of its brokers listen on these sockets, in the order of its doors.
    pub(super) fn start_node(&mut self, plan: &NodePlan, sockets: Vec<Option<TcpListener>>) {
        let Some(all) = self.alive.upgrade() else {
            return;
        };
        let (stop, stopping) = watch::channel(false);
        let (alive, ended) = mpsc::channel(1);
        for (index, (door, socket)) in plan.doors.iter().zip(sockets).enumerate() {
            let listener = Listener {
                door: Arc::clone(door),
                socket,
                index,
                node: plan.node.id,
                broker: Arc::clone(&self.state),
                limits: Arc::clone(&self.limits),
                stop: stopping.clone(),
                alive: [alive.clone(), all.clone()],
            };
            tokio::spawn(listener.run());
        }
        let tasks = NodeTasks {
            stop,
            alive: alive.downgrade(),
            ended,
        };
        self.nodes.insert(plan.node.id, tasks);
    }

    /// Serves one side of a pipe, and returns the other one; closed if the broker refuses it.
    pub(super) fn connect(&self, node: i32, runtime: &tokio::runtime::Handle) -> DuplexStream {
        let (client, server) = tokio::io::duplex(PIPE);
        let refusing = *self.state.faults().switches().refusing().borrow();
        let alive = self.alive.upgrade().filter(|_| !refusing);
        let Some((alive, tasks)) = alive.zip(self.nodes.get(&node)) else {
            return client;
        };
        let connection = self.state.next_connection();
        let port = u16::try_from(connection % 0xffff).unwrap_or(0);
        let peer = Peer {
            broker: Arc::clone(&self.state),
            node,
            listener: 0,
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            connection,
        };
        let mut stop = tasks.stop.subscribe();
        let of_node = tasks.alive.upgrade();
        runtime.spawn(async move {
            tokio::select! {
                biased;
                () = stopped(&mut stop) => {}
                () = serve(server, peer, None) => {}
            }
            drop((alive, of_node));
        });
        client
    }

    /// Ends it as a power cut would: nothing more is written, nobody is answered. Returns what its
    /// memory keeps, unless it has a directory.
    pub(super) async fn crash(mut self) -> Option<Remains> {
        self.end().await;
        match self.state.partitions().data_dir() {
            Some(data) => {
                data.release();
                None
            }
            None => Some(self.state.remains()),
        }
    }

    /// Ends it so that the next start needs no recovery.
    pub(super) async fn stop(mut self) {
        self.end().await;
        if self.state.partitions().data_dir().is_none() {
            return;
        }
        // The disk may take its time: the caller's runtime goes on meanwhile.
        let (closed, done) = oneshot::channel();
        let state = Arc::clone(&self.state);
        let close = move || {
            state.close();
            let _ = closed.send(());
        };
        match std::thread::Builder::new()
            .name("kafka-broker-close".to_owned())
            .spawn(close)
        {
            Ok(_) => drop(done.await),
            Err(_) => self.state.close(),
        }
    }

    async fn end(&mut self) {
        self.stop.send_replace(true);
        for tasks in self.nodes.values() {
            tasks.stop.send_replace(true);
        }
        // Nothing is ever sent: the channel closes when the last listener has ended.
        let _ = self.ended.recv().await;
        if let Some(flusher) = self.flusher.take() {
            flusher.abort();
            let _ = flusher.await;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(flusher) = &self.flusher {
            flusher.abort();
        }
    }
}

fn topic_error(topic: &NewTopic, error: &CatalogError) -> StartError {
    StartError::Topic {
        topic: topic.name.clone(),
        reason: error.to_string(),
    }
}
