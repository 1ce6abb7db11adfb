//! The command line of the program.

mod args;
mod manual;
mod setup;
mod signals;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::io::Write as _;
use std::time::Duration;

use clap::{CommandFactory as _, FromArgMatches as _};
use micro_kafka_broker::{Broker, ConfigFileError, Loggers, StartError};

pub(crate) use args::Args;
use signals::Signals;

impl Args {
    /// Reads the command line; help, version and mistakes end the program.
    pub(crate) fn of_program() -> Self {
        let words: Vec<OsString> = std::env::args_os().collect();
        // The short help is a list, the long one a manual page.
        let page = words.iter().any(|word| word == "--help");
        let command = match page {
            true => manual::page(Self::command()),
            false => Self::command(),
        };
        let matches = command.get_matches_from(words);
        Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }

    /// Serves until a signal comes.
    pub(crate) fn run(self, loggers: Loggers) -> Result<(), Failure> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(Failure::Runtime)?;
        let builder = self.builder()?.loggers(loggers);
        let served = runtime.block_on(async {
            // Before the start, so that an early signal is not lost.
            let signals = Signals::new().map_err(Failure::Runtime)?;
            let broker = builder.start().await?;
            announce(&broker).map_err(Failure::Print)?;
            signals.received().await;
            broker.stop().await;
            Ok(())
        });
        runtime.shutdown_timeout(Duration::from_secs(1));
        served
    }
}

/// Tells on stdout that it is ready, and where: whoever started it waits for these lines.
fn announce(broker: &Broker) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", broker.bootstrap_servers())?;
    if let Some(http) = broker.http_address() {
        writeln!(out, "http://{http}")?;
    }
    out.flush()
}

/// Why the program ends with a failure, as it is shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("{}", with_source(.0))]
    Start(#[from] StartError),
    #[error("{}", with_source(.0))]
    ConfigFile(#[from] ConfigFileError),
    #[error("--advertised is given {advertised} times, --listen only {listen} times")]
    TooManyAdvertised { advertised: usize, listen: usize },
    #[error("the bootstrap address cannot be printed: {0}")]
    Print(std::io::Error),
    #[error("cannot run: {0}")]
    Runtime(std::io::Error),
}

fn with_source(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
