//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// Sends the 27,004 departures of January 2013 from New York to Kafka, handles them with annotated
/// listeners and prints a table by airline.
///
/// Without a Kafka of yours it starts a broker of its own. Settings are read from
/// `application.toml`; RUST_LOG chooses what is logged.
#[derive(Debug, Parser)]
#[command(max_term_width = 100, args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    /// Kafka to use instead of an embedded broker
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) bootstrap_servers: Option<String>,

    /// Stay up until SIGTERM or Ctrl-C; the embedded broker then runs in a process of its own,
    /// which outlives this one by a minute
    #[arg(long)]
    pub(crate) serve: bool,

    /// Give up when no flight has come to its end for so many seconds; `--serve` never does
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub(crate) patience: u64,

    /// Note what became of each flight in FILE; a later start with the same file goes on from there
    #[arg(long, value_name = "FILE")]
    pub(crate) journal: Option<PathBuf>,

    /// Where `--serve` notes its broker's address [default: beside the program]
    #[arg(long, value_name = "FILE", conflicts_with = "bootstrap_servers")]
    pub(crate) broker_file: Option<PathBuf>,

    #[command(subcommand)]
    pub(crate) chore: Option<Chore>,
}

/// What the program starts itself for.
#[derive(Debug, Subcommand)]
pub(crate) enum Chore {
    /// Be the broker of `--serve`
    #[command(hide = true)]
    Broker { file: PathBuf },
}
