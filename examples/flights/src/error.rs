//! Why the program ends with a failure.

use std::time::Duration;

use flights::csv::CsvError;
use flights::journal::JournalError;
use micro_kafka::admin::AdminError;
use micro_kafka::config::ConfigErrors;
use micro_kafka::template::SendError;

use crate::broker::BrokerError;

#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Error {
    #[error("the data that came with the program is damaged")]
    Data(#[from] CsvError),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error(transparent)]
    Broker(#[from] BrokerError),
    #[error(transparent)]
    Config(#[from] ConfigErrors),
    #[error(transparent)]
    App(#[from] micro_kafka::Error),
    #[error("topic `flights` cannot be created on {servers}; is there a Kafka?")]
    Topic {
        servers: String,
        #[source]
        source: AdminError,
    },
    #[error("the departures cannot be sent")]
    Send(#[from] SendError),
    #[error("{lost} flights have not come to their end, and none has for {patience:?}")]
    Lost { lost: usize, patience: Duration },
    #[error(
        "the broker that had the records of {0} flights is gone, and they with it: remove the journal to begin anew"
    )]
    Gone(usize),
    #[error("the result cannot be printed")]
    Print(#[source] std::io::Error),
}

impl Error {
    /// The message, followed by those of its causes.
    pub(crate) fn with_causes(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        text
    }
}
