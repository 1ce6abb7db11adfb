//! Why a change is refused; texts are those that Kafka's tools show.

/// Why a topic cannot be created, deleted or grown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum CatalogError {
    /// The name is not allowed.
    #[error("{0}")]
    InvalidName(String),
    /// There is a topic of that name.
    #[error("Topic '{0}' already exists.")]
    Exists(String),
    /// There is no such topic.
    #[error("This server does not host this topic-partition.")]
    UnknownTopic,
    /// There is no topic with that id.
    #[error("This server does not host this topic ID.")]
    UnknownTopicId,
    /// The number of partitions is impossible.
    #[error("{0}")]
    InvalidPartitions(String),
    /// The replication factor is impossible.
    #[error("{0}")]
    InvalidReplicationFactor(String),
    /// The replica assignment is impossible.
    #[error("{0}")]
    InvalidAssignment(String),
    /// The request contradicts itself.
    #[error("{0}")]
    InvalidRequest(String),
    /// A configuration is refused.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

/// Why a configuration value is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ConfigError {
    /// There is no such configuration.
    #[error("Unknown {scope} config name: {name}")]
    Unknown {
        /// What it was given for: topic or broker.
        scope: &'static str,
        /// Its name.
        name: String,
    },
    /// The value is null where one is needed.
    #[error("Null value not supported for topic configs: {0}")]
    Null(String),
    /// Values that do not go together, or not with this broker.
    #[error("{0}")]
    Conflict(String),
    /// The value does not parse or is out of bounds.
    #[error("Invalid value {value} for configuration {name}: {reason}")]
    Invalid {
        /// The configuration's name.
        name: String,
        /// The value given.
        value: String,
        /// What is wrong and what is allowed.
        reason: String,
    },
}
