//! What a broker is started with.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};

use super::bind::{ListenerSpec, address_config, advertised, bind, bind_loopback, listener_names};
use super::broker::Broker;
use super::endpoint::{Endpoint, Node};
use super::flush_policy::FlushPolicy;
use super::limits::ConnectionLimits;
use super::listener::Listener;
use super::start_error::StartError;
use super::state::BrokerState;
use crate::compat::Release;
use crate::config_file::{ConfigFile, ConfigFileError, FileListener};
use crate::log::disk::DataDir;
use crate::meta::{BrokerConfig, CatalogError, NewTopic};
use crate::observe::HttpPort;
use crate::upkeep::Upkeep;

const AUTO_CREATE: &str = "auto.create.topics.enable";

/// What a broker is started with; made by [`Broker::builder`].
#[derive(Debug, Clone)]
#[must_use = "nothing happens until it is started"]
pub struct BrokerBuilder {
    node_id: Option<i32>,
    listeners: Vec<ListenerSpec>,
    advertised_without_listener: Option<String>,
    topics: Vec<NewTopic>,
    config: Vec<(String, String)>,
    data_dir: Option<PathBuf>,
    file: ConfigFile,
    http: Option<String>,
    release: Release,
}

impl BrokerBuilder {
    pub(super) fn new() -> Self {
        Self {
            node_id: None,
            listeners: Vec::new(),
            advertised_without_listener: None,
            topics: Vec::new(),
            config: Vec::new(),
            data_dir: None,
            file: ConfigFile::default(),
            http: None,
            release: Release::NEWEST,
        }
    }

    /// Listens on `host:port`; port 0 takes any free one. May be called several times: clients
    /// are told the address of the listener that they use. Without a call: `127.0.0.1:0`.
    pub fn listen(mut self, address: impl Into<String>) -> Self {
        self.listeners.push(ListenerSpec {
            listen: address.into(),
            advertised: None,
        });
        self
    }

    /// Whether a listener was named, in the program or in a file.
    #[must_use]
    pub fn has_listeners(&self) -> bool {
        !self.listeners.is_empty() || !self.file.listeners.is_empty()
    }

    /// Tells clients of the listener named last to connect to `host` or `host:port`, where that
    /// is not the address listened on: behind a port mapping, or to have a host name.
    pub fn advertise(mut self, address: impl Into<String>) -> Self {
        match self.listeners.last_mut() {
            Some(listener) => listener.advertised = Some(address.into()),
            None => self.advertised_without_listener = Some(address.into()),
        }
        self
    }

    /// Creates a topic at start, unless the data directory has one of that name. With -1 it has as
    /// many partitions as [`BrokerBuilder::default_partitions`] says.
    pub fn topic(mut self, name: impl Into<String>, partitions: i32) -> Self {
        self.topics.push(NewTopic {
            name: name.into(),
            partitions,
            replication_factor: -1,
            ..NewTopic::default()
        });
        self
    }

    /// Whether a topic is created when a client asks for it; default false.
    pub fn auto_create(self, enabled: bool) -> Self {
        self.config(AUTO_CREATE, enabled.to_string())
    }

    /// Partitions of topics that are created without a number; default 1.
    pub fn default_partitions(self, partitions: i32) -> Self {
        self.config("num.partitions", partitions.to_string())
    }

    /// The broker's id; default 0.
    pub fn broker_id(mut self, id: i32) -> Self {
        self.node_id = Some(id);
        self
    }

    /// Sets any of the broker's configurations by its Kafka name, such as
    /// `group.min.session.timeout.ms`.
    pub fn config(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let name = name.into();
        self.config.retain(|(known, _)| *known != name);
        self.config.push((name, value.into()));
        self
    }

    /// Keeps everything in a directory, in Apache Kafka's formats, so that it is there again after
    /// a restart; default: in memory. The directory is created if there is none.
    pub fn data_dir(mut self, path: impl Into<PathBuf>) -> Self {
        self.data_dir = Some(path.into());
        self
    }

    /// When records in a data directory are flushed to the disk; default
    /// [`FlushPolicy::Never`].
    pub fn flush(self, policy: FlushPolicy) -> Self {
        policy
            .config()
            .into_iter()
            .fold(self, |builder, (name, value)| builder.config(name, value))
    }

    /// Serves health, metrics, topics, groups and control over the broker as HTTP and JSON on
    /// `host:port`, which must be a loopback address; port 0 takes any free one. Default: not.
    pub fn http(mut self, address: impl Into<String>) -> Self {
        self.http = Some(address.into());
        self
    }

    /// Passes for an older release of Apache Kafka: tells its APIs in its versions, refuses newer
    /// requests as it did, and has no features of its successors. What Kafka 4 no longer serves is
    /// not served either. Default: [`Release::NEWEST`].
    pub fn emulate(mut self, release: Release) -> Self {
        self.release = release;
        self
    }

    /// Takes a file's settings: TOML, or Java's properties where the name ends in `.properties`.
    /// The names are Kafka's, `listeners`, `log.dirs` and `node.id` included. What is said in the
    /// program, before or after, wins over the file.
    ///
    /// # Errors
    /// [`ConfigFileError`], which names file, line and key of everything that is wrong.
    pub fn config_file(mut self, path: impl AsRef<Path>) -> Result<Self, ConfigFileError> {
        self.file = ConfigFile::read(path.as_ref())?;
        Ok(self)
    }

