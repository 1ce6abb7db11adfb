//! What a broker is started with.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::net::TcpListener;

use super::bind::{ListenerSpec, address_config, advertised, bind, bind_loopback, listener_names};
use super::broker::Broker;
use super::door::Door;
use super::endpoint::{Endpoint, Node};
use super::flush_policy::FlushPolicy;
use super::node::NodePlan;
use super::running::Blueprint;
use super::start_error::StartError;
use super::surroundings::Surroundings;
use crate::clock::BrokerClock;
use crate::compat::Release;
use crate::config_file::{ConfigFile, ConfigFileError, FileListener};
use crate::loggers::Loggers;
use crate::meta::NewTopic;

const AUTO_CREATE: &str = "auto.create.topics.enable";
/// Replicas of topics where several brokers could have them.
const MOST_REPLICAS: u32 = 3;
/// The configurations that tell of it.
const FACTORS: [&str; 3] = [
    "default.replication.factor",
    "offsets.topic.replication.factor",
    "transaction.state.log.replication.factor",
];

/// What a broker is started with; made by [`Broker::builder`].
#[derive(Debug, Clone)]
#[must_use = "nothing happens until it is started"]
pub struct BrokerBuilder {
    node_id: Option<i32>,
    brokers: u32,
    listeners: Vec<ListenerSpec>,
    advertised_without_listener: Option<String>,
    topics: Vec<NewTopic>,
    config: Vec<(String, String)>,
    data_dir: Option<PathBuf>,
    file: ConfigFile,
    http: Option<String>,
    release: Release,
    network: bool,
    virtual_time: bool,
    journal: usize,
    loggers: Option<Loggers>,
}

impl BrokerBuilder {
    pub(super) fn new() -> Self {
        Self {
            node_id: None,
            brokers: 1,
            listeners: Vec::new(),
            advertised_without_listener: None,
            topics: Vec::new(),
            config: Vec::new(),
            data_dir: None,
            file: ConfigFile::default(),
            http: None,
            release: Release::NEWEST,
            network: true,
            virtual_time: false,
            journal: 0,
            loggers: None,
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

    /// Plays so many brokers, with the ids from [`BrokerBuilder::broker_id`] on; default 1.
    ///
    /// Each listens at addresses of its own: where a port is given, the nth broker takes the nth one
    /// from there on, and is advertised so. They share one state, see
    /// [`BrokerNode`](crate::BrokerNode). Topics have three replicas then, or as many as there are
    /// brokers, unless `default.replication.factor`, `offsets.topic.replication.factor` or
    /// `transaction.state.log.replication.factor` say otherwise.
    pub fn brokers(mut self, count: u32) -> Self {
        self.brokers = count;
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

    /// Listens nowhere: the broker is reached by [`Broker::connect`] alone.
    pub fn without_network(mut self) -> Self {
        self.network = false;
        self
    }

    /// Takes the wall time from tokio's clock too, beginning with 2026-01-01: on a runtime whose time
    /// is paused, everything happens at the same times in every run.
    pub fn virtual_time(mut self) -> Self {
        self.virtual_time = true;
        self
    }

    /// Keeps the last so many requests in the [`Journal`](crate::fault::Journal) from the start on.
    pub fn journal(mut self, requests: usize) -> Self {
        self.journal = requests;
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

    /// Lets admin clients read and change the levels of the program's log, as Kafka's brokers let
    /// them; default: they see one level and cannot change it.
    pub fn loggers(mut self, loggers: Loggers) -> Self {
        self.loggers = Some(loggers);
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
        if self.brokers == 0 {
            return Err(StartError::TooFewBrokers(0));
        }
        let first_id = self.node_id.or(self.file.node_id).unwrap_or(0);
        let data_dir = self.data_dir.or(self.file.data_dir);
        let specs = match self.network {
            true => listeners(self.listeners, self.file.listeners),
            false => Vec::new(),
        };
        let (mut nodes, mut sockets) = (Vec::new(), Vec::new());
        for (nth, id) in (0..self.brokers).zip(first_id..) {
            let (plan, opened) = open_node(id, nth, &specs, self.network).await?;
            nodes.push(plan);
            sockets.push(opened.into_iter().map(Some).collect());
        }
        let http = match &self.http {
            Some(address) => Some(bind_loopback(address).await?),
            None => None,
        };
        let names = listener_names(specs.len());
        let mut config = vec![(AUTO_CREATE.to_owned(), "false".to_owned())];
        if self.brokers > 1 {
            let factor = self.brokers.min(MOST_REPLICAS).to_string();
            config.extend(FACTORS.map(|name| (name.to_owned(), factor.clone())));
        }
        config.extend(self.file.values);
        config.extend(self.config);
        config.extend(nodes[0].node.config.clone());
        if let Some(path) = &data_dir {
            // Told to clients that ask where the logs are.
            let whole = std::path::absolute(path).unwrap_or_else(|_| path.clone());
            config.push(("log.dirs".to_owned(), whole.display().to_string()));
        }
        let clock = match self.virtual_time {
            true => BrokerClock::from_tokio(),
            false => BrokerClock::system(),
        };
        let blueprint = Arc::new(Blueprint {
            nodes,
            names,
            topics: self.topics,
            config,
            data_dir,
            release: self.release,
            surroundings: Surroundings {
                loggers: self.loggers,
                ..Surroundings::new(clock)
            },
        });
        blueprint.surroundings.journal.keep(self.journal);
        let running = blueprint.launch(sockets, None).await?;
        let mut broker = Broker::new(blueprint, running);
        if let Some(socket) = http {
            broker.serve_http(socket);
        }
        Ok(broker)
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

/// Opens the sockets of the nth broker.
async fn open_node(
    id: i32,
    nth: u32,
    specs: &[ListenerSpec],
    network: bool,
) -> Result<(NodePlan, Vec<TcpListener>), StartError> {
    let mut sockets = Vec::with_capacity(specs.len());
    let mut endpoints = Vec::with_capacity(specs.len());
    let mut doors = Vec::with_capacity(specs.len());
    for spec in specs {
        let spec = spec.nth(nth);
        let socket = bind(&spec.listen).await?;
        endpoints.push(advertised(&spec, &socket)?);
        let door = Door::of(&socket).map_err(|source| StartError::Listen {
            address: spec.listen.clone(),
            source,
        })?;
        doors.push(Arc::new(door));
        sockets.push(socket);
    }
    let names = listener_names(sockets.len());
    let config = address_config(id, &names, &sockets, &endpoints);
    if !network {
        // Clients are told an address all the same; they have no use for it.
        endpoints.push(Endpoint {
            host: "in-memory".to_owned(),
            port: 9092,
        });
    }
    let node = Node {
        id,
        endpoints,
        config,
    };
    Ok((NodePlan { node, doors }, sockets))
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
