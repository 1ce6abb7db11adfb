//! Why a container cannot start.

use crate::client::ClientError;

/// A container that could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContainerError {
    /// A consumer could not be made.
    #[error("listener `{listener}`: its consumer cannot be made")]
    Client {
        /// The listener's id.
        listener: String,
        /// Why.
        #[source]
        source: ClientError,
    },
    /// The runtime has one thread.
    #[error(
        "listener `{listener}` needs a multi-thread runtime: write `#[tokio::main]`, or \
         `#[tokio::test(flavor = \"multi_thread\")]` in a test"
    )]
    CurrentThreadRuntime {
        /// The listener's id.
        listener: String,
    },
    /// It is running already.
    #[error("listener `{listener}` is running already")]
    AlreadyRunning {
        /// The listener's id.
        listener: String,
    },
    /// A transactional listener has nothing to make its transactions by.
    #[error(
        "listener `{listener}` is transactional, but there is no template that sends to a broker: \
         give its states a `KafkaTemplate`, not a recording one"
    )]
    NoTransactions {
        /// The listener's id.
        listener: String,
    },
    /// The operating system refused a thread.
    #[error("listener `{listener}`: no thread for a consumer")]
    Thread {
        /// The listener's id.
        listener: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}
