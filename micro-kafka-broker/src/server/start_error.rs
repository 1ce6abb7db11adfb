//! Brokers that do not start.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::config_file::unknown_name;
use crate::log::StorageError;
use crate::log::disk::DataDirError;
use crate::meta::{ConfigError, StoreError};

/// Why a broker could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// An address is none.
    #[error("`{given}` is no address to {purpose}: {reason} (example: 127.0.0.1:9092)")]
    BadAddress {
        /// What was given.
        given: String,
        /// What it was given for: `listen on` or `advertise`.
        purpose: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// An address was given for a listener that there is not.
    #[error("`{0}` is advertised, but no listener was named before it")]
    AdvertisedWithoutListener(String),
    /// Somebody listens there already.
    #[error("port {} is taken on {}: stop what listens there, or choose another port (0 takes any free one)", .0.port(), .0.ip())]
    PortTaken(SocketAddr),
    /// What an earlier start has left in the data directory cannot be removed.
    #[error("{} cannot be emptied", .dir.display())]
    Emptied {
        /// The directory.
        dir: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: String,
        /// What the system says.
        source: io::Error,
    },
    /// The HTTP port, which controls the broker, would be reachable from elsewhere.
    #[error("the http port must be on a loopback address, as 127.0.0.1:0; `{0}` is none")]
    HttpNotLoopback(String),
    /// A topic cannot be created.
    #[error("topic `{topic}` cannot be created: {reason}")]
    Topic {
        /// Its name.
        topic: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A configuration is refused.
    #[error("broker configuration is refused: {0}")]
    Config(String),
    /// The data directory cannot be used.
    #[error("{0}")]
    DataDir(String),
    /// There would be no broker.
    #[error("{0} brokers cannot be started: 1 is the least")]
    TooFewBrokers(u32),
    /// One of several brokers is to start, but all are down.
    #[error("broker {0} cannot start alone after a crash of all: `Broker::restart` starts them")]
    Down(i32),
    /// The broker's threads could not be started.
    #[error("the broker's threads cannot be started")]
    Threads(#[source] io::Error),
}

impl From<ConfigError> for StartError {
    fn from(error: ConfigError) -> Self {
        match error {
            ConfigError::Unknown { name, .. } => Self::Config(unknown_name(&name)),
            error => Self::Config(error.to_string()),
        }
    }
}

impl From<DataDirError> for StartError {
    fn from(error: DataDirError) -> Self {
        Self::DataDir(with_source(&error))
    }
}

impl From<StoreError> for StartError {
    fn from(error: StoreError) -> Self {
        Self::DataDir(with_source(&error))
    }
}

impl From<StorageError> for StartError {
    fn from(error: StorageError) -> Self {
        Self::DataDir(with_source(&error))
    }
}

fn with_source(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
