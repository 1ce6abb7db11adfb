//! A running broker.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use super::builder::BrokerBuilder;
use super::endpoint::Endpoint;
use super::start_error::StartError;
use super::state::BrokerState;
use crate::fault::{Faults, Journal};

/// A running broker; dropping it stops it.
#[derive(Debug)]
pub struct Broker {
    state: Arc<BrokerState>,
    endpoints: Vec<Endpoint>,
    http: Option<SocketAddr>,
    stop: watch::Sender<bool>,
    /// Closed when the listeners and connections have ended.
    ended: mpsc::Receiver<()>,
    /// Flushes now and then, with a data directory.
    flusher: Option<JoinHandle<()>>,
}

impl Broker {
    /// What a broker can be started with.
    pub fn builder() -> BrokerBuilder {
        BrokerBuilder::new()
    }

    pub(super) fn new(
        state: Arc<BrokerState>,
        endpoints: Vec<Endpoint>,
        http: Option<SocketAddr>,
        stop: watch::Sender<bool>,
        ended: mpsc::Receiver<()>,
        flusher: Option<JoinHandle<()>>,
    ) -> Self {
        Self {
            state,
            endpoints,
            http,
            stop,
            ended,
            flusher,
        }
    }

    /// The address that clients connect to, as `host:port`: that of the first listener.
    #[must_use]
    pub fn bootstrap_servers(&self) -> String {
        self.endpoints
            .first()
            .map(ToString::to_string)
            .unwrap_or_default()
    }

    /// The advertised address of every listener, in the order in which they were named.
    #[must_use]
    pub fn advertised(&self) -> Vec<String> {
        self.endpoints.iter().map(ToString::to_string).collect()
    }

    /// Where the HTTP port is, if there is one ([`BrokerBuilder::http`]).
    #[must_use]
    pub fn http_address(&self) -> Option<SocketAddr> {
        self.http
    }

    /// The cluster's id, as clients see it; another one for every start, unless there is a data
    /// directory.
    #[must_use]
    pub fn cluster_id(&self) -> &str {
        self.state.cluster_id()
    }

    /// What goes wrong on command: rules for requests.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        self.state.faults()
    }

    /// What was asked of the broker, and what it answered; kept from [`Journal::keep`] on.
    #[must_use]
    pub fn journal(&self) -> &Journal {
        self.state.journal()
    }

    /// Waits until no client has been connected for that long, counted from the call at the
    /// earliest: for brokers that are to end with their last client.
    ///
    /// Cancel safe.
    pub async fn idle_for(&self, duration: Duration) {
        self.state.clients().none_for(duration).await;
    }

    /// Stops accepting, ends all connections and waits for them: at most about a second.
    ///
    /// Requests that wait (a fetch for records, a join for members) are not answered. When this
    /// returns, the ports are free, and a data directory is complete: the next start needs no
    /// recovery.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        // Nothing is ever sent: the channel closes when the last listener has ended.
        let _ = self.ended.recv().await;
        if self.state.partitions().data_dir().is_none() {
            return;
        }
        if let Some(flusher) = &self.flusher {
            flusher.abort();
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
}

impl Drop for Broker {
    fn drop(&mut self) {
        if let Some(flusher) = &self.flusher {
            flusher.abort();
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
    let serve = move || {
        let (ended, last) = oneshot::channel();
        let broker = runtime.block_on(builder.start()).map(|mut broker| {
            // The broker's own end is passed on, after the runtime has seen it.
            let (alive, outer) = mpsc::channel(1);
            let mut inner = std::mem::replace(&mut broker.ended, outer);
            runtime.spawn(async move {
                let _ = inner.recv().await;
                drop(alive);
                let _ = ended.send(());
            });
            broker
        });
        let running = broker.is_ok();
        let _ = started.send(broker);
        if running {
            let _ = runtime.block_on(last);
        }
        runtime.shutdown_background();
    };
    std::thread::Builder::new()
        .name("kafka-broker-main".to_owned())
        .spawn(serve)
        .map_err(StartError::Threads)?;
    outcome
        .recv()
        .map_err(|_| StartError::Threads(std::io::ErrorKind::BrokenPipe.into()))?
}
