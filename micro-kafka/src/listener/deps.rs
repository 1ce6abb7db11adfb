//! What containers are given by the application.

use std::sync::Arc;

use tokio::runtime::Handle;

use super::quarantine::Warden;
use super::{FailureHooks, Interceptors, Layers, RebalanceListener, States};
use crate::clock::Clock;
use crate::error::{ErrorHandler, Fences, Recover};
use crate::observe::Propagation;

/// What a container needs beside its endpoint. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ContainerDeps {
    /// Time for retries, back-offs and commit intervals.
    pub clock: Clock,
    /// The application's values.
    pub states: Arc<States>,
    /// Decides what becomes of failed records.
    pub error_handler: Arc<dyn ErrorHandler>,
    /// Takes over records whose attempts are used up.
    pub recoverer: Arc<dyn Recover>,
    /// Keys of which a record is in retry, where others wait for it.
    pub(crate) fences: Option<Arc<Fences>>,
    /// Says who of the process may run records while it is looked for the one that kills it.
    pub(crate) warden: Arc<Warden>,
    /// Is told of partitions that come and go.
    pub rebalance_listener: Option<Arc<dyn RebalanceListener>>,
    /// Who looks on at each attempt.
    pub interceptors: Interceptors,
    /// Who is told of failures.
    pub failure_hooks: FailureHooks,
    /// What stands around each handler.
    pub layers: Layers,
    /// Ties spans to a tracing system.
    pub propagation: Option<Arc<dyn Propagation>>,
    /// The prefix of all topics and groups, dot included; empty if there is none.
    pub namespace: Arc<str>,
    /// The multi-thread runtime on which handlers find their timers, sockets and tasks.
    pub runtime: Handle,
}
