//! Makes the containers of an application.

use std::sync::Arc;

use tokio::runtime::Handle;

use super::error::Error;
use super::memory::Windows;
use super::resolve::{Parts, Plan};
use super::retry_topics::{error_handler, fences, readers, recoverer};
use crate::clock::Clock;
use crate::config::Config;
use crate::error::{ErrorHandler, Recover};
use crate::listener::{
    ContainerDeps, FailureHooks, Interceptors, Layers, ListenerContainer, RebalanceListener,
    States, Warden,
};
use crate::observe::{MetricTags, Propagation};
use crate::template::KafkaTemplate;

/// What all containers of an application are given.
#[derive(Debug)]
pub(super) struct Maker {
    pub(super) config: Config,
    pub(super) states: Arc<States>,
    pub(super) template: KafkaTemplate,
    pub(super) clock: Clock,
    pub(super) error_handler: Option<Arc<dyn ErrorHandler>>,
    pub(super) parts: Parts,
    pub(super) recoverer: Option<Arc<dyn Recover>>,
    pub(super) rebalance_listener: Option<Arc<dyn RebalanceListener>>,
    pub(super) interceptors: Interceptors,
    pub(super) failure_hooks: FailureHooks,
    pub(super) layers: Layers,
    pub(super) propagation: Option<Arc<dyn Propagation>>,
    pub(super) metric_tags: MetricTags,
    /// What listeners may hold, where memory is bounded.
    pub(super) windows: Option<Windows>,
    pub(super) runtime: Handle,
}

impl Maker {
    /// Containers that do not run yet: the listener's, then those that read its retry topics.
    pub(super) fn containers(&self, mut plan: Plan) -> Result<Vec<ListenerContainer>, Error> {
        plan.endpoint.metric_tags = plan.endpoint.metric_tags.over(&self.metric_tags);
        let mut readers = readers(&plan.endpoint);
        if let Some(windows) = &self.windows {
            for reader in &mut readers {
                windows.bound(reader, Some(&plan.endpoint), &self.config)?;
            }
            windows.bound(&mut plan.endpoint, None, &self.config)?;
        }
        let deps = self.deps(&plan);
        let all = std::iter::once(plan.endpoint).chain(readers);
        Ok(all
            .map(|endpoint| ListenerContainer::new(endpoint, deps.clone()))
            .collect())
    }

    fn deps(&self, plan: &Plan) -> ContainerDeps {
        let own = plan.error_handler.clone();
        let fences = fences(plan, &self.template, &self.clock);
        ContainerDeps {
            fences: fences.clone(),
            warden: Warden::own(),
            clock: self.clock.clone(),
            states: Arc::clone(&self.states),
            error_handler: own
                .or_else(|| self.error_handler.clone())
                .unwrap_or_else(|| error_handler(plan)),
            recoverer: recoverer(
                plan,
                self.recoverer.clone(),
                &self.template,
                &self.clock,
                fences,
            ),
            rebalance_listener: self.rebalance_listener.clone(),
            interceptors: self.interceptors.clone(),
            failure_hooks: self.failure_hooks.clone(),
            layers: self.layers.clone(),
            propagation: self.propagation.clone(),
            namespace: self.config.kafka().namespaced("").into(),
            runtime: self.runtime.clone(),
        }
    }
}
