//! What a broker is told at its start.

use std::time::Duration;

/// Settings of one broker; names and defaults are Apache Kafka's unless said otherwise.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Settings {
    /// `node.id`; default 0.
    pub(crate) node_id: i32,
    /// `auto.create.topics.enable`; default false, other than in Apache Kafka.
    pub(crate) auto_create_topics: bool,
    /// `num.partitions`; default 1.
    pub(crate) default_partitions: i32,
    /// `socket.request.max.bytes`; default 100 MiB.
    pub(crate) max_request_bytes: usize,
    /// `connections.max.idle.ms`; default 10 minutes.
    pub(crate) connections_max_idle: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            node_id: 0,
            auto_create_topics: false,
            default_partitions: 1,
            max_request_bytes: 100 * 1024 * 1024,
            connections_max_idle: Duration::from_secs(600),
        }
    }
}
