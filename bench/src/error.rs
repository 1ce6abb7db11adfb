use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use rdkafka::error::KafkaError;

/// Why a benchmark could not be run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum BenchError {
    /// The broker or the client said no.
    #[error(transparent)]
    Kafka(#[from] KafkaError),
    /// Apache Kafka could not be started.
    #[error(transparent)]
    Apache(#[from] xtask::kafka::KafkaError),
    /// Nothing happened for too long.
    #[error("not done after {} s", .0.as_secs())]
    TooSlow(Duration),
    /// Records were not acknowledged.
    #[error("{0} records were not acknowledged")]
    Lost(u64),
    /// A thread of a side panicked.
    #[error("a thread of the side panicked")]
    Panicked,
    /// A process could not be started or read.
    #[error("a process could not be started or read: {0}")]
    Output(io::Error),
    /// What a side printed is no sample.
    #[error("the side printed no sample: {0}")]
    Sample(serde_json::Error),
    /// A side ended with a failure.
    #[error("side `{side}` ended with {status}")]
    Side {
        /// Its arguments.
        side: String,
        /// How it ended.
        status: ExitStatus,
    },
    /// A transaction was not committed.
    #[error("a transaction of the plain side was not committed")]
    Commit,
    /// A peer could not be built.
    #[error("{peer} could not be built: `{command}` ended with {status}")]
    Peer {
        /// Which one.
        peer: &'static str,
        /// What builds it.
        command: &'static str,
        /// How it ended.
        status: ExitStatus,
    },
    /// A topic could not be created or deleted.
    #[error("topic {topic}: {code}")]
    Topic {
        /// Its name.
        topic: String,
        /// What the broker answered.
        code: rdkafka::error::RDKafkaErrorCode,
    },
    /// The framework's side could not be run.
    #[error("micro-kafka: {0}")]
    Framework(Box<dyn std::error::Error + Send + Sync>),
    /// The embedded broker could not be started.
    #[error("the embedded broker could not be started: {0}")]
    Embedded(#[from] micro_kafka_broker::StartError),
}

macro_rules! framework {
    ($($error:ty),+) => {
        $(impl From<$error> for BenchError {
            fn from(error: $error) -> Self {
                Self::Framework(error.into())
            }
        })+
    };
}

framework!(
    micro_kafka::Error,
    micro_kafka::codec::DecodeError,
    micro_kafka::codec::EncodeError,
    micro_kafka::admin::AdminError,
    micro_kafka::client::ConfigError,
    micro_kafka::config::ConfigErrors,
    micro_kafka::template::KafkaError,
    micro_kafka::template::SendError
);
