//! What all connections of a broker share.

use super::endpoint::Node;
use super::settings::Settings;
use crate::wire::Uuid;

/// One broker: its settings and its view of the cluster.
#[derive(Debug)]
pub(crate) struct BrokerState {
    settings: Settings,
    cluster_id: String,
    listeners: Vec<String>,
    nodes: Vec<Node>,
}

impl BrokerState {
    /// The state of a broker with these listeners, by name, in a cluster of these nodes.
    pub(super) fn new(settings: Settings, listeners: Vec<String>, nodes: Vec<Node>) -> Self {
        Self {
            settings,
            cluster_id: Uuid::random().to_string(),
            listeners,
            nodes,
        }
    }

    /// The settings it was started with.
    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// This broker's id.
    pub(crate) fn node_id(&self) -> i32 {
        self.settings.node_id
    }

    /// The cluster's id, random for each start.
    pub(crate) fn cluster_id(&self) -> &str {
        &self.cluster_id
    }

    /// The brokers of the cluster, by id.
    pub(crate) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The name of a listener.
    pub(super) fn listener_name(&self, listener: usize) -> &str {
        self.listeners.get(listener).map_or("?", String::as_str)
    }
}