    /// Starts the broker on the caller's tokio runtime. It answers from the moment this returns.
    ///
    /// Cancel safe: a broker whose start is dropped listens nowhere.
    ///
    /// # Errors
    /// [`StartError`], which names the address, topic or configuration that is at fault.
    pub async fn start(self) -> Result<Broker, StartError> {
        if let Some(address) = self.advertised_without_listener {
            return Err(StartError::AdvertisedWithoutListener(address));
        }
        let node_id = self.node_id.or(self.file.node_id).unwrap_or(0);
        let data_dir = self.data_dir.or(self.file.data_dir);
        let specs = listeners(self.listeners, self.file.listeners);
        let mut sockets = Vec::with_capacity(specs.len());
        let mut endpoints = Vec::with_capacity(specs.len());
        for spec in &specs {
            let socket = bind(&spec.listen).await?;
            endpoints.push(advertised(spec, &socket)?);
            sockets.push(socket);
        }
        let http = match &self.http {
            Some(address) => Some(bind_loopback(address).await?),
            None => None,
        };
        let names = listener_names(sockets.len());
        let mut config = vec![(AUTO_CREATE.to_owned(), "false".to_owned())];
        config.extend(self.file.values);
        config.extend(self.config);
        config.extend(address_config(node_id, &names, &sockets, &endpoints));
        let nodes = vec![Node {
            id: node_id,
            endpoints: endpoints.clone(),
        }];
        if let Some(path) = &data_dir {
            // Told to clients that ask where the logs are.
            let whole = std::path::absolute(path).unwrap_or_else(|_| path.clone());
            config.push(("log.dirs".to_owned(), whole.display().to_string()));
        }
        let config = BrokerConfig::new(config)?;
        let data = match &data_dir {
            Some(path) => Some(Arc::new(DataDir::open(path, node_id)?)),
            None => None,
        };
        let mut state = BrokerState::new(config, node_id, names, nodes, data.as_ref())?;
        state.emulate(self.release);
        let state = Arc::new(state);
        let catalog = Arc::clone(state.catalog());
        let limits = ConnectionLimits::new(catalog, state.clock().clone()).await?;
        let before = state.catalog().image();
        for topic in &self.topics {
            if before.topic(&topic.name).is_some() {
                continue;
            }
            let created = state.catalog().create_topic(topic, false);
            created.map_err(|error| topic_error(topic, &error))?;
        }
        if state.take_up() {
            let state = Arc::clone(&state);
            tokio::task::spawn_blocking(move || state.load_coordinators());
        }
        Ok(run(state, limits, sockets, endpoints, http))
    }

    /// Starts the broker on `threads` threads of its own, so that it answers while the caller's
    /// runtime is blocked, or where there is none. It answers from the moment this returns.
    ///
    /// # Errors
    /// As [`BrokerBuilder::start`].
    pub fn start_on_threads(self, threads: usize) -> Result<Broker, StartError> {
        super::broker::on_threads(self, threads)
    }
}

/// Those named in the program, or those of the file, or one on any free port.
fn listeners(named: Vec<ListenerSpec>, of_file: Vec<FileListener>) -> Vec<ListenerSpec> {
    if !named.is_empty() {
        return named;
    }
    if of_file.is_empty() {
        return vec![ListenerSpec {
            listen: "127.0.0.1:0".to_owned(),
            advertised: None,
        }];
    }
    let spec = |listener: FileListener| ListenerSpec {
        listen: listener.listen,
        advertised: listener.advertised,
    };
    of_file.into_iter().map(spec).collect()
}

fn topic_error(topic: &NewTopic, error: &CatalogError) -> StartError {
    StartError::Topic {
        topic: topic.name.clone(),
        reason: error.to_string(),
    }
}

fn run(
    state: Arc<BrokerState>,
    limits: ConnectionLimits,
    sockets: Vec<TcpListener>,
    endpoints: Vec<Endpoint>,
    http: Option<TcpListener>,
) -> Broker {
    let limits = Arc::new(limits);
    let (stop, stopping) = watch::channel(false);
    let (alive, ended) = mpsc::channel(1);
    let upkeep = Upkeep {
        catalog: Arc::clone(state.catalog()),
        partitions: Arc::clone(state.partitions()),
        clock: state.clock().clone(),
        stop: stopping.clone(),
    };
    upkeep.start(&alive);
    for (index, socket) in sockets.into_iter().enumerate() {
        let listener = Listener {
            socket,
            index,
            broker: Arc::clone(&state),
            limits: Arc::clone(&limits),
            stop: stopping.clone(),
            alive: alive.clone(),
        };
        tokio::spawn(listener.run());
    }
    let http_address = http.as_ref().and_then(|socket| socket.local_addr().ok());
    if let Some(socket) = http {
        let port = HttpPort {
            socket,
            broker: Arc::clone(&state),
            stop: stopping,
            alive,
        };
        tokio::spawn(port.run());
    }
    let on_disk = state.partitions().data_dir().is_some();
    let flusher = on_disk.then(|| tokio::spawn(Arc::clone(&state).run_flusher()));
    Broker::new(state, endpoints, http_address, stop, ended, flusher)
}
