//! The Kafka that the service runs on: yours, or an embedded broker.

mod process;

use std::io;
use std::path::PathBuf;

use micro_kafka_broker::{Broker, StartError};

use crate::args::Args;

pub(crate) use process::run;

/// A broker that cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum BrokerError {
    #[error("the embedded broker does not start")]
    Start(#[from] StartError),
    #[error("the program does not know where it is stored")]
    Program(#[source] io::Error),
    #[error("the broker's process does not start: {0}")]
    Process(String),
    #[error("{} cannot be used for the broker's address; choose another --broker-file", .0.display())]
    File(PathBuf, #[source] io::Error),
}

/// Where the Kafka is.
#[derive(Debug)]
pub(crate) enum Kafka {
    /// Somewhere else: given by the user, or a process of its own.
    Elsewhere(String),
    /// In this process, which ends with it.
    Embedded(Broker),
}

impl Kafka {
    /// The Kafka that the command line asks for.
    pub(crate) async fn of(args: &Args) -> Result<Self, BrokerError> {
        match (&args.bootstrap_servers, args.serve) {
            (Some(servers), _) => Ok(Self::Elsewhere(servers.clone())),
            (None, true) => process::find_or_start(args.broker_file.as_deref())
                .await
                .map(Self::Elsewhere),
            (None, false) => Ok(Self::Embedded(Broker::builder().start().await?)),
        }
    }

    /// Where clients connect to.
    pub(crate) fn bootstrap_servers(&self) -> String {
        match self {
            Self::Elsewhere(servers) => servers.clone(),
            Self::Embedded(broker) => broker.bootstrap_servers(),
        }
    }
}
