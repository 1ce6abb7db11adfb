//! The Kafka that the service runs on: yours, or an embedded broker.

mod process;

use std::io;
use std::path::PathBuf;

use micro_kafka_broker::{Broker, StartError};

use crate::args::Args;

pub(crate) use process::{BrokerProcess, run};

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
    /// The user's.
    Given(String),
    /// In a process of its own.
    Process(BrokerProcess),
    /// In this process, with which it ends.
    Embedded(Broker),
}

impl Kafka {
    /// The Kafka that the command line asks for.
    pub(crate) async fn of(args: &Args) -> Result<Self, BrokerError> {
        match (&args.bootstrap_servers, args.serve) {
            (Some(servers), _) => Ok(Self::Given(servers.clone())),
            (None, true) => Ok(Self::Process(
                BrokerProcess::find_or_start(args.broker_file.as_deref()).await?,
            )),
            (None, false) => Ok(Self::Embedded(Broker::builder().start().await?)),
        }
    }

    /// Whether it was started just now, and so has no records yet.
    pub(crate) fn is_new(&self) -> bool {
        match self {
            Self::Given(_) => false,
            Self::Process(process) => process.is_new,
            Self::Embedded(_) => true,
        }
    }

    /// Where clients connect to.
    pub(crate) fn bootstrap_servers(&self) -> String {
        match self {
            Self::Given(servers) => servers.clone(),
            Self::Process(process) => process.address.clone(),
            Self::Embedded(broker) => broker.bootstrap_servers(),
        }
    }
}
