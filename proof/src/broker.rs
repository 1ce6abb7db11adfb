//! The embedded broker as a process of its own, which keeps its records on disk and ends by
//! `kill -9` only.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use micro_kafka_broker::{Broker, FlushPolicy};

/// A broker that is killed by a proof
#[derive(Debug, Parser)]
struct Args {
    /// Where it listens
    #[arg(long)]
    listen: String,
    /// Where its records are
    #[arg(long)]
    data_dir: PathBuf,
}

#[tokio::main(worker_threads = 2)]
async fn main() -> ExitCode {
    let args = Args::parse();
    micro_kafka::app::log_to_stderr("warn");
    let broker = Broker::builder()
        .listen(args.listen)
        .data_dir(args.data_dir)
        .flush(FlushPolicy::Every);
    match broker.start().await {
        Ok(_broker) => std::future::pending().await,
        Err(error) => {
            eprintln!("broker of a proof: {error}");
            ExitCode::FAILURE
        }
    }
}
