//! Makes the containers of an application.

use std::sync::Arc;

use tokio::runtime::Handle;

use super::resolve::{ErrorHandlers, Plan};
use super::running::{default_handler, default_recoverer};
use crate::clock::Clock;
use crate::config::Config;
use crate::error::{ErrorHandler, Recover};
use crate::listener::{
    ContainerDeps, FailureHooks, Interceptors, Layers, ListenerContainer, RebalanceListener, States,
};
use crate::template::KafkaTemplate;

/// What all containers of an application are given.
#[derive(Debug)]
pub(super) struct Maker {
    pub(super) config: Config,
    pub(super) states: Arc<States>,
    pub(super) template: KafkaTemplate,
    pub(super) clock: Clock,
    pub(super) error_handler: Option<Arc<dyn ErrorHandler>>,
    pub(super) error_handlers: ErrorHandlers,
    pub(super) recoverer: Option<Arc<dyn Recover>>,
    pub(super) rebalance_listener: Option<Arc<dyn RebalanceListener>>,
    pub(super) interceptors: Interceptors,
    pub(super) failure_hooks: FailureHooks,
    pub(super) layers: Layers,
    pub(super) runtime: Handle,
}

impl Maker {
    /// A container that does not run yet.
    pub(super) fn container(&self, plan: Plan) -> ListenerContainer {
        let error_handler = plan.error_handler.clone();
        let recoverer = self.recoverer.clone();
        let deps = ContainerDeps {
            clock: self.clock.clone(),
            states: Arc::clone(&self.states),
            error_handler: error_handler
                .or_else(|| self.error_handler.clone())
                .unwrap_or_else(|| default_handler(&plan)),
            recoverer: recoverer.unwrap_or_else(|| default_recoverer(&plan, &self.template)),
            rebalance_listener: self.rebalance_listener.clone(),
            interceptors: self.interceptors.clone(),
            failure_hooks: self.failure_hooks.clone(),
            layers: self.layers.clone(),
            namespace: self.config.kafka().namespaced("").into(),
            runtime: self.runtime.clone(),
        };
        ListenerContainer::new(plan.endpoint, deps)
    }
}
