//! Whether a broker can do its work.

use hyper::StatusCode;
use serde::Serialize;

use crate::server::BrokerState;

/// A broker's state in short.
#[derive(Debug, Serialize)]
pub(crate) struct Health {
    status: &'static str,
    version: &'static str,
    node_id: i32,
    cluster_id: String,
    /// The addresses that clients are told.
    bootstrap_servers: Vec<String>,
    /// Whether groups and transactions are loaded.
    coordinators_loaded: bool,
    /// Partitions whose storage fails, as in `orders-0`.
    offline_partitions: Vec<String>,
}

impl Health {
    /// 200, or 503 where something is missing.
    pub(crate) fn status(&self) -> StatusCode {
        match self.status {
            "ok" => StatusCode::OK,
            _ => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// How the broker is.
pub(crate) fn health(broker: &BrokerState) -> Health {
    let groups = broker.groups().check_loaded(None).is_ok();
    let coordinators_loaded = groups && broker.transactions().check_loaded(None).is_ok();
    let image = broker.catalog().image();
    let mut offline_partitions = Vec::new();
    for topic in image.topics() {
        let partitions = broker.partitions().of_topic(topic.id);
        let offline = (0..)
            .zip(partitions)
            .filter(|(_, partition)| partition.glance().offline);
        offline_partitions.extend(offline.map(|(index, _): (i32, _)| {
            let name = &topic.name;
            format!("{name}-{index}")
        }));
    }
    let endpoints = broker.nodes().iter().flat_map(|node| &node.endpoints);
    Health {
        status: match (coordinators_loaded, offline_partitions.is_empty()) {
            (true, true) => "ok",
            (false, _) => "loading",
            (true, false) => "storage failure",
        },
        version: env!("CARGO_PKG_VERSION"),
        node_id: broker.node_id(),
        cluster_id: broker.cluster_id().to_owned(),
        bootstrap_servers: endpoints.map(ToString::to_string).collect(),
        coordinators_loaded,
        offline_partitions,
    }
}
