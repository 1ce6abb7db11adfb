//! The service that is killed: four listeners, each with its own way of running, that note what
//! they do with each record.
//!
//! A record has its key, and as payload its number among those of its key.

mod service;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

/// A service whose processes are killed by a proof
#[derive(Debug, Parser)]
struct Args {
    /// Where the Kafka is
    #[arg(long)]
    bootstrap_servers: String,
    /// The file for what it does with each record; it must not exist
    #[arg(long)]
    history: PathBuf,
    /// Makes the mistakes that a proof has to find
    #[arg(long)]
    with_bugs: bool,
    /// Sends records to this topic without end
    #[arg(long)]
    sends_to: Option<String>,
}

#[tokio::main(worker_threads = 2)]
async fn main() -> ExitCode {
    match service::run(Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("proof service: {error:?}");
            ExitCode::FAILURE
        }
    }
}
